"""Minutes of CloudWatch -> counters that only grow. Pure.

A load balancer sends its counts once a minute, some time after the minute is over, only while there are requests, and a
count of responses only where it is not zero. So a minute counts once it has settled: `lateness` seconds after its end,
by the clock of CloudWatch. In a minute that has a count of requests, another count that is missing is 0. A minute
without a count of requests is unknown, and counts when it comes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from slipway.rollout.metrics.base import Series

PERIOD = 60.0
"""Seconds of one count."""
KEPT = 15
"""Minutes, the newest of those that have settled: one that comes later than that is never counted."""


def settled_until(now: float, lateness: float) -> float:
    """The end of the newest minute that has settled; `now` is by the clock of CloudWatch."""
    return (now - lateness) // PERIOD * PERIOD


@dataclass(slots=True)
class Counted:
    """What was counted of one target group, or of the whole load balancer. A minute counts once, as it was when it was
    first seen settled."""

    total: float = 0.0
    good: float = 0.0
    until: float = 0.0
    """The end of the newest minute that has counted; 0 before the first."""
    seen: float = 0.0
    """The end of the newest minute that had requests, whether it has counted or not; 0 before the first."""
    settled: float = 0.0
    """The end of the newest minute that had settled when CloudWatch was last asked."""
    from_: float = 0.0
    """Earlier minutes were counted by another process."""
    _minutes: dict[float, float] = field(default_factory=dict)
    """Beginning -> requests, of those that were taken."""

    def add(
        self, requests: Mapping[float, float], good: Mapping[float, float], settled: float, since: float = 0
    ) -> None:
        """Minutes by their beginning (Unix seconds), as CloudWatch has them now. Those that began before `since` are
        taken, but do not count."""
        first = settled - KEPT * PERIOD
        for start, total in sorted(requests.items()):
            end = start + PERIOD
            if start < max(first, self.from_) or end > settled or start in self._minutes:
                continue
            self._minutes[start] = total
            self.seen = max(self.seen, end)
            if start >= since:
                self.total += total
                self.good += min(good.get(start, 0.0), total)
                self.until = max(self.until, end)
        self._minutes = {start: total for start, total in self._minutes.items() if start >= first}
        self.settled = max(self.settled, settled)

    def reached(self) -> list[float]:
        """What another process goes on with."""
        return [self.total, self.good, self.until, max(self.settled, self.from_)]

    @classmethod
    def after(cls, reached: Sequence[float]) -> Counted:
        """From where another process was. Raises ValueError or TypeError for what is something else."""
        total, good, until, settled = map(float, reached)
        return cls(total, good, until, from_=settled)

    def requests_of(self, start: float) -> float:
        """Requests of the minute that began then, 0 where it was not sent."""
        return self._minutes.get(start, 0.0)

    def series(self) -> Series:
        """The counters: what was not answered well is bad, be it that no answer came."""
        return Series(self.total, self.total - self.good, {}, self.good, self.until)
