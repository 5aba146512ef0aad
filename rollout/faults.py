"""Failures on demand, for the memory implementations of the adaptors in unit tests."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable

Effect = Exception | Callable[[], object]


class Faults:
    """What the next calls of a method do before they do their work."""

    def __init__(self) -> None:
        self._next: dict[str, deque[Effect]] = defaultdict(deque)
        self.calls: list[str] = []
        """Names of the methods that were called, in order."""

    def next(self, method: str, effect: Effect, times: int = 1) -> None:
        """Raise an exception, or run a callable (such as another writer that comes in between) in the next calls."""
        self._next[method].extend([effect] * times)

    def hit(self, method: str) -> None:
        """Called by the adaptor at the start of each method."""
        self.calls.append(method)
        if not self._next[method]:
            return
        effect = self._next[method].popleft()
        if isinstance(effect, Exception):
            raise effect
        effect()
