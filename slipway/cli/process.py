"""A child process in a session of its own that gets each interrupt exactly once."""

from __future__ import annotations

import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import IO

OnLine = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Ended:
    """What a process printed, and its exit code."""

    stdout: str
    stderr: str
    code: int


def run(
    command: Sequence[str],
    folder: str,
    environment: Mapping[str, str],
    on_output: OnLine | None = None,
    on_error: OnLine | None = None,
) -> Ended:
    """Run a command to its end, telling every line as it comes.

    In a group of its own it would not be told twice by a terminal's Ctrl-C, and our pipes stay open while it ends in
    order: SIGINT and SIGTERM that reach us go on to it as one SIGINT each, and it is waited for.
    """
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )
    with process, _interrupts_to(process):
        errors = _Lines(process.stderr, on_error)
        errors.start()
        output = _Lines(process.stdout, on_output)
        output.run()
        errors.join()
        code = process.wait()
    return Ended("\n".join(output.lines), "\n".join(errors.lines), code)


class _Lines(threading.Thread):
    """Reads a pipe to its end."""

    def __init__(self, pipe: IO[str] | None, tell: OnLine | None) -> None:
        super().__init__(daemon=True)
        self._pipe, self._tell = pipe, tell
        self.lines: list[str] = []

    def run(self) -> None:
        """Collect each line, and tell it."""
        for line in self._pipe or ():
            self.lines.append(line.rstrip())
            if self._tell is not None:
                self._tell(line.rstrip())


@contextmanager
def _interrupts_to(process: subprocess.Popen[str]) -> Iterator[None]:
    """Only the main thread may have handlers; what other threads start is short."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def forward(_signal: int, _frame: FrameType | None) -> None:
        process.send_signal(signal.SIGINT)

    former = {number: signal.signal(number, forward) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
