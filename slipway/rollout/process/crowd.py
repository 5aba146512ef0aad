"""How many rollouts this process carries out at the moment: many of them look a little less often."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

LARGE = 150
"""Rollouts from which on a look a second each would take most of a core (`make bench-fleet`)."""


class Crowd:
    """Counts. Safe for several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count = 0

    @contextmanager
    def one(self) -> Iterator[None]:
        """One more rollout for the length of the block."""
        self._add(1)
        try:
            yield
        finally:
            self._add(-1)

    @property
    def large(self) -> bool:
        """Whether there are many."""
        return self._count >= LARGE

    def _add(self, change: int) -> None:
        with self._lock:
            self._count += change


IN_FLIGHT = Crowd()
"""The rollouts of this process."""
