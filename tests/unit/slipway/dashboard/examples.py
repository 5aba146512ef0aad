"""Targets as they might have been read."""

from __future__ import annotations

from typing import Any

from slipway.release.flags.attempts import Exposing
from slipway.release.manifest.plan import PlannedStep
from slipway.release.records.chain import Anchor
from slipway.release.records.journal import Head, Outcome, StepRecord
from slipway.release.records.release_record import GuardrailSeries, Recorded, ReleaseRecord, RolloutEvent, Series
from slipway.release.records.released import ReleasedVersion
from slipway.release.records.watch import WatchEntry, WatchPhase
from slipway.release.target import KubernetesTarget
from slipway.rollout.exposure_inspection import ExposureInspection
from slipway.rollout.inspection import Inspection
from slipway.rollout.overview import Seen, ServiceRecords, TargetView
from slipway.rollout.platforms.base import Readiness
from slipway.rollout.safety.holder import Holding
from slipway.rollout.watching.document import LastLook, WatchDocument
from tests.unit.slipway.cli.examples import NOW, attempt, backend, head, live
from tests.unit.slipway.rollout.examples import wanted

TARGET = KubernetesTarget(namespace="shop")
PLANNED = (PlannedStep(5.0, 30.0), PlannedStep(25.0, 60.0), PlannedStep(100.0, 90.0))
FIRST = StepRecord(weight=5, began=NOW - 40, ended=NOW - 10, requests=200, errors=1, verdict="PASS")
STEPS = (FIRST, StepRecord(weight=25, began=NOW - 10))
FINDING: dict[str, Any] = {
    "guardrail": "errors",
    "verdict": "INCONCLUSIVE",
    "statistic": 10.0,
    "threshold": 100.0,
    "n": 200,
    "candidate_bad": 4,
    "baseline_total": 600,
    "baseline_bad": 1,
    "reason": "errors: 4 of 200",
}
LATEST: dict[str, Any] = {"at": 40.0, "verdict": "INCONCLUSIVE", "findings": [FINDING], "errors": {}}
SERIES = Series(
    at=(1.0, 2.0),
    weight=(5.0, 25.0),
    guardrails=(
        GuardrailSeries(
            name="errors", kind="error-ratio", bad=(0, 4), total=(100, 100), baseline_bad=(0, 1),
            baseline_total=(300, 300), evidence=(1.0, 10.0), threshold=(100.0, 100.0),
        ),
    ),
)  # fmt: skip


def in_flight(**changes: Any) -> Inspection:
    """Checkout goes from version-a to version-b and is at 25%."""
    values: dict[str, Any] = {
        "head": head(attempt=attempt(steps=STEPS, planned=PLANNED)),
        "live": live(a=75.0, b=25.0),
        "lease": Holding("renewed", "runner-1", 1.0),
        "latest": LATEST,
        "series": SERIES,
        "now": NOW,
        "readiness": Readiness(3, 3, 3, 0, image=backend("a").image),
    }
    return Inspection(service="checkout", namespace="shop", **{**values, **changes})


def exposure(**changes: Any) -> ExposureInspection:
    """The flag pay goes from off to on and is at 25% of the users."""
    last: dict[str, Any] = {
        "id": "e1", "flag": "pay", "variant": "on", "off": "off", "salt": "s", "base": 0.0, "outcome": Outcome.RUNNING,
        "began": NOW - 42, "steps": STEPS,
    }  # fmt: skip
    known = {key: changes.pop(key) for key in [*changes] if key in Exposing.model_fields}
    values: dict[str, Any] = {
        "percent": 25.0, "lease": Holding("renewed", "runner-1", 1.0), "planned": PLANNED, "latest": LATEST,
        "series": SERIES,
    }  # fmt: skip
    exposing = Exposing.model_validate({**last, **known}, by_name=True)
    return ExposureInspection(**{"flags": "shop", "flag": "pay", "last": exposing, **values, **changes})


def ended(outcome: Outcome, reason: str = "", after: float = 5.0, **changes: Any) -> Head:
    """Its rollout ended so many seconds ago."""
    steps = (FIRST, STEPS[1].model_copy(update={"ended": NOW - after, "verdict": "FAIL"}))
    return head(
        attempt=attempt(outcome=outcome, reason=reason, ended=NOW - after, steps=steps, planned=PLANNED, **changes)
    )


def settled(**changes: Any) -> Inspection:
    values: dict[str, Any] = {"head": head(), "live": live(a=100.0), "lease": Holding("free"), "latest": None}
    return in_flight(**{**values, "series": Series(), **changes})


def view(found: Inspection | None = None, name: str = "staging", **changes: Any) -> TargetView:
    """A target with one service that was read just now."""
    values: dict[str, Any] = {"services": Seen(("checkout",), NOW)}
    if found is not None:
        values["inspections"] = {"checkout": Seen(found, NOW)}
    return TargetView(name, TARGET, **{**values, **changes})


def recorded(number: int = 3, rollout: str = "r0", **changes: Any) -> Recorded:
    """The record of a rollout of checkout that was aborted."""
    event = RolloutEvent(
        rollout=rollout, ending="aborted", strategy="canary", began=NOW - 900, ended=NOW - 800, reason="5% errors",
        series=SERIES,
    )  # fmt: skip
    subject = ReleasedVersion(revision="c" * 8, version="version-c", image="", manifest="c.yaml")
    values = {"by": "someone", "stack": "shop/staging", "target": "shop", "service": "checkout", "at": NOW - 799}
    record = ReleaseRecord(**{**values, "subject": subject, "digest": "sha256:" + "c" * 64, "event": event, **changes})
    return Recorded(anchor=Anchor(seq=number, hash="0" * 64), record=record)


def kept(*rollouts: Recorded) -> ServiceRecords:
    """The records of a service, as far as they are of rollouts."""
    return ServiceRecords((), rollouts)


def watched(phase: WatchPhase = WatchPhase.OPEN, beat: float = NOW - 2, **changes: Any) -> Inspection:
    """Checkout's version-a has taken all the traffic ten minutes ago and is watched for an hour."""
    watch = WatchEntry(
        id="r1-watch", phase=phase, backend=backend("a"), manifest="a.yaml", opened=NOW - 600, seconds=3600.0, **changes
    )
    said = WatchDocument(
        wanted=wanted(), watch="r1-watch", by="runner-2", beat=beat,
        last=LastLook(standing="open", reason="errors: 3 of 1000", statistic=10.0, threshold=100.0),
    )  # fmt: skip
    return settled(head=head(watch=watch), evidence=said)
