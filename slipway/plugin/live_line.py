"""How the rollouts of one process stand, side by side in the one line below the engine's tree."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Protocol

Fitted = Callable[[int], str]
"""What one service shows in at most the given number of characters."""
LEAST = 38
"""Characters in which a service can show what is essential; with more services they take turns."""
BETWEEN = " | "
TURN = 3.0
"""Seconds for which some of the services are shown."""
AGAIN = 0.25
"""Seconds between two drawings: a tree that is taller than the terminal is drawn over the line."""


class Screen(Protocol):
    """Where the line is drawn."""

    def width(self) -> int | None:
        """Columns; None where no line can be shown now."""
        ...

    def draw(self, line: str) -> None:
        """Show the line in place of the last one."""
        ...


def side_by_side(services: Sequence[Fitted], width: int, turn: int) -> str:
    """As many services as fit into `width`, beginning with another one each turn."""
    if not services:
        return ""
    at_once = _at_once(width)
    if at_once < len(services):
        at_once = _at_once(width - len(f"{BETWEEN}+{len(services)}"))
    first = turn % -(-len(services) // at_once) * at_once
    shown = services[first : first + at_once]
    more = f"{BETWEEN}+{len(services) - len(shown)}" if len(shown) < len(services) else ""
    room = (width - len(more) - len(BETWEEN) * (len(shown) - 1)) // len(shown)
    return BETWEEN.join(service(room) for service in shown) + more


def _at_once(width: int) -> int:
    return max(1, (width + len(BETWEEN)) // (LEAST + len(BETWEEN)))


class LiveLine:
    """The line of all rollouts in flight in this process, which may be in several threads."""

    def __init__(
        self, screen: Screen | None, clock: Callable[[], float] = time.monotonic, again: float = AGAIN
    ) -> None:
        self._screen = screen
        self._clock = clock
        self._again = again
        self._changed = threading.Condition()
        self._services: dict[str, Fitted] = {}
        self._drawing = False

    def show(self, urn: str, fitted: Fitted) -> None:
        """How the rollout with this URN stands now."""
        with self._changed:
            self._services[urn] = fitted
            if self._draw() and not self._drawing:
                self._drawing = True
                threading.Thread(target=self._draw_again, name="live-line", daemon=True).start()

    def end(self, urn: str) -> None:
        """It is over."""
        with self._changed:
            if self._services.pop(urn, None) is not None:
                self._draw()
                self._changed.notify_all()

    def _draw_again(self) -> None:
        with self._changed:
            while self._services:
                self._changed.wait(self._again)
                if self._services:
                    self._draw()
            self._drawing = False

    def _draw(self) -> bool:
        width = self._screen.width() if self._screen is not None else None
        if self._screen is None or width is None:
            return False
        services = [self._services[urn] for urn in sorted(self._services)]
        self._screen.draw(side_by_side(services, width - 1, int(self._clock() / TURN)))
        return True
