"""Waiting for what another program does, where it offers no event to wait for."""

from __future__ import annotations

import time
from collections.abc import Callable

from sandbox.errors import SandboxError

POLL = 0.5


def await_true(question: Callable[[], bool], within: float, part: str, problem: str) -> None:
    """Ask until the answer is yes; SandboxError after `within` seconds."""
    deadline = time.monotonic() + within
    while not question():
        if time.monotonic() > deadline:
            raise SandboxError(part, f"{problem} within {within:.0f} s", "see the logs in the benchmark's folder")
        time.sleep(POLL)
