"""Progress of long work: live bars on a terminal, plain lines elsewhere. Everything goes to stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

PLAIN_INTERVAL = 20.0
"""Seconds between two plain lines about the same step."""


class Step(Protocol):
    """One piece of work under way."""

    def update(self, done: int, total: int, unit: str = "") -> None:
        """Report that ``done`` of ``total`` units are done."""


class Reporter(Protocol):
    """Where progress goes."""

    def step(self, what: str, usual: str = "") -> AbstractContextManager[Step]:
        """Name a piece of work and, if it takes long, how long it usually takes."""

    def note(self, text: str) -> None:
        """Say one line."""


class _PlainStep:
    def __init__(self, what: str, stream: TextIO) -> None:
        self._what, self._stream = what, stream
        self._started = self._spoke = time.monotonic()

    def update(self, done: int, total: int, unit: str = "") -> None:
        now = time.monotonic()
        if now - self._spoke >= PLAIN_INTERVAL:
            self._spoke = now
            elapsed = now - self._started
            print(f"  {self._what}: {done}/{total} {unit}, {elapsed:.0f} s", file=self._stream, flush=True)


class PlainReporter:
    """Lines for logs and CI: one at the start of long work, one now and then, one at the end."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr

    @contextmanager
    def step(self, what: str, usual: str = "") -> Iterator[Step]:
        if usual:
            self.note(f"{what} (usually {usual})")
        started = time.monotonic()
        yield _PlainStep(what, self._stream)
        self.note(f"{what}: {time.monotonic() - started:.1f} s")

    def note(self, text: str) -> None:
        print(text, file=self._stream, flush=True)


class _LiveStep:
    def __init__(self, bars: Progress, task: TaskID) -> None:
        self._bars, self._task = bars, task

    def update(self, done: int, total: int, unit: str = "") -> None:
        self._bars.update(self._task, completed=done, total=total, detail=f"{done}/{total} {unit}")


class LiveReporter:
    """A bar with a clock for what is under way, and a line with its time for what is done."""

    def __init__(self, console: Console) -> None:
        self._console = console

    @contextmanager
    def step(self, what: str, usual: str = "") -> Iterator[Step]:
        started = time.monotonic()
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[detail]}"),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=self._console, transient=True) as bars:
            detail = f"usually {usual}" if usual else ""
            yield _LiveStep(bars, bars.add_task(what, total=None, detail=detail))
        self._console.print(f"[green]✓[/] {what} [dim]{time.monotonic() - started:.1f} s[/]", highlight=False)

    def note(self, text: str) -> None:
        self._console.print(text, highlight=False, markup=False)


class _SilentStep:
    def update(self, done: int, total: int, unit: str = "") -> None:
        """Say nothing."""


class SilentReporter:
    """For tests and machine-readable output."""

    @contextmanager
    def step(self, what: str, usual: str = "") -> Iterator[Step]:
        yield _SilentStep()

    def note(self, text: str) -> None:
        """Say nothing."""


def reporter(*, quiet: bool = False) -> Reporter:
    """The reporter that fits where stderr goes."""
    if quiet:
        return SilentReporter()
    console = Console(stderr=True)
    return LiveReporter(console) if console.is_terminal else PlainReporter()
