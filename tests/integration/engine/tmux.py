"""A command on a real terminal (tmux) of a given size, and what is seen on it."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.integration.standins.project import await_true

KEPT = ("PULUMI", "SLIPWAY", "PATH")
"""Beginnings of the variables that the command gets besides those of the session."""


@dataclass(frozen=True)
class Screen:
    """A tmux server of its own with one pane."""

    socket: Path

    def tmux(self, *words: str) -> str:
        done = subprocess.run(["tmux", "-S", self.socket, *words], capture_output=True, text=True, check=True)
        return done.stdout

    def lines(self) -> list[str]:
        """The lines that are visible now and not blank."""
        return [line for line in self.tmux("capture-pane", "-p").splitlines() if line.strip()]

    def last(self) -> str:
        """The last line that is visible and not blank."""
        return (self.lines() or [""])[-1]

    def await_last(self, *texts: str) -> None:
        """Wait until the last line has all of these."""
        await_true(lambda: all(text in self.last() for text in texts), f"{texts} in the last line", 60.0)

    def all(self) -> str:
        """Everything since the start, lines that the terminal broke in one piece."""
        return self.tmux("capture-pane", "-p", "-J", "-S", "-500")


@contextmanager
def on_terminal(
    words: list[str], folder: Path, variables: Mapping[str, str], socket: Path, width: int, height: int
) -> Iterator[Screen]:
    """Run the command; a line `ended: <exit code>` follows it. The terminal is closed after the block."""
    chosen = {key: value for key, value in variables.items() if key.startswith(KEPT)}
    assignments = [f"{key}={value}" for key, value in chosen.items()]
    command = f"{shlex.join(['env', *assignments, *words])}; echo ended: $?; exec sleep 600"
    screen, size = Screen(socket), ["-x", str(width), "-y", str(height)]
    screen.tmux("-f", "/dev/null", "new-session", "-d", *size, "-c", str(folder), "sh", "-c", command)
    try:
        yield screen
    finally:
        screen.tmux("kill-server")
