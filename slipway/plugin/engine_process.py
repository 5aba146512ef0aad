"""The Pulumi process that this provider works for: what it was told about errors, and how it is stopped.

After a failed step an engine that continues on errors deletes what the program does not declare any more, but for what
the failed resource depended on before. That keeps the workload that serves, not one that an unfinished rollout still
sends traffic to. The engine takes no word from a provider but its answer, so it is interrupted, as by Ctrl-C.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

NAME = "pulumi"
FLAG = "--continue-on-error"
VARIABLE = "PULUMI_CONTINUE_ON_ERROR"
TRUE = ("true", "1")


@dataclass(frozen=True, slots=True)
class EngineProcess:
    """`processes` is where the system shows them, `start` the process whose ancestors are searched."""

    processes: Path = Path("/proc")
    start: int = field(default_factory=os.getpid)
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)

    def continues_on_error(self) -> bool:
        """Whether it goes on after a failed step; True where that cannot be told."""
        if self.environment.get(VARIABLE, "").lower() in TRUE:
            return True
        found = self._engine()
        if found is None:
            return True
        return any(self._is_set(one) for one in found[1])

    def interrupt(self) -> bool:
        """Stop it as Ctrl-C does: it begins nothing any more. False when it was not found."""
        found = self._engine()
        if found is None:
            return False
        os.kill(found[0], signal.SIGINT)
        return True

    def group(self) -> int | None:
        """Its process group; None when it was not found."""
        found = self._engine()
        try:
            return os.getpgid(found[0]) if found is not None else None
        except OSError:
            return None

    @staticmethod
    def _is_set(argument: str) -> bool:
        name, given, value = argument.partition("=")
        return name == FLAG and (not given or value.lower() in TRUE)

    def _engine(self) -> tuple[int, list[str]] | None:
        for pid in self._ancestors():
            try:
                words = (self.processes / str(pid) / "cmdline").read_bytes().decode(errors="replace").split("\0")
            except OSError:
                return None
            if Path(words[0]).name == NAME:
                return pid, words[1:]
        return None

    def _ancestors(self) -> Iterator[int]:
        pid = self.start
        while pid > 1:
            try:
                stat = (self.processes / str(pid) / "stat").read_text()
            except OSError:
                return
            pid = int(stat.rpartition(")")[2].split()[1])
            yield pid
