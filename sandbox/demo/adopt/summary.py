"""`out/demo/adopt.json`: what each part of an adoption cost the clients."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sandbox.state import write_atomically

ACTS = ("adopted", "released", "rolled-back", "given-back")


@dataclass(frozen=True, slots=True)
class Act:
    """One part, with the requests that the client sent meanwhile and those that failed."""

    name: str
    seconds: float
    client_requests: int
    client_failures: int


@dataclass(slots=True)
class AdoptSummary:
    """Grows while the demo runs; `problems` is what did not go as it should."""

    acts: list[Act] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether every act was played, none cost a request, and nothing else went wrong."""
        played = tuple(act.name for act in self.acts)
        return not self.problems and played == ACTS and not any(act.client_failures for act in self.acts)

    def to_json(self) -> dict[str, Any]:
        """The documented shape."""
        return {**asdict(self), "ok": self.ok}

    def write(self, path: Path) -> None:
        """Write the file, whole or not at all."""
        write_atomically(path, json.dumps(self.to_json(), indent=2) + "\n")
