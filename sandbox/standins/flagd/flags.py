"""The latest document, and a way to wait for the next one."""

from __future__ import annotations

import threading
from collections.abc import Iterator


class Flags:
    """Written by one thread, read by the streams of any number of providers."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._number = 0
        self._text: str | None = None
        self._closed = False

    @property
    def latest(self) -> str | None:
        """The latest document; None before the first."""
        with self._changed:
            return self._text

    def publish(self, text: str) -> bool:
        """Hand out a document; whether it differs from the latest one."""
        with self._changed:
            if text == self._text:
                return False
            self._text = text
            self._number += 1
            self._changed.notify_all()
            return True

    def close(self) -> None:
        """End every stream."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def wake(self) -> None:
        """Let streams look whether they have ended."""
        with self._changed:
            self._changed.notify_all()

    def stream(self, ended: threading.Event) -> Iterator[str]:
        """The latest document and each newer one, until ``ended`` is set (then ``wake`` is needed) or all is closed.

        A reader that is slower than the changes gets the latest of them only.
        """
        seen = 0
        while (newer := self._newer_than(seen, ended)) is not None:
            seen, text = newer
            yield text

    def _newer_than(self, seen: int, ended: threading.Event) -> tuple[int, str] | None:
        with self._changed:
            self._changed.wait_for(lambda: self._closed or ended.is_set() or self._number > seen)
            if self._closed or ended.is_set() or self._text is None:
                return None
            return self._number, self._text
