"""A part: one daemon of the sandbox, how it is started and how one sees that it is ready."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.state import write_atomically


@dataclass(frozen=True)
class Part:
    """``files`` are its configuration, written before it starts; ``ready`` asks it, and answers quickly.

    A part whose command, environment or files differ from those it was started with is restarted by ``up``.
    """

    name: str
    argv: Sequence[str]
    ready: Callable[[], bool]
    files: Mapping[Path, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    wrapper: Sequence[str] = ()
    """What executes the command, with its arguments: it prepares something and then becomes the program."""
    niceness: int = 0
    """Scheduling priority as in nice(1): below 0 for what requests and decisions pass through."""
    version: str = ""
    listens: str = ""

    @property
    def fingerprint(self) -> str:
        """Sixteen hex digits over all that it is started with."""
        content = ([*self.wrapper, *self.argv], sorted(self.environment.items()), sorted(self.files.items()))
        return hashlib.sha256(repr(content).encode()).hexdigest()[:16]

    def write_files(self) -> None:
        for path, text in self.files.items():
            write_atomically(path, text, 0o600)
