"""Whether this process may still write: the fence against a process that held the Lease, was stopped, and woke up.

A process can be stopped at any instant (a suspended laptop, a frozen node) and go on much later, when another has
taken the Lease over. So every write asks here right before it is sent, after its own read: between the two lies a
compare-and-swap that fails when the new holder has written, and the new holder stamps the route first (Router.claim).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from slipway.release.errors import LeaseLost, LeaseStale
from slipway.release.units import show_seconds


def boot_clock() -> float:
    """Seconds since boot, suspension included, which CLOCK_MONOTONIC leaves out."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Fence:
    """The right to write, of one rollout in this process. `clock` is seconds that never jump and never stand still.

    The right ends by time alone: one Lease duration less `MARGIN` after the last successful renewal was *begun*. It
    comes back with the next renewal (`renewed`), unless another holder was seen (`lose`): that is for good.
    """

    MARGIN = 5.0
    """Seconds that a write which has passed `check` may take: longer than this it is cut off by its own timeout or
    fails by compare-and-swap."""

    def __init__(self, clock: Callable[[], float] = boot_clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._until: float | None = None
        self._renewed = 0.0
        self._lost: str | None = None
        self._why = ""
        self.writer = ""
        """The id of the attempt that writes; empty while no Lease is held."""

    def now(self) -> float:
        """By the fence's own clock."""
        return self._clock()

    def arm(self, writer: str) -> None:
        """The Lease is held by `writer` from now on; `renewed` says for how long."""
        with self._lock:
            self.writer, self._lost, self._until = writer, None, None

    def note_renewal(self, begun: float, duration: float) -> None:
        """A renewal that was begun at `begun` (see `now`) succeeded for `duration` seconds."""
        with self._lock:
            self._renewed, self._until, self._why = begun, begun + duration - self.MARGIN, ""

    def note_failure(self, why: str) -> None:
        """A renewal failed; `why` is reported once the right to write has ended."""
        with self._lock:
            self._why = why

    def lose(self, why: str) -> None:
        """Another holds the Lease, or it is gone."""
        with self._lock:
            self._lost = self._lost or why

    @property
    def lost(self) -> str | None:
        """Why the right to write ended for good; None while it did not."""
        return self._lost

    def check(self) -> None:
        """Return while writing is allowed. Raises LeaseLost or LeaseStale."""
        with self._lock:
            lost, until, since, why = self._lost, self._until, self._renewed, self._why
        if lost is not None:
            raise LeaseLost(lost)
        if until is None:
            raise LeaseLost("no Lease is held, so nothing may be written")
        if self._clock() > until:
            age = show_seconds(float(round(self._clock() - since)))
            because = why and f" ({why})"
            raise LeaseStale(
                f"the Lease could not be renewed for {age}{because}, so nothing may be written until it is"
            )


class _Unfenced(Fence):
    """Never refuses, and has no holder."""

    def arm(self, writer: str) -> None:
        """Nothing: it is shared."""

    def note_renewal(self, begun: float, duration: float) -> None:
        """Nothing."""

    def lose(self, why: str) -> None:
        """Nothing."""

    def check(self) -> None:
        """Return."""


UNFENCED = _Unfenced()
"""For tests of single adaptors and for those that only read."""
