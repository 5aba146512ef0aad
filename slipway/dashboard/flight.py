"""A rollout in flight, of a service or of a flag's exposure, or one that ended a moment ago, as its viewers need it.
Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slipway.release.flags.attempts import Exposing
from slipway.release.manifest.plan import PlannedStep, name_of_step
from slipway.release.records.journal import Attempt, Outcome, StepRecord
from slipway.release.records.release_record import Recorded, Series
from slipway.release.units import Percent
from slipway.rollout.exposure_inspection import ExposureInspection
from slipway.rollout.inspection import Inspection

RECENT = 600.0
"""Seconds after its end in which a rollout is still shown in full."""


@dataclass(frozen=True, slots=True)
class StepState:
    """One step, `25%` or `mirror 100%` by its `name`: `state` is `done`, `current`, `failed` (it ended without the next
    one) or `planned`; `seconds` how long it has lasted, or is planned for at least."""

    name: str
    state: str
    seconds: float
    verdict: str = ""


@dataclass(frozen=True, slots=True)
class GuardrailState:
    """One guardrail after the last look. Evidence counts against the release and stops it at the threshold."""

    name: str
    verdict: str
    bad: int
    total: int
    baseline_bad: int
    baseline_total: int
    evidence: float
    threshold: float
    reason: str


@dataclass(frozen=True, slots=True)
class Flight:
    """`state` is `running`, `paused`, `silent` (its process does not renew the Lease) or how it ended: `committed`,
    `aborted`, `interrupted`. `left` and `left_in_all` are the seconds
    that the step, and the whole rollout, take at least; None where that is not known."""

    service: str
    id: str
    kind: str
    version: str
    revision: str
    before: str
    """Version that serves beside it; empty on a first release."""
    state: str
    verdict: str
    reason: str
    weight: Percent
    elapsed: float
    ended: float | None
    steps: tuple[StepState, ...]
    left: float | None
    left_in_all: float | None
    guardrails: tuple[GuardrailState, ...]
    looked: float | None
    """When the last look that is on record was, in Unix seconds."""
    notes: tuple[str, ...]
    by: str
    """Who runs it, and whether it renews its Lease."""
    series: Series

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self.state in ("running", "paused", "silent")

    @property
    def step(self) -> int:
        """The number of the step that it is in, counted from 1; 0 before the first."""
        return sum(one.state != "planned" for one in self.steps)


def flight_of(seen: Inspection, records: Sequence[Recorded], now: float) -> Flight | None:
    """The rollout that is in flight, or that ended at most RECENT seconds ago; None where there is none."""
    attempt = seen.head.attempt if seen.head is not None else None
    if attempt is None or (attempt.ended is not None and now - attempt.ended > RECENT):
        return None
    running = attempt.outcome is Outcome.RUNNING
    latest = seen.latest or {}
    left, left_in_all = _left(attempt.steps, attempt.planned, now) if running else (None, None)
    return Flight(
        service=seen.service,
        id=attempt.id,
        kind=attempt.kind,
        version=attempt.candidate.version,
        revision=attempt.candidate.revision,
        before=_before(seen, attempt, records),
        state=_state(seen, attempt),
        verdict=str(latest.get("verdict", "")) if running else "",
        reason=_reason(latest) if running else attempt.reason,
        weight=_weight(seen, attempt),
        elapsed=max(0.0, (now if running else attempt.ended or now) - attempt.began),
        ended=attempt.ended,
        steps=_steps(attempt, attempt.planned, now),
        left=left,
        left_in_all=left_in_all,
        guardrails=tuple(map(_guardrail, latest.get("findings", ()))),
        looked=attempt.began + float(latest["at"]) if "at" in latest else None,
        notes=tuple(note for note in (*attempt.notes, attempt.caveat) if note),
        by=str(seen.lease) if running else attempt.by,
        series=seen.series if running else _series(attempt, records),
    )


EXPOSURE = "exposure"
"""The kind of a flight that is no rollout of a service."""


def exposure_of(seen: ExposureInspection, now: float) -> Flight | None:
    """The exposure of a flag that is in flight, or that ended at most RECENT seconds ago; None where there is none."""
    last = seen.last
    if last is None or (last.ended is not None and now - last.ended > RECENT):
        return None
    latest = seen.latest or {}
    left, left_in_all = _left(last.steps, seen.planned, now) if last.running else (None, None)
    state = "running" if last.running and seen.lease.alive else "silent" if last.running else last.outcome.value
    return Flight(
        service=f"{seen.flags}/{seen.flag}",
        id=last.id,
        kind=EXPOSURE,
        version=last.variant,
        revision="",
        before=last.off,
        state=state,
        verdict=str(latest.get("verdict", "")) if last.running else "",
        reason=_reason(latest) if last.running else last.reason,
        weight=seen.percent,
        elapsed=max(0.0, (now if last.running else last.ended or now) - last.began),
        ended=last.ended,
        steps=_steps(last, seen.planned, now),
        left=left,
        left_in_all=left_in_all,
        guardrails=tuple(map(_guardrail, latest.get("findings", ()))),
        looked=last.began + float(latest["at"]) if "at" in latest else None,
        notes=(last.caveat,) if last.caveat else (),
        by=str(seen.lease) if last.running else last.by,
        series=seen.series,
    )


def _state(seen: Inspection, attempt: Attempt) -> str:
    if attempt.outcome is not Outcome.RUNNING:
        return attempt.outcome.value
    if seen.paused:
        return "paused"
    return "running" if seen.lease.alive else "silent"


def _before(seen: Inspection, attempt: Attempt, records: Sequence[Recorded]) -> str:
    """The version that is left, which serves no more once another was committed."""
    record = _record(attempt, records)
    if record is not None and record.event.leaves is not None:
        return record.event.leaves.version
    serving = seen.head.serving.backend if seen.head is not None and seen.head.serving is not None else None
    return serving.version if serving is not None and serving.revision != attempt.candidate.revision else ""


def _weight(seen: Inspection, attempt: Attempt) -> Percent:
    """What the route says, or the journal where there is no route."""
    if seen.live is not None:
        return seen.live.shares.get(attempt.candidate.entry, 0.0)
    return attempt.steps[-1].weight if attempt.steps else 0.0


def _steps(attempt: Attempt | Exposing, planned: Sequence[PlannedStep], now: float) -> tuple[StepState, ...]:
    done = [_begun(attempt, number, step, now) for number, step in enumerate(attempt.steps)]
    ahead = planned[len(done) :]
    return (*done, *(StepState(name_of_step(step.weight, step.mirror), "planned", step.bake) for step in ahead))


def _begun(attempt: Attempt | Exposing, number: int, step: StepRecord, now: float) -> StepState:
    last, running = number == len(attempt.steps) - 1, attempt.outcome is Outcome.RUNNING
    state = "done"
    if last and attempt.outcome is not Outcome.COMMITTED:
        state = "current" if running else "failed"
    ended = step.ended if step.ended is not None else attempt.ended if attempt.ended is not None else now
    name, lasted = name_of_step(step.weight, step.mirror), max(0.0, ended - step.began)
    return StepState(name, state, lasted, step.verdict if step.ended is not None else "")


def _left(steps: Sequence[StepRecord], planned: Sequence[PlannedStep], now: float) -> tuple[float | None, float | None]:
    """At least: a step that is undecided at its end is held for longer, and each waits for ready replicas."""
    if not planned:
        return None, None
    ahead = sum(step.bake for step in planned[len(steps) :])
    if not steps:
        return None, ahead
    left = _left_of(planned, steps, now)
    return left, (left or 0.0) + ahead


def _left_of(planned: Sequence[PlannedStep], steps: Sequence[StepRecord], now: float) -> float | None:
    if len(steps) > len(planned):
        return None
    return max(0.0, planned[len(steps) - 1].bake - (now - steps[-1].began))


def _guardrail(finding: Mapping[str, Any]) -> GuardrailState:
    return GuardrailState(
        name=str(finding["guardrail"]),
        verdict=str(finding["verdict"]),
        bad=int(finding["candidate_bad"]),
        total=int(finding["n"]),
        baseline_bad=int(finding["baseline_bad"]),
        baseline_total=int(finding["baseline_total"]),
        evidence=float(finding["statistic"]),
        threshold=float(finding["threshold"]),
        reason=str(finding.get("reason", "")),
    )


def _reason(latest: Mapping[str, Any]) -> str:
    """Why the last look judged so, and what could not be measured in it."""
    parts = [str(finding["reason"]) for finding in latest.get("findings", ()) if finding.get("reason")]
    parts += [f"{name}: {why}" for name, why in sorted(latest.get("errors", {}).items())]
    return str(latest.get("reason") or "; ".join(parts))


def _record(attempt: Attempt, records: Sequence[Recorded]) -> Recorded | None:
    return next((one for one in reversed(records) if one.event.rollout == attempt.id), None)


def _series(attempt: Attempt, records: Sequence[Recorded]) -> Series:
    record = _record(attempt, records)
    return record.event.series if record is not None else Series()
