"""Minutes of CloudWatch -> counters that only grow. Pure.

A load balancer sends its counts once a minute, some time after the minute is over, only while there are requests, and a
count of responses only where it is not zero. So a minute counts once it has settled: `lateness` seconds after its end,
by the clock of CloudWatch. In a minute that has a count of requests, another count that is missing is 0. A minute
without a count of requests is unknown, and counts when it comes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from slipway.rollout.metrics.base import Series

PERIOD = 60.0
"""Seconds of one count."""
KEPT = 15
"""Minutes, the newest of those that have settled: one that comes later than that is never counted."""


@dataclass(frozen=True, slots=True)
class Minute:
    """Requests of one minute, and those that were answered well."""

    total: float
    good: float


def settled_until(now: float, lateness: float) -> float:
    """The end of the newest minute that has settled; `now` is by the clock of CloudWatch."""
    return (now - lateness) // PERIOD * PERIOD


@dataclass(slots=True)
class Counted:
    """What was counted of one target group. A minute counts once, as it was when it was first seen settled."""

    total: float = 0.0
    good: float = 0.0
    until: float = 0.0
    """The end of the newest minute that has counted; 0 before the first."""
    _minutes: set[float] = field(default_factory=set)

    def add(self, requests: Mapping[float, float], good: Mapping[float, float], settled: float) -> None:
        """Minutes by their beginning (Unix seconds), as CloudWatch has them now."""
        first = settled - KEPT * PERIOD
        for start, total in sorted(requests.items()):
            end = start + PERIOD
            if start < first or end > settled or start in self._minutes:
                continue
            self._minutes.add(start)
            self.total += total
            self.good += min(good.get(start, 0.0), total)
            self.until = max(self.until, end)
        self._minutes = {start for start in self._minutes if start >= first}

    def series(self) -> Series:
        """The counters: what was not answered well is bad, be it that no answer came."""
        return Series(self.total, self.total - self.good, {}, self.good, self.until)
