"""From two looks at cumulative counters to the events in between. Pure.

Counters only grow, so a value that fell means that its emitter began anew: all of the new value happened since
(Prometheus' own rule, https://prometheus.io/docs/prometheus/latest/querying/functions/#increase, without its
extrapolation). An age that fell means the same. What an emitter counted between its last look and its end is unknown,
and is left out. What one shows when it is seen first is new only if it began after the first look, or was in sight
without it (slipway.rollout.metrics.emitters). A sample that is older than the one before is no new value at all: two
replicas of Prometheus that answer in turn are not in step.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace

from slipway.release.errors import ClusterError
from slipway.release.units import show_seconds
from slipway.rollout.analysis.types import Counts, GuardrailCounts
from slipway.rollout.metrics.base import Reading, Series, Snapshot
from slipway.rollout.metrics.emitters import Emitters

NOTHING = Series(0.0, 0.0, {})
OLDER_MOST = 60.0
"""Seconds by which replicas may be out of step. Further back it is their clock that was set, and the value is new."""


def deltas(before: Snapshot, after: Snapshot) -> dict[str, GuardrailCounts]:
    """Events between two looks, per guardrail. One that has no reading in either look has no counts.

    An emitter that is new counts from zero, one that is merely seen late from what it shows. So that one which was out
    of sight is taken for neither, hand in what `carry` made as `before`.
    """
    found = {}
    for name, reading in after.readings.items():
        former = before.readings.get(name)
        if former is None or name in after.errors:
            continue
        found[name] = GuardrailCounts(
            candidate=_side(former.candidate, reading.candidate, former.emitters, reading.emitters),
            baseline=_side(former.baseline, reading.baseline, former.emitters, reading.emitters),
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
    return replace(after, at=before.at if is_older(after.at, before.at) else after.at, readings=readings)


def counted(
    before: Mapping[str, Series], after: Mapping[str, Series], known: Emitters, seen: Emitters
) -> tuple[int, Mapping[str, Series]]:
    """Events of one side between two looks, and what the next look is compared with: `deltas` and `carry` of it. The
    emitters are `known` by the looks so far, and `seen` in this one."""
    return _side(before, after, known, seen).total, _newest(before, after)


def is_older(at: float, before: float) -> bool:
    """Whether a sample of `at` was taken before one of `before` was, by clocks that were not set in between."""
    return before - OLDER_MOST <= at < before


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
    return Reading(
        _newest(before.candidate, after.candidate),
        _newest(before.baseline, after.baseline),
        after.firing,
        emitters=before.emitters.joined(after.emitters),
    )


def _newest(before: Mapping[str, Series], after: Mapping[str, Series]) -> dict[str, Series]:
    return {**before, **{emitter: _newer(before.get(emitter), series) for emitter, series in after.items()}}


def _newer(before: Series | None, after: Series) -> Series:
    """What the next look is compared with: `bad` as high as it ever was, so that what falls and rises again with the
    events under way is not counted again."""
    if before is None or _fell(before, after):
        return after
    if is_older(after.at, before.at):
        return before
    return replace(after, bad=max(before.bad, after.bad))


def _side(before: Mapping[str, Series], after: Mapping[str, Series], known: Emitters, seen: Emitters) -> Counts:
    grown = [
        _grown(_start(emitter, before.get(emitter), series, known, seen), series) for emitter, series in after.items()
    ]
    total = round(sum(series.total for series in grown))
    bad = min(total, round(sum(series.bad for series in grown)))
    return Counts(total, bad, *_histogram(grown, total))


def _start(emitter: str, before: Series | None, after: Series, known: Emitters, seen: Emitters) -> Series:
    """What the growth of one emitter is counted from."""
    if before is None:
        return NOTHING if known.is_new(emitter, seen) else after
    anew = not is_older(after.at, before.at) and known.restarted(emitter, before.at, seen)
    return NOTHING if anew else before


def _grown(before: Series, after: Series) -> Series:
    """What one emitter counted since; any counter that fell makes all of it new."""
    start = NOTHING if _fell(before, after) else before
    if is_older(after.at, start.at):
        return Series(0.0, 0.0, dict.fromkeys(after.buckets, 0.0))
    buckets = {bound: count - start.buckets.get(bound, 0.0) for bound, count in after.buckets.items()}
    return Series(after.total - start.total, max(0.0, after.bad - start.bad), buckets)


def _fell(before: Series, after: Series) -> bool:
    """Whether the emitter began anew."""
    if is_older(after.at, before.at):
        return False
    counted = after.bad < before.bad if after.good is None else after.good < (before.good or 0.0)
    return (
        after.total < before.total
        or counted
        or any(after.buckets.get(bound, 0.0) < count for bound, count in before.buckets.items())
    )


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
