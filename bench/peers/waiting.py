"""Waiting for what another program does, where it offers no event to wait for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from sandbox.errors import SandboxError

POLL = 0.5
T = TypeVar("T")


class Patience:
    """Waits that end early, with SandboxError, once `stop` was called: then runs take away what they made and end."""

    def __init__(self) -> None:
        self._stopping = threading.Event()

    @property
    def over(self) -> bool:
        return self._stopping.is_set()

    def stop(self) -> None:
        self._stopping.set()

    def until(self, ask: Callable[[], T], within: float, part: str, problem: str) -> T:
        """Ask until the answer is true, and return it; SandboxError after `within` seconds."""
        deadline = time.monotonic() + within
        while not (answer := ask()):
            if time.monotonic() > deadline:
                raise SandboxError(part, f"{problem} within {within:.0f} s", "see the logs in the benchmark's folder")
            if self._stopping.wait(POLL):
                raise SandboxError(part, "interrupted", "the same command goes on")
        return answer
