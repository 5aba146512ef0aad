"""What is counted at the data plane, from the samples of one moment, wherever they come from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

from slipway.release.errors import ClusterError
from slipway.release.manifest.guardrails import ErrorRatio, Latency, Slo
from slipway.release.rollout_inputs import Backend
from slipway.rollout.metrics.base import Reading, Series
from slipway.rollout.metrics.draft import Draft
from slipway.rollout.metrics.envoy import ACTIVE, MEMBERS, REQUESTS, SECONDS, Frame, cluster_name, samples
from slipway.rollout.metrics.profiles import Lens, Row
from slipway.rollout.metrics.readers import ReadRequest

Counted = ErrorRatio | Latency | Slo
"""The guardrails that are counted there."""


class CountedByProxies(ABC):
    """The part of slipway.rollout.metrics.base.Source that is about the data plane, over `_frame`."""

    def __init__(self, lens: Lens) -> None:
        self._lens = lens

    @abstractmethod
    def _frame(
        self, names: Sequence[str], backends: Sequence[Backend], max_age: float = 0.0, copied: Backend | None = None
    ) -> Frame:
        """The newest samples, none of them stale; `copied` is the backend that gets copies. Raises ClusterError."""

    def requests(self, backends: Sequence[Backend]) -> Mapping[str, float]:
        """Cumulative requests per revision."""
        return {
            revision: sum(series.total for series in emitters.values())
            for revision, emitters in self.traffic(backends).items()
        }

    def traffic(self, backends: Sequence[Backend]) -> Mapping[str, Mapping[str, Series]]:
        """Cumulative requests per revision and Envoy."""
        frame = self._frame((REQUESTS,), backends)
        return {backend.revision: frame.requests(self._cluster(backend)) for backend in backends}

    def in_flight(self, backend: Backend, after: float | None = None) -> int | None:
        """Requests in flight; see the protocol for `after`."""
        frame = self._frame((ACTIVE,), [backend])
        if after is not None and min(frame.emitters.values()) <= after:
            return None
        if self._lens.plane.in_flight is None and after is None:
            return None  # With `after` the question is whether all were sampled; what they count tells the rest.
        return frame.active(self._cluster(backend))

    def knows(self, backend: Backend, beside: Backend, after: float) -> bool | None:
        """Whether every Envoy that could send to `beside` could to `backend`; see the protocol."""
        frame = self._frame((ACTIVE, MEMBERS), [backend, beside])
        if min(frame.emitters.values()) <= after:
            return None
        return frame.having(self._cluster(beside)) <= frame.having(self._cluster(backend))

    def begin_afresh(self) -> bool:
        """Its samples are as short as a look."""
        return False

    def _read_counted(self, counted: Sequence[Counted], look: ReadRequest, draft: Draft) -> None:
        """The traffic of either side and what is counted of it, in one query."""
        slow, sides = any(guardrail.limits.threshold is not None for guardrail in counted), look.sides
        try:
            names = (REQUESTS, ACTIVE, *([SECONDS] if slow else ()))
            frame = self._frame(names, sides, look.max_age, look.candidate if look.copied else None)
        except ClusterError as error:
            draft.traffic_error = str(error)
            draft.fail([guardrail.name for guardrail in counted], error)
            return
        draft.traffic = {side.revision: frame.requests(self._cluster(side)) for side in sides}
        draft.emitters = frame.known
        if counted:  # Else the time is that of the other sources.
            draft.seen(frame.at)
        for guardrail in counted:
            if guardrail.limits.threshold is not None and self._lens.plane.duration is None:
                draft.fail([guardrail.name], f"the profile {self._lens.name} has no histogram of answer times")
                continue
            try:
                found = [_series(guardrail, frame, self._cluster(side)) for side in sides]
            except ClusterError as error:
                draft.fail([guardrail.name], error)
            else:
                baseline = found[1] if len(found) > 1 else {}
                draft.readings[guardrail.name] = Reading(found[0], baseline, emitters=frame.known)

    def _framed(
        self,
        rows: Sequence[Row],
        backends: Sequence[Backend],
        copied: Backend | None,
        absent_at: Mapping[str, float] | None = None,
    ) -> Frame:
        found = samples(self._lens.read(rows, backends, copied))
        return Frame(found, tells_age=self._lens.plane.alive.uptime, absent_at=absent_at)

    def _cluster(self, backend: Backend) -> str:
        return cluster_name(self._lens.namespace, backend)


def _series(guardrail: Counted, frame: Frame, cluster: str) -> dict[str, Series]:
    threshold = guardrail.limits.threshold
    return frame.requests(cluster) if threshold is None else frame.latency(cluster, threshold)
