"""`out/demo/flags.json`: how long a change takes to the clients, what a bad feature cost, what kills survived."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from sandbox.state import write_atomically


@dataclass(frozen=True, slots=True)
class Guarded:
    """One exposure of a feature that fails. `exposure` and `fault` are percent of the users and of their requests;
    `seconds_to_off` lie between the first failure and the last response by the feature, as the clients saw them."""

    exposure: float
    fault: float
    seconds_to_off: float
    failed_requests: int


@dataclass(slots=True)
class FlagsSummary:
    """Grows while the demo runs; `problems` is what did not go as it should."""

    effects_ms: list[float] = field(default_factory=list)
    guarded: list[Guarded] = field(default_factory=list)
    kept_off_by_up: bool = False
    kills_survived: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether everything went as it should."""
        return not self.problems

    def to_json(self) -> dict[str, Any]:
        """The documented shape."""
        times = self.effects_ms
        median, tail = (round(statistics.median(times), 1), round(p99(times), 1)) if times else (None, None)
        return {
            "change_to_effect_ms": {"median": median, "p99": tail},
            "guarded": [asdict(one) for one in self.guarded],
            "kept_off_by_up": self.kept_off_by_up,
            "kills_survived": self.kills_survived,
            "problems": self.problems,
        }

    def write(self, path: Path) -> None:
        """Write the file, whole or not at all."""
        write_atomically(path, json.dumps(self.to_json(), indent=2) + "\n")


def p99(values: Sequence[float]) -> float:
    """The smallest value that 99% of the values do not exceed."""
    return sorted(values)[math.ceil(0.99 * len(values)) - 1]
