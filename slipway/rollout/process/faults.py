"""Failures on demand, for the memory implementations of the adaptors in unit tests."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable

Effect = Exception | Callable[[], object]


class Faults:
    """What the next calls of a method do before they do their work, or after it."""

    def __init__(self) -> None:
        self._next: dict[str, deque[Effect]] = defaultdict(deque)
        self._after: dict[str, deque[Effect]] = defaultdict(deque)
        self.calls: list[str] = []
        """Names of the methods that were called, in order."""

    def next(self, method: str, effect: Effect, times: int = 1) -> None:
        """Raise an exception, or run a callable (such as another writer that comes in between) in the next calls."""
        self._next[method].extend([effect] * times)

    def after(self, method: str, effect: Effect, times: int = 1) -> None:
        """The same once the work of the next calls is done: a write that happened although its answer was lost. A
        call that fails by itself does not use it up."""
        self._after[method].extend([effect] * times)

    def hit(self, method: str) -> None:
        """Called by the adaptor at the start of each method."""
        self.calls.append(method)
        _play(self._next[method])

    def done(self, method: str) -> None:
        """Called by the adaptor once a writing method has had its effect."""
        _play(self._after[method])


def _play(effects: deque[Effect]) -> None:
    if not effects:
        return
    effect = effects.popleft()
    if isinstance(effect, Exception):
        raise effect
    effect()
