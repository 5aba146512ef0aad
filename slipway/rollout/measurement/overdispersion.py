"""What the past of the serving version tells, since a rollout is too short for it: whether bad events come in clusters,
what is usual, and how far its pods differ."""

from __future__ import annotations

from slipway.release.errors import ClusterError
from slipway.release.rollout_inputs import Backend
from slipway.rollout.analysis.dispersion import clustered
from slipway.rollout.analysis.past import recorded
from slipway.rollout.analysis.rules import Known
from slipway.rollout.analysis.spread import widened
from slipway.rollout.measurement.judged import Judged
from slipway.rollout.metrics.base import Meter

HISTORY = 3600.0
"""Seconds of what serves from which the dispersion of bad events is estimated."""
ASKED_MOST = 5
"""Queries for it at most, while the candidate has no traffic yet."""


def weights_of(wanted: Judged, first_release: bool = False) -> tuple[float, ...]:
    """The weights of the plan, in percent."""
    return tuple(step.weight for step in wanted.plan("first" if first_release else "forward"))


class Past:
    """`note` is what the record says of a past that could not be read; `again` whether it should be asked once more."""

    def __init__(self, source: Meter, wanted: Judged, baseline: Backend) -> None:
        self._source = source
        self._wanted = wanted
        self._baseline = baseline
        self._failed = 0
        self.again = False
        self.note = ""

    def known(self) -> Known:
        """What the past tells. One that cannot be read does not stop the rollout, and the record says so."""
        guardrails, tick = self._wanted.guardrails, self._wanted.analysis.tick
        weights = weights_of(self._wanted)
        try:
            past = self._source.history(guardrails, self._baseline, HISTORY, tick)
        except ClusterError as error:
            self._failed += 1
            self.again = self._failed < ASKED_MOST
            self.note = f"clustered errors are not guarded against, as the past could not be read: {error}"
            return Known(weights=weights)
        missing = [one.name for one in guardrails if one.nature.may_cluster and one.name not in past]
        self.again = False
        self.note = f"clustered errors are not guarded against, without a past: {', '.join(missing)}" if missing else ""
        # Events of the service's own are counted by the pods that serve, the others by those of the gateway.
        by_pod = {one.name: past[one.name] for one in guardrails if one.nature.counts == "events" and one.name in past}
        phi = clustered(past)
        spread = widened(by_pod, self._wanted.candidate.replicas, phi)
        return Known(False, weights, phi, recorded(past, HISTORY), spread)
