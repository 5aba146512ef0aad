"""`out/demo/watch.json`: how long a bad version had traffic, what it cost, and who was told how often."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sandbox.state import write_atomically

MOST_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Breach:
    """`seconds_breach_to_safe` lie between the first failure and the last response of the bad version, by the client;
    `ids` are those that the receiver was called with, `escalations_received` how many different ones."""

    seconds_breach_to_safe: float | None
    client_failures: int
    escalations_received: int
    ids: tuple[str, ...]
    calls: int
    healthy_seconds: float
    """For which the version was set to answer well after it had all the traffic, about."""


@dataclass(frozen=True, slots=True)
class RunnerLost:
    """The host of `pulumi up` was lost at 25%."""

    outcome: str
    client_failures: int
    next_up_changes: bool


@dataclass(slots=True)
class WatchSummary:
    """Grows while the demo runs; `problems` is what did not go as it should."""

    bad_after_100: Breach | None = None
    watcher_killed: Breach | None = None
    runner_lost: RunnerLost | None = None
    report: str | None = None
    problems: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether everything went as it should."""
        return not self.problems and None not in (self.bad_after_100, self.watcher_killed, self.runner_lost)

    def to_json(self) -> dict[str, Any]:
        """The documented shape."""
        return asdict(self)

    def write(self, path: Path) -> None:
        """Write the file, whole or not at all."""
        write_atomically(path, json.dumps(self.to_json(), indent=2) + "\n")
