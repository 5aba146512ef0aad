"""Keeps the failure of one rollout back while the others of the same update go on.

After a failed step the engine begins no other one, unless it was told to continue on errors: a service that is refused
in the first second would keep all services from their rollout that have not begun. So the failure is answered when no
rollout of this process is in flight and the engine has asked nothing for a while.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

QUIET = 5.0
"""Seconds without any call of the engine after which no further rollout is expected to begin."""
LONGEST = 12 * 3600.0
"""Seconds after which a failure is answered whatever else goes on."""


class HoldBack:
    """Knows which calls of the engine are being answered, and lets those that failed wait for the others.

    `clock` is seconds that never jump."""

    def __init__(
        self, quiet: float = QUIET, longest: float = LONGEST, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._quiet = quiet
        self._longest = longest
        self._clock = clock
        self._changed = threading.Condition()
        self._calls = 0
        self._last = clock()
        self._released = 0

    @contextmanager
    def call(self) -> Iterator[None]:
        """One call of the engine, for the length of the block."""
        self._count(1)
        try:
            yield
        finally:
            self._count(-1)

    @property
    def busy(self) -> bool:
        """Whether more than the asking call is being answered, or another was a moment ago."""
        with self._changed:
            return self._calls > 1 or self._rest(self._clock()) > 0

    def wait(self) -> None:
        """Called within `call` by one that failed: return when its failure may be answered."""
        began, word = self._clock(), self._released
        with self._changed:
            self._calls -= 1
            self._changed.notify_all()
            while self._released == word and (rest := self._left(began)) > 0:
                self._changed.wait(rest)
            self._calls += 1

    def release(self) -> None:
        """The run is over or interrupted: nothing that waits now waits any longer."""
        with self._changed:
            self._released += 1
            self._changed.notify_all()

    def _count(self, change: int) -> None:
        with self._changed:
            self._calls += change
            self._last = self._clock()
            self._changed.notify_all()

    def _left(self, began: float) -> float:
        now = self._clock()
        most = began + self._longest - now
        return most if self._calls > 0 else min(most, self._rest(now))

    def _rest(self, now: float) -> float:
        return self._last + self._quiet - now
