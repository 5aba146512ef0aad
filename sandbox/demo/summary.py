"""`out/demo/summary.json`: what the demo did and what its client saw. Every number was measured in that run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sandbox.state import write_atomically


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a release as its journal recorded it: requests and errors are the candidate's."""

    weight: float
    requests: int
    errors: int
    verdict: str


@dataclass(frozen=True, slots=True)
class Release:
    """One act. `seconds` is the whole command; `client_*` is what the load generator counted meanwhile."""

    version: str
    revision: str
    strategy: str
    outcome: str
    seconds: float
    steps: tuple[Step, ...]
    client_requests: int
    client_failures: int
    seconds_fault_to_safe: float | None


@dataclass(frozen=True, slots=True)
class Rollback:
    """`slipway rollback`, the whole command."""

    from_version: str
    to: str
    seconds: float
    client_failures: int


@dataclass(slots=True)
class Summary:
    """Grows while the demo runs; `problems` is what did not go as it should."""

    setup_seconds: float = 0.0
    releases: list[Release] = field(default_factory=list)
    rollback: Rollback | None = None
    recovered_after_kill_seconds: float | None = None
    problems: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """The documented shape."""
        rollback = asdict(self.rollback) if self.rollback is not None else None
        if rollback is not None:
            rollback = {"from": rollback.pop("from_version"), **rollback}
        return {
            "ok": not self.problems and self.rollback is not None,
            "setup_seconds": self.setup_seconds,
            "releases": [asdict(release) for release in self.releases],
            "rollback": rollback,
            "recovered_after_kill_seconds": self.recovered_after_kill_seconds,
            "problems": self.problems,
        }

    def write(self, path: Path) -> None:
        """Write the file, whole or not at all."""
        write_atomically(path, json.dumps(self.to_json(), indent=2) + "\n")


def steps_of(attempt: Mapping[str, Any]) -> tuple[Step, ...]:
    """The steps in the journal's record of a rollout."""
    steps: Sequence[Mapping[str, Any]] = attempt.get("steps", ())
    return tuple(
        Step(float(step["weight"]), int(step["requests"]), int(step["errors"]), str(step["verdict"])) for step in steps
    )
