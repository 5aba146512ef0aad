"""What has to hold before a release may be closed: each point with what was found. Pure.

What is not known does not hold: a release without evidence of a drill or without a review stays open.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from slipway.release.manifest.base import FrozenModel
from slipway.release.manifest.release import Release
from slipway.release.records.release_record import GuardrailSeries, Recorded
from slipway.release.records.releases import rollback_of
from slipway.release.report.words import counted, total_of
from slipway.release.review.model import Review

DRILLED = ("drill", "staging")
"""Gates that hold the procedures to recent receipts: rollback and deploy."""


class CheckLine(FrozenModel):
    """One point of the checklist."""

    name: str
    holds: bool
    found: str


@dataclass(frozen=True, slots=True)
class Owned:
    """What is known of the alarms of a service: how many there are, and what is wrong with their owners and routes.
    `alarms` is None where the stack names no files of them."""

    alarms: int | None
    problems: tuple[str, ...] = ()


def checklist(one: Recorded, records: Sequence[Recorded], review: Review | None, owned: Owned) -> tuple[CheckLine, ...]:
    """All points, whether they hold or not."""
    release = one.event.release
    return tuple(
        CheckLine(name=name, holds=holds, found=found)
        for name, (holds, found) in (
            ("over", _over(one, records)),
            ("procedures tested recently", _procedures(one)),
            ("alarms owned and routed", _alarms(owned)),
            ("SLO impact acceptable", _impact(one)),
            ("migrations reversible or compensated", _migrations(release)),
            ("review done", _review(review)),
        )
    )


Point = tuple[bool, str]


def _over(one: Recorded, records: Sequence[Recorded]) -> Point:
    event = one.event
    if event.ending == "refused":
        return False, "it was refused, there is nothing to close"
    back = rollback_of(records, one) if event.ending == "committed" else None
    if back is not None:
        return True, f"completed, and rolled back to {back.record.subject.version} later"
    return True, event.ending


def _procedures(one: Recorded) -> Point:
    gates = one.event.gates
    if gates is None or gates.outcome not in ("passed", "settled"):
        return False, f"the gates' outcome is {gates.outcome if gates is not None else 'unknown'}"
    missing = [name for name in DRILLED if name not in gates.gates]
    let_pass = [text for text in (*gates.advisory, *(e.get("finding", "") for e in gates.exempted))
                if text.partition("/")[0] in DRILLED]  # fmt: skip
    if missing or let_pass:
        return False, "; ".join([*(f"the gate {name} was not asked" for name in missing), *let_pass])
    drills = [line for line in one.event.evidence if line.kind == "drill"]
    if not drills:
        return False, "no receipt of a drill is among the evidence; `slipway drill rollback` makes one"
    told = [f"{line.said or line.path} ({(line.at or 'undated')[:10]})" for line in drills]
    return True, f"the gates {' and '.join(DRILLED)} passed: {'; '.join(told)}"


def _alarms(owned: Owned) -> Point:
    if owned.alarms is None:
        return False, "the stack names no alarms (releases:slos), so who is called is unknown"
    if owned.problems:
        return False, "; ".join(owned.problems)
    return (owned.alarms > 0), f"{owned.alarms} alarm(s) with an owner and a route"


def _impact(one: Recorded) -> Point:
    """Bad events of the new version while it was measured, against what its guardrails declare."""
    event = one.event
    if event.course == "rollback":
        return True, "a return to what had completed before, not measured again"
    measured = [guardrail for guardrail in event.series.guardrails if total_of(guardrail.total)]
    if not measured:
        return False, "nothing was measured"
    told = "; ".join(f"{g.name}: {counted(total_of(g.bad), total_of(g.total), 'events')}" for g in measured)
    crossed = [guardrail.name for guardrail in measured if _crossed(guardrail)]
    if event.ending == "committed" and crossed:
        return False, f"{', '.join(crossed)} crossed the threshold; {told}"
    return True, told


def _crossed(guardrail: GuardrailSeries) -> bool:
    pairs = zip(guardrail.evidence, guardrail.threshold, strict=True)
    return any(e is not None and t is not None and 0 < t <= e for e, t in pairs)


def _migrations(release: Release | None) -> Point:
    if release is None:
        return False, "the record has no manifest"
    bare = [migration.id for migration in release.migrations if not (migration.down or migration.compensation)]
    if bare:
        return False, f"{', '.join(bare)}: neither a way down nor a compensation"
    return True, f"{len(release.migrations)} migration(s)" if release.migrations else "no migration"


def _review(review: Review | None) -> Point:
    if review is None:
        return False, "there is no review; `slipway review RELEASE` writes one"
    left = list(_left(review))
    return (not left), "; ".join(left) if left else f"{len(review.items)} item(s) done"


def _left(review: Review) -> Iterator[str]:
    for item in review.items:
        if item.done is None and item.priority != "low":
            yield f"open: {item.what} ({item.owner}, due {item.due.isoformat()})"
