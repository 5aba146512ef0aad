"""What becomes of the version that serves while a rollout runs: its replicas, and how many of its requests fail."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from slipway.release.rollout_inputs import Backend
from slipway.release.units import show_share
from slipway.rollout.measurement.totals import Totals
from slipway.rollout.platforms.base import Workloads

LOOK_EVERY = 2.0
"""Seconds between two looks at its pods."""
BAD_SHARE = 0.5
BAD_LEAST = 20
"""Its own failures are reported when at least BAD_SHARE of at least BAD_LEAST requests of a step failed."""


@dataclass(slots=True)
class ServingSide:
    """`note` is one line about what is wrong, empty while nothing is."""

    workloads: Workloads
    backend: Backend
    now: Callable[[], float]
    recent: float
    """Seconds that what is read of its pods may be old."""
    note: str = ""
    state: tuple[int, int, bool] | None = None
    """Ready replicas, wanted ones, and whether it fails: the note is worth saying again when this changes."""
    _looked: float | None = None
    _dead_since: float | None = None

    def look(self, totals: Totals) -> None:
        """Read its replicas, at most every `LOOK_EVERY` seconds. Raises ClusterError."""
        now = self.now()
        if self._looked is not None and now - self._looked < LOOK_EVERY:
            return
        seen = self.workloads.readiness(self.backend, self.recent)
        self._looked = now
        alive = seen.endpoints_ready > 0
        self._dead_since = None if alive else self._dead_since if self._dead_since is not None else now
        parts = []
        wanted = max(self.backend.replicas if not self.backend.scaled_by_rollout else 0, seen.desired)
        if seen.endpoints_ready < wanted:
            hint = f" ({seen.problem})" if seen.problem else ""
            parts.append(f"has {seen.endpoints_ready} of {wanted} replicas ready{hint}")
        failing = totals.baseline >= BAD_LEAST and totals.baseline_bad >= BAD_SHARE * totals.baseline
        self.state = (seen.endpoints_ready, wanted, failing)
        if failing:
            parts.append(f"fails {show_share(totals.baseline_bad / totals.baseline)} of its requests")
        told = f"the serving version {self.backend.version} {' and '.join(parts)}" if parts else ""
        self.note = f"{told}: `slipway promote --all` ends the steps" if told and not alive else told

    @property
    def dead_for(self) -> float:
        """Seconds since it was first seen without any ready replica; 0 while it has some."""
        return 0.0 if self._dead_since is None else self.now() - self._dead_since
