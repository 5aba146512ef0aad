"""The five measures of DORA from release records, each with the number of cases that it rests on. Pure.

What a measure counts is defined here, what counts as a release in `releases`, and both are told in docs/records.md. A
measure without a single case is unknown, never 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

from slipway.release.manifest.base import FrozenModel
from slipway.release.records.chain import Line
from slipway.release.records.release_record import Recorded
from slipway.release.records.releases import (
    deployments,
    exposed,
    failed,
    is_hotfix,
    releases,
    returned_by_watch,
    rollback_of,
    took_over,
)

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


def dora(records: Sequence[Recorded], since: float, until: float, lines: Sequence[Line] = ()) -> Dora:
    """Over the rollouts that ended in the window; the records are those of one service, oldest first, and `lines` its
    whole chain, which says what the watch after 100% took back."""
    returned = returned_by_watch(lines)
    began = max(since, records[0].event.began) if records else since
    inside = [one for one in releases(records) if began <= one.event.ended <= until]
    return Dora(
        since=began,
        until=until,
        lead_time=_lead_time(inside),
        frequency=_frequency(inside, until - began),
        recovery_time=_recovery_time(records, inside, returned),
        fail_rate=_fail_rate(records, inside, returned),
        rework_rate=_rework_rate(inside, sum(began <= at <= until for at in returned.values())),
    )


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


def _recovery_time(records: Sequence[Recorded], inside: Sequence[Recorded], returned: Mapping[str, float]) -> Measure:
    """From the first traffic of a failed release until another one had all of it; the median over failures."""
    failures = [one for one in exposed(inside) if failed(records, one, returned)]
    found: list[float] = []
    for one in failures:
        back = rollback_of(records, one)
        first = next((step.began for step in one.event.steps if step.weight > 0), one.event.began)
        left = back.event.ended if back is not None else returned.get(one.event.rollout)
        ended = one.event.ended if one.event.ending == "aborted" else returned.get(one.event.rollout, left)
        found += [ended - first] if ended is not None else []
    return _measure(
        "failed deployment recovery time", _median(found), "seconds", (len(found), len(failures)), "no release failed"
    )


def _fail_rate(records: Sequence[Recorded], inside: Sequence[Recorded], returned: Mapping[str, float]) -> Measure:
    """Of the releases that users reached, those that were aborted, taken back by their watch, or left by a rollback."""
    reached = exposed(inside)
    failures = sum(failed(records, one, returned) for one in reached)
    value = failures / len(reached) if reached else None
    return _measure("change fail rate", value, "share", (failures, len(reached)), "no release reached users")


def _rework_rate(inside: Sequence[Recorded], by_watch: int) -> Measure:
    """Of all that took over the traffic, what was not planned: hotfixes and rollbacks, those `by_watch` too."""
    done = [one for one in inside if took_over(one)]
    unplanned = sum(one.event.ending == "rolled-back" or is_hotfix(one) for one in done) + by_watch
    count = len(done) + by_watch
    value = unplanned / count if count else None
    return _measure("deployment rework rate", value, "share", (unplanned, count), "no release completed")


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
