"""Reads the targets again and again and hands what changed to everyone who looks on."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from slipway.dashboard.news import Change, changes
from slipway.rollout.overview import Overview, TargetView

EVERY = 2.0
"""Seconds between two looks at what is in flight."""
NEWS_KEPT = 50


@dataclass(frozen=True, slots=True)
class State:
    """`number` grows with each publication; `news` are the last changes, each with the number it came with."""

    number: int
    views: tuple[TargetView, ...]
    news: tuple[tuple[int, Change], ...]


class Hub:
    """One thread a target reads it; `await_news` waits for the next publication. `close` ends all of it."""

    def __init__(
        self, overviews: Sequence[Overview], *, every: float = EVERY, now: Callable[[], float] = time.time
    ) -> None:
        self._overviews = tuple(overviews)
        self._every = every
        self._now = now
        self._changed = threading.Condition()
        self._number = 0
        self._news: deque[tuple[int, Change]] = deque(maxlen=NEWS_KEPT)
        self._closed = threading.Event()

    def start(self) -> None:
        """Begin to read."""
        for overview in self._overviews:
            threading.Thread(target=self._read, args=(overview,), daemon=True, name=overview.view.name).start()

    def close(self) -> None:
        """End reading, and every wait."""
        self._closed.set()
        with self._changed:
            self._changed.notify_all()

    @property
    def closed(self) -> bool:
        """Whether nothing more comes."""
        return self._closed.is_set()

    def now(self) -> float:
        """Unix seconds."""
        return self._now()

    def state(self) -> State:
        """As it is."""
        with self._changed:
            return State(self._number, tuple(one.view for one in self._overviews), tuple(self._news))

    def await_news(self, after: int, timeout: float) -> State:
        """The next publication after number `after`, or the same state when `timeout` seconds have passed."""
        with self._changed:
            self._changed.wait_for(lambda: self._number > after or self.closed, timeout)
        return self.state()

    def refresh(self, overview: Overview) -> None:
        """Read one target and publish what became of it."""
        before = overview.view
        after = overview.refresh()
        found = changes(before, after, self._now())
        with self._changed:
            self._number += 1
            self._news.extend((self._number, change) for change in found)
            self._changed.notify_all()

    def _read(self, overview: Overview) -> None:
        while not self.closed:
            self.refresh(overview)
            self._closed.wait(self._every)


def changed_parts(sent: Mapping[str, str], now: Mapping[str, str]) -> dict[str, str]:
    """What a viewer who has `sent` lacks."""
    return {name: html for name, html in now.items() if sent.get(name) != html}
