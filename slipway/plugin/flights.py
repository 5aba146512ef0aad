"""The rollouts that are in flight in this process, and how they are told to end."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Flights:
    """Counts the rollouts in flight and cancels them.

    The engine says `Cancel` when it is interrupted, but also at the end of every run. So it concerns the rollouts that
    are in flight, and those that begin before these have ended: their call may have been sent just before. After that
    nothing is left of it.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._cancelled: set[threading.Event] = set()
        self._cancelling = False
        self._closed = False
        self._abandoned = False

    @contextmanager
    def one(self) -> Iterator[threading.Event]:
        """A rollout for the length of the block; the event is set when it is to put its traffic back and end."""
        cancelled = threading.Event()
        with self._changed:
            if self._cancelling or self._closed:
                cancelled.set()
            self._cancelled.add(cancelled)
        try:
            yield cancelled
        finally:
            with self._changed:
                self._cancelled.remove(cancelled)
                self._cancelling = self._cancelling and bool(self._cancelled)
                self._changed.notify_all()

    @property
    def number(self) -> int:
        """In flight now."""
        with self._changed:
            return len(self._cancelled)

    def abandoned(self) -> bool:
        """Whether they are told to end because the engine is gone, and not because it was interrupted."""
        with self._changed:
            return self._abandoned

    def cancel(self) -> None:
        """End those in flight; returns at once."""
        with self._changed:
            self._cancelling = bool(self._cancelled)
            for cancelled in self._cancelled:
                cancelled.set()

    def close(self, within: float) -> bool:
        """End those in flight, begin none any more, and wait for at most `within` seconds: True when all have ended."""
        with self._changed:
            self._abandoned = not self._cancelling
            self._closed = True
        self.cancel()
        with self._changed:
            return self._changed.wait_for(lambda: not self._cancelled, within)
