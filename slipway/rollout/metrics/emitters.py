"""When the processes behind the counters began, so that one that is seen late is told from one that is new. Pure.

All times of one look, and those that it is compared with, are by one clock: that of who took the samples.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

GAUGE_LAG = 6.0
"""Seconds by which the gauge of an Envoy's age is behind at most: it is set when the statistics are flushed, every five
seconds by default, and in whole seconds (https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/statistics)."""
RESTART = 10.0
"""A process began anew when its beginning moved by more seconds than this. Less is the gauge, or two scrapers."""


@dataclass(frozen=True, slots=True)
class Emitters:
    """The emitters that were in sight, whether a guardrail has a series of them or not; those of a source that cannot
    tell when they began are left out."""

    at: float = 0.0
    """Unix seconds of the newest sample of the first look; 0 when there was none."""
    not_before: Mapping[str, float] = field(default_factory=dict)
    """Emitter -> its process began then or later (Unix seconds); 0 where nothing is known."""

    def joined(self, later: Emitters) -> Emitters:
        """These, and those of a later look."""
        return Emitters(self.at or later.at, {**self.not_before, **later.not_before})

    def is_new(self, emitter: str, seen: Emitters) -> bool:
        """Whether all that a series has counted, which is `seen` for the first time, was counted since the first look:
        its emitter was in sight without it, or began since then, or nothing is told of it."""
        if emitter in self.not_before or emitter not in seen.not_before:
            return True
        return seen.not_before[emitter] >= self.at

    def restarted(self, emitter: str, at: float, seen: Emitters) -> bool:
        """Whether another process counts than the one of the sample that was taken `at`."""
        former, now = self.not_before.get(emitter), seen.not_before.get(emitter)
        if former is None or now is None or at <= 0:
            return False
        # A clock of the emitter's host that was set makes an old process younger, but not as young as that.
        return now - former > RESTART and now >= at - RESTART


def not_before(at: float, age: float | None, absent_at: float | None) -> float | None:
    """A time before which a process did not begin: by its age in a sample taken `at`, and by a time at which it was not
    there. None when neither is told."""
    if age is None:
        return absent_at
    by_age = at - age - GAUGE_LAG
    # What was merely not listed may be older than that.
    return by_age if absent_at is None else min(max(absent_at, by_age), at - age)


class Listed:
    """The processes that were ever listed, and for each a time at which it was not there: 0 for those of the first
    list."""

    def __init__(self) -> None:
        self._absent_at: dict[str, float] = {}
        self._asked = 0.0

    def take(self, names: Iterable[str], asked: float) -> None:
        """One list of all processes that there are, which was asked for at `asked`."""
        for name in names:
            self._absent_at.setdefault(name, self._asked)
        self._asked = asked

    def absent_at(self, name: str) -> float:
        """A time before it began, as far as the lists tell."""
        return self._absent_at.get(name, 0.0)
