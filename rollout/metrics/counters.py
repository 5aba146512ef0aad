"""From two looks at cumulative counters to the events in between. Pure.

Counters only grow, so a value that fell means that its emitter began anew: all of the new value happened since
(Prometheus' own rule, https://prometheus.io/docs/prometheus/latest/querying/functions/#increase, without its
extrapolation). What an emitter counted between its last look and its end is unknown, and is left out.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace

from release.errors import ClusterError
from release.units import show_seconds
from rollout.analysis.types import Counts, GuardrailCounts
from rollout.metrics.base import Reading, Series, Snapshot

NOTHING = Series(0.0, 0.0, {})


def deltas(before: Snapshot, after: Snapshot) -> dict[str, GuardrailCounts]:
    """Events between two looks, per guardrail. One that has no reading in either look has no counts.

    An emitter that is new counts from zero. So that one which was merely out of sight is not taken for new,
    hand in what `carry` made as `before`.
    """
    found = {}
    for name, reading in after.readings.items():
        former = before.readings.get(name)
        if former is None or name in after.errors:
            continue
        found[name] = GuardrailCounts(
            candidate=_side(former.candidate, reading.candidate),
            baseline=_side(former.baseline, reading.baseline),
            firing=reading.firing,
        )
    return found


def carry(before: Snapshot | None, after: Snapshot) -> Snapshot:
    """What the next look is compared with: `after`, and the last known values of every guardrail and emitter that
    it does not show. When they come back, all that they counted in the meantime is counted once."""
    if before is None:
        return after
    readings = dict(before.readings)
    for name, reading in after.readings.items():
        if name in after.errors:
            continue
        former = readings.get(name)
        readings[name] = reading if former is None else _merged(former, reading)
    return replace(after, readings=readings)


def effective_bound(threshold: float, bounds: Iterable[float]) -> float:
    """The bound of a histogram that stands for a threshold in seconds: itself, else the next lower one, so that
    whatever is slower than the threshold counts as slow, and some that is not. ClusterError when all are higher."""
    finite = sorted(bound for bound in bounds if math.isfinite(bound))
    # A bound in milliseconds that was divided may differ from the threshold in its last digit.
    fitting = [bound for bound in finite if bound <= threshold * (1 + 1e-9)]
    if not fitting:
        lowest = f"the lowest bound is {show_seconds(finite[0])}" if finite else "it has no bounds"
        raise ClusterError(
            f"the latency threshold {show_seconds(threshold)} cannot be read from the data plane's histogram: {lowest}"
        )
    return fitting[-1]


def bound_note(threshold: float, bounds: Iterable[float]) -> str | None:
    """One line when another bound stands for the threshold; None when it is exact."""
    bound = effective_bound(threshold, bounds)
    if math.isclose(bound, threshold, rel_tol=1e-9):
        return None
    return (
        f"the histogram has no bound at {show_seconds(threshold)}: "
        f"slower than {show_seconds(bound)} counts as slow, which is stricter"
    )


def _merged(before: Reading, after: Reading) -> Reading:
    return Reading({**before.candidate, **after.candidate}, {**before.baseline, **after.baseline}, after.firing)


def _side(before: Mapping[str, Series], after: Mapping[str, Series]) -> Counts:
    grown = [_grown(before.get(emitter, NOTHING), series) for emitter, series in after.items()]
    total = round(sum(series.total for series in grown))
    bad = min(total, round(sum(series.bad for series in grown)))
    return Counts(total, bad, *_histogram(grown, total))


def _grown(before: Series, after: Series) -> Series:
    """What one emitter counted since; any value that fell makes all of it new."""
    fell = (
        after.total < before.total
        or after.bad < before.bad
        or any(after.buckets.get(bound, 0.0) < count for bound, count in before.buckets.items())
    )
    start = NOTHING if fell else before
    buckets = {bound: count - start.buckets.get(bound, 0.0) for bound, count in after.buckets.items()}
    return Series(after.total - start.total, after.bad - start.bad, buckets)


def _histogram(grown: Iterable[Series], total: int) -> tuple[tuple[float, ...], tuple[int, ...]]:
    """Bounds that every emitter has, and how many were slower than each; never more than at a lower bound."""
    with_buckets = [series for series in grown if series.buckets]
    if not with_buckets:
        return (), ()
    common = set.intersection(*(set(series.buckets) for series in with_buckets))
    bounds = tuple(sorted(bound for bound in common if math.isfinite(bound)))
    slower: list[int] = []
    for bound in bounds:
        faster = sum(series.buckets[bound] for series in with_buckets)
        slower.append(max(0, min(total - round(faster), slower[-1] if slower else total)))
    return bounds, tuple(slower)
