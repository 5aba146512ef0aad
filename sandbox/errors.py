"""The one error of the sandbox: what failed, what its log said last, what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

TAIL_LINES = 12


class SandboxError(Exception):
    """A part of the sandbox could not be had, started or ended.

    ``part`` is the name ``slipway sandbox status`` uses, ``problem`` one sentence, ``remedy`` what the reader can do,
    ``tail`` the last lines of the part's log.
    """

    def __init__(self, part: str, problem: str, remedy: str, tail: Iterable[str] = ()) -> None:
        self.part = part
        self.problem = problem
        self.remedy = remedy
        self.tail = tuple(tail)
        super().__init__(f"{part}: {problem}; {remedy}")

    def render(self) -> str:
        """Several lines for a terminal: the sentence, the log's tail indented, the remedy."""
        lines = [f"{self.part}: {self.problem}"]
        lines += [f"  | {line}" for line in self.tail]
        lines.append(f"remedy: {self.remedy}")
        return "\n".join(lines)


def log_tail(log: Path, lines: int = TAIL_LINES) -> tuple[str, ...]:
    """The last ``lines`` lines of a log file; empty when there is none."""
    try:
        with log.open("rb") as handle:
            handle.seek(0, 2)
            handle.seek(max(0, handle.tell() - 16_384))
            text = handle.read().decode(errors="replace")
    except OSError:
        return ()
    return tuple(line[:400] for line in text.splitlines()[-lines:])
