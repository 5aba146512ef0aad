"""Whether bad events of what serves come in clusters, by its past: a rollout is too short to tell."""

from __future__ import annotations

from release.errors import ClusterError
from release.rollout_inputs import Backend, RolloutInputs
from rollout.analysis.dispersion import clustered
from rollout.metrics.base import Source

HISTORY = 3600.0
"""Seconds of what serves from which the dispersion of bad events is estimated."""
CLUSTERED = ("error-ratio", "latency", "custom", "slo")
"""The guardrails whose bad events may come in clusters."""
ASKED_MOST = 5
"""So often it is asked for, while the candidate has no traffic yet."""


class Past:
    """`note` is what the record says of a past that could not be read; `again` whether it should be asked once more."""

    def __init__(self, source: Source, wanted: RolloutInputs, baseline: Backend) -> None:
        self._source = source
        self._wanted = wanted
        self._baseline = baseline
        self._failed = 0
        self.again = False
        self.note = ""

    def clusters(self) -> dict[str, float]:
        """phi of the guardrails whose bad events come in clusters. A past that cannot be read says of none: in the end
        that is no reason to stop, but it is said."""
        guardrails, tick = self._wanted.guardrails, self._wanted.analysis.tick
        try:
            past = self._source.history(guardrails, self._baseline, HISTORY, tick)
        except ClusterError as error:
            self._failed += 1
            self.again = self._failed < ASKED_MOST
            self.note = f"clustered errors are not guarded against, as the past could not be read: {error}"
            return {}
        missing = [one.name for one in guardrails if one.kind in CLUSTERED and one.name not in past]
        self.again = False
        self.note = f"clustered errors are not guarded against, without a past: {', '.join(missing)}" if missing else ""
        return clustered(past)
