"""The past of what serves, as ticks: from it the analysis learns whether bad events come in clusters. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from slipway.release.errors import ClusterError
from slipway.rollout.metrics.copies import emitter_of
from slipway.rollout.metrics.counters import effective_bound
from slipway.rollout.metrics.envoy import BOUND, CLUSTER, CODE, REQUESTS, SECONDS, bound_seconds

Ticks = list[list[tuple[int, int]]]
"""Per emitter, ticks of (total, bad)."""
SLOTS_MOST = 1_000_000
"""Ticks of one past; no question reaches that far back."""


@dataclass(frozen=True, slots=True)
class _Growth:
    """What one counter grew by, and when: (Unix seconds, events)."""

    emitter: str
    label: str
    steps: tuple[tuple[float, float], ...]
    first: float
    began_with: float


class History:
    """Range samples of one backend's counters, of one or of several Envoys. Raises ClusterError for what is no
    count."""

    def __init__(self, result: Iterable[Mapping[str, Any]], cluster: str) -> None:
        found = [one for one in result if one["metric"].get(CLUSTER) == cluster and one.get("values")]
        self._requests = _once(_growth(one, CODE) for one in found if one["metric"].get("__name__") == REQUESTS)
        self._seconds = _once(_growth(one, BOUND) for one in found if one["metric"].get("__name__") == SECONDS)

    def errors(self, length: float) -> Ticks:
        """Answers, and those of 5xx, in ticks of `length` seconds."""
        return _ticks(self._requests, [one for one in self._requests if one.label.startswith("5")], length)

    def slow(self, threshold: float, length: float) -> Ticks:
        """Answers, and those slower than the threshold. Raises ClusterError when no bound is that low."""
        bounds = {one.label: bound_seconds(one.label) for one in self._seconds}
        if not bounds:
            return []
        own = effective_bound(threshold, bounds.values())
        total = [one for one in self._seconds if bounds[one.label] == math.inf]
        return _ticks(total, total, length, minus=[one for one in self._seconds if bounds[one.label] == own])


def _growth(series: Mapping[str, Any], label: str) -> _Growth:
    metric = series["metric"]
    samples = [(float(at), float(value)) for at, value in series["values"]]
    # A counter that fell began anew: all of the new value happened since.
    steps = [(at, value - before if value >= before else value) for (_, before), (at, value) in pairwise(samples)]
    if not all(math.isfinite(value) for _, value in samples):
        raise ClusterError(f"{metric.get('__name__', '')} has a past value that is no count")
    return _Growth(emitter_of(metric), metric.get(label, ""), tuple(steps), samples[0][0], samples[0][1])


def _once(found: Iterable[_Growth]) -> list[_Growth]:
    """Series of one emitter that differ in other labels are copies (two jobs, two replicas of Prometheus): the longest
    counts, since events that are counted twice look like clusters of two."""
    longest: dict[tuple[str, str], _Growth] = {}
    for one in found:
        key = (one.emitter, one.label)
        if key not in longest or len(longest[key].steps) < len(one.steps):
            longest[key] = one
    return list(longest.values())


def _ticks(total: Sequence[_Growth], bad: Sequence[_Growth], length: float, minus: Sequence[_Growth] = ()) -> Ticks:
    everything = [*total, *bad, *minus]
    if not everything:
        return []
    began = {one.emitter: math.inf for one in everything}
    for one in everything:
        began[one.emitter] = min(began[one.emitter], one.first)
    start = min(began.values())
    end = max([one.first for one in everything] + [at for one in everything for at, _ in one.steps])
    slots = int((end - start) // length) + 1
    if slots > SLOTS_MOST:
        raise ClusterError(f"the past has samples {end - start:.0f} s apart, more than was asked for")
    found = {emitter: [[0.0, 0.0] for _ in range(slots)] for emitter in began}
    for column, counters, sign in ((0, total, 1.0), (1, bad, 1.0), (1, minus, -1.0)):
        for one in counters:
            # A counter that its emitter did not have before began at zero.
            late = ((one.first, one.began_with),) if one.first > began[one.emitter] else ()
            for at, events in (*late, *one.steps):
                found[one.emitter][int((at - start) // length)][column] += sign * events
    return [[_whole(*slot) for slot in ticks] for ticks in found.values()]


def _whole(total: float, bad: float) -> tuple[int, int]:
    whole = max(0, round(total))
    return whole, min(whole, max(0, round(bad)))
