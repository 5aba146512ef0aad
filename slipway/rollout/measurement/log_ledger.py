"""The windows of a guardrail's logs until a tick takes them. Pure."""

from __future__ import annotations

from collections import Counter

from slipway.rollout.analysis.types import Counts, GuardrailCounts
from slipway.rollout.metrics.base import LogWindow


class LogLedger:
    """Each window counts in one tick, and only when the weights were the same from its beginning to its end."""

    def __init__(self, began: float) -> None:
        self._since = began
        self._windows: list[LogWindow] = []

    def begin_step(self, now: float) -> None:
        """The weight changes now: what was logged before belongs to no step that goes on."""
        self._since = now
        self._windows = []

    def take(self, window: LogWindow | None) -> None:
        """Add a window that was read."""
        if window is not None and window.start >= self._since:
            self._windows.append(window)

    @property
    def waits_from(self) -> float | None:
        """The beginning of the first window that no tick has taken yet; None without one."""
        return min((window.start for window in self._windows), default=None)

    def settle(self) -> tuple[GuardrailCounts, list[list[float]]]:
        """The counts of all windows since the last tick, and beginning and end of each."""
        windows, self._windows = self._windows, []
        own: Counter[str] = Counter()
        other: Counter[str] = Counter()
        for window in windows:
            own.update(window.candidate.signatures)
            other.update(window.baseline.signatures)
        sides = [[window.candidate for window in windows], [window.baseline for window in windows]]
        totals = [Counts(sum(one.total for one in side), sum(one.bad for one in side)) for side in sides]
        signatures = tuple((text, own[text], other[text]) for text in sorted({*own, *other}))
        counts = GuardrailCounts(totals[0], totals[1], signatures=signatures)
        return counts, [[window.start, window.end] for window in windows]
