"""A snapshot in the making."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from slipway.rollout.metrics.base import Reading, Series, Snapshot
from slipway.rollout.metrics.emitters import Emitters


@dataclass(slots=True)
class Draft:
    """What was read so far; a guardrail ends up in `readings` or in `errors`."""

    readings: dict[str, Reading] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    at: float = 0.0
    traffic: dict[str, dict[str, Series]] = field(default_factory=dict)
    traffic_error: str | None = None
    emitters: Emitters = field(default_factory=Emitters)

    def seen(self, at: float) -> None:
        """The source's own time of what was read; the newest counts."""
        self.at = max(self.at, at)

    def fail(self, names: Iterable[str], why: object) -> None:
        """These guardrails could not be read."""
        self.errors.update(dict.fromkeys(names, str(why)))

    def finish(self) -> Snapshot:
        """The snapshot."""
        return Snapshot(self.at, self.readings, self.errors, self.traffic, self.traffic_error, self.emitters)
