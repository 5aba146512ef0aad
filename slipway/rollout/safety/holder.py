"""Whether a process keeps a Lease alive, as seen from outside: by watching for its renewals."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

from slipway.release.units import show_seconds
from slipway.rollout.platforms.base import Lease
from slipway.rollout.safety.heartbeat import RENEW_EVERY

WATCH = 2 * RENEW_EVERY + 0.5
"""Seconds after which a Lease that was not renewed counts as silent: two renewals were due."""
POLL = 0.25


@dataclass(frozen=True, slots=True)
class Holding:
    """A Lease as it was watched: `free`, `renewed` by a living holder, `silent`, or `expired`. `age` in seconds."""

    state: Literal["free", "renewed", "silent", "expired"]
    holder: str = ""
    age: float = 0.0

    @property
    def alive(self) -> bool:
        """Whether a process holds it and goes on."""
        return self.state == "renewed"

    def __str__(self) -> str:
        if self.state == "free":
            return "free"
        what = {"renewed": "renewed", "silent": "not renewed", "expired": "expired, not renewed"}[self.state]
        since = "now" if self.alive else f"for {show_seconds(float(round(self.age)))}"
        return f"held by {self.holder}, {what} {since}"


def watch_lease(
    lease: Lease, seconds: float = WATCH, *, patient: bool = False, pause: Callable[[float], object] = time.sleep
) -> Holding:
    """Whether a Lease is kept alive, watching for so long at most. One that was renewed a moment ago by our clock
    counts at once, unless `patient`: then only a renewal that is seen does."""
    first = state = lease.read()
    if first is None:
        return Holding("free")
    if not patient and 0 <= first.age <= RENEW_EVERY:
        return Holding("renewed", first.holder, first.age)
    for _ in range(round(seconds / POLL)):
        if state is None or state.expired:
            break
        pause(POLL)
        state = lease.read()
        if state is not None and (state.renewed, state.holder) != (first.renewed, first.holder):
            return Holding("renewed", state.holder, state.age)
    if state is None:
        return Holding("free")
    return Holding("expired" if state.expired else "silent", state.holder, state.age)


class Onlooker:
    """Whether a Lease is kept alive, for those who look at it again and again: each look is one read and waits for
    nothing. A renewal that is seen counts for `WATCH` seconds; `elapsed` is a clock that does not jump."""

    def __init__(self, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._elapsed = elapsed
        self._last: tuple[float, str] | None = None
        self._changed: float | None = None

    def look(self, lease: Lease) -> Holding:
        """The Lease as it is now. Raises ClusterError."""
        state = lease.read()
        if state is None:
            self._last = self._changed = None
            return Holding("free")
        now, last = self._elapsed(), (state.renewed, state.holder)
        if self._last is None:
            self._changed = now if 0 <= state.age <= RENEW_EVERY else None
        elif last != self._last:
            self._changed = now
        self._last = last
        if self._changed is not None and now - self._changed <= WATCH:
            return Holding("renewed", state.holder, now - self._changed)
        return Holding("expired" if state.expired else "silent", state.holder, max(0.0, state.age))


def watch_leases(leases: Iterable[Lease]) -> list[Holding]:
    """Each of them, patiently and at the same time."""
    every = list(leases)
    with ThreadPoolExecutor(max_workers=max(1, min(16, len(every)))) as pool:
        return list(pool.map(lambda lease: watch_lease(lease, patient=True), every))
