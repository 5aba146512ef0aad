"""The sums of a step: requests that reached either side, and the bad events that are shown to people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from slipway.rollout.metrics.base import Series, Snapshot
from slipway.rollout.metrics.counters import counted
from slipway.rollout.metrics.emitters import Emitters


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over the current step: requests at the data plane, and bad events of the leading guardrail."""

    candidate: int = 0
    baseline: int = 0
    candidate_bad: int = 0
    baseline_bad: int = 0
    counted: str = ""
    """What the bad events are when they are no requests: `clients`, or `copies` of requests."""


class Requests:
    """Requests of each revision since the last look, emitter by emitter: one that was missing in a look adds
    only what it counted meanwhile."""

    def __init__(self) -> None:
        self._known: Mapping[str, Mapping[str, Series]] = {}
        self._emitters = Emitters()

    def since(self, look: Snapshot) -> dict[str, int]:
        """By revision. On the first look all that was ever counted is new."""
        found = {
            side: counted(self._known.get(side, {}), series, self._emitters, look.emitters)
            for side, series in look.traffic.items()
        }
        self._emitters = self._emitters.joined(look.emitters)
        self._known = {side: kept for side, (_, kept) in found.items()}
        return {side: events for side, (events, _) in found.items()}
