"""The five measures of DORA from release records, each with the number of cases that it rests on. Pure.

What a measure counts is defined here and told in docs/records.md. A measure without a single case is unknown, never 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from slipway.release.manifest.base import FrozenModel
from slipway.release.records.release_record import Recorded

DAY = 86400.0


class Measure(FrozenModel):
    """One measure: `value` in `unit`, from `cases` of `of` that there were; None with the reason when it is unknown."""

    name: str
    value: float | None
    unit: str
    cases: int
    of: int
    unknown: str = ""


class Dora(FrozenModel):
    """All five over one window, in Unix seconds. It begins no earlier than the first record."""

    since: float
    until: float
    lead_time: Measure
    frequency: Measure
    recovery_time: Measure
    fail_rate: Measure
    rework_rate: Measure

    @property
    def measures(self) -> tuple[Measure, ...]:
        """In the order in which people read them."""
        return (self.lead_time, self.frequency, self.recovery_time, self.fail_rate, self.rework_rate)


def dora(records: Sequence[Recorded], since: float, until: float) -> Dora:
    """Over the rollouts that ended in the window; the records are those of one service, oldest first."""
    began = max(since, records[0].event.began) if records else since
    inside = [one for one in records if began <= one.event.ended <= until]
    return Dora(
        since=began,
        until=until,
        lead_time=_lead_time(inside),
        frequency=_frequency(inside, until - began),
        recovery_time=_recovery_time(records, inside),
        fail_rate=_fail_rate(records, inside),
        rework_rate=_rework_rate(inside),
    )


def deployments(records: Sequence[Recorded]) -> list[Recorded]:
    """Releases of something new that took over all the traffic."""
    return [one for one in records if one.event.ending == "committed"]


def exposed(records: Sequence[Recorded]) -> list[Recorded]:
    """Deployments, and what was aborted after users had reached it."""
    return [
        one
        for one in records
        if one.event.ending == "committed" or (one.event.ending == "aborted" and one.event.had_traffic)
    ]


def rollback_of(records: Sequence[Recorded], deployed: Recorded) -> Recorded | None:
    """The rollback that left this deployment, if that was the next thing that took over the traffic."""
    later = [one for one in records if one.anchor.seq > deployed.anchor.seq]
    following = next((one for one in later if one.event.ending in ("committed", "rolled-back")), None)
    return following if following is not None and following.event.ending == "rolled-back" else None


def _lead_time(inside: Sequence[Recorded]) -> Measure:
    """From a change's commit until its release served all users; the median over changes."""
    found: list[float] = []
    changes = 0
    for one in deployments(inside):
        release = one.event.release
        listed = release.scope.changes if release is not None else ()
        changes += len(listed)
        found += [one.event.ended - change.committed_at.timestamp() for change in listed if change.committed_at]
    why = "no change says committedAt" if changes else "no release with changes completed"
    return _measure("change lead time", _median(found), "seconds", (len(found), changes), why)


def _frequency(inside: Sequence[Recorded], window: float) -> Measure:
    count = len(deployments(inside))
    known = bool(inside) and window > 0
    value = count / max(window / DAY, 1.0) if known else None
    return _measure("deployment frequency", value, "a day", (count, len(inside)), "no release is recorded")


def _recovery_time(records: Sequence[Recorded], inside: Sequence[Recorded]) -> Measure:
    """From the first traffic of a failed release until another one had all of it; the median over failures."""
    failed = [one for one in exposed(inside) if _failed(records, one)]
    found: list[float] = []
    for one in failed:
        back = rollback_of(records, one)
        first = next((step.began for step in one.event.steps if step.weight > 0), one.event.began)
        ended = one.event.ended if one.event.ending == "aborted" else back.event.ended if back is not None else None
        found += [ended - first] if ended is not None else []
    return _measure(
        "failed deployment recovery time", _median(found), "seconds", (len(found), len(failed)), "no release failed"
    )


def _fail_rate(records: Sequence[Recorded], inside: Sequence[Recorded]) -> Measure:
    """Of the releases that users reached, those that were aborted or left by a rollback."""
    reached = exposed(inside)
    failed = sum(_failed(records, one) for one in reached)
    value = failed / len(reached) if reached else None
    return _measure("change fail rate", value, "share", (failed, len(reached)), "no release reached users")


def _rework_rate(inside: Sequence[Recorded]) -> Measure:
    """Of all that took over the traffic, what was not planned: hotfixes and rollbacks."""
    all_of_them = [one for one in inside if one.event.ending in ("committed", "rolled-back")]
    unplanned = sum(one.event.ending == "rolled-back" or is_hotfix(one) for one in all_of_them)
    value = unplanned / len(all_of_them) if all_of_them else None
    return _measure("deployment rework rate", value, "share", (unplanned, len(all_of_them)), "no release completed")


def is_hotfix(one: Recorded) -> bool:
    """Whether its manifest says so."""
    release = one.event.release
    if release is None:
        return False
    return release.hotfix is not None or any(change.kind == "hotfix" for change in release.scope.changes)


def _failed(records: Sequence[Recorded], one: Recorded) -> bool:
    return one.event.ending == "aborted" or rollback_of(records, one) is not None


def _median(values: Sequence[float]) -> float | None:
    return median(values) if values else None


def _measure(name: str, value: float | None, unit: str, cases: tuple[int, int], why: str) -> Measure:
    known = value is not None
    return Measure(
        name=name,
        value=round(value, 4) if value is not None else None,
        unit=unit,
        cases=cases[0],
        of=cases[1],
        unknown="" if known else why,
    )
