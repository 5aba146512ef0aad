"""A source without a metrics system, for tests: what is fed is what is read, failures on demand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from slipway.release.errors import ClusterError
from slipway.release.manifest.guardrails import AlertFiring, Guardrail
from slipway.release.rollout_inputs import Backend
from slipway.rollout.metrics.base import Reading, Series, Snapshot
from slipway.rollout.process.faults import Faults

EMITTER = "proxy-0"


@dataclass(slots=True)
class _Counters:
    total: float = 0.0
    bad: float = 0.0
    slow: float = 0.0
    in_flight: int = 0
    marks: dict[str, Series] = field(default_factory=dict)


class MemorySource:
    """See slipway.rollout.metrics.base.Source. One emitter, unless `set_series` says otherwise for a guardrail."""

    def __init__(self) -> None:
        self.faults = Faults()
        self.at = 0.0
        self.firing: set[str] = set()
        """Names of the alerts that fire."""
        self.broken: dict[str, str] = {}
        """Guardrail -> why it cannot be read; `*` is for all, and for `requests` too."""
        self.unknown: set[str] = set()
        """Revisions that the emitter has no endpoints of yet."""
        self.past: dict[str, list[list[tuple[int, int]]]] = {}
        """Guardrail -> per emitter, ticks of (total, bad) before the rollout."""
        self._counters: dict[str, _Counters] = {}
        self.interval: float | None = None
        self.unfound: str | None = None

    def feed(self, revision: str, total: int, bad: int = 0, slow: int = 0) -> None:
        """More requests to a revision; `slow` of them were slower than any threshold."""
        counters = self._of(revision)
        counters.total += total
        counters.bad += bad
        counters.slow += slow

    def restart(self, revision: str) -> None:
        """The emitter begins anew at zero."""
        self._counters[revision] = _Counters(in_flight=self._of(revision).in_flight)

    def set_in_flight(self, revision: str, count: int) -> None:
        """Requests in flight from now on."""
        self._of(revision).in_flight = count

    def set_series(self, revision: str, guardrail: str, series: Series) -> None:
        """The exact series of one guardrail."""
        self._of(revision).marks[guardrail] = series

    def snapshot(
        self,
        guardrails: Sequence[Guardrail],
        candidate: Backend,
        baseline: Backend | None,
        max_age: float = 0.0,
        *,
        copied: bool = False,
    ) -> Snapshot:
        """What was fed."""
        self.faults.hit("snapshot")
        readings: dict[str, Reading] = {}
        errors: dict[str, str] = {}
        for guardrail in guardrails:
            problem = self.broken.get(guardrail.name) or self.broken.get("*")
            if problem is not None:
                errors[guardrail.name] = problem
            elif isinstance(guardrail, AlertFiring):
                readings[guardrail.name] = Reading({}, {}, guardrail.alert in self.firing)
            else:
                readings[guardrail.name] = Reading(
                    self._series(guardrail, candidate), self._series(guardrail, baseline)
                )
        traffic = (
            {} if "*" in self.broken else self._traffic([candidate] if baseline is None else [candidate, baseline])
        )
        return Snapshot(self.at, readings, errors, traffic, self.broken.get("*"))

    def requests(self, backends: Sequence[Backend]) -> Mapping[str, float]:
        """Cumulative requests per revision."""
        self.faults.hit("requests")
        if "*" in self.broken:
            raise ClusterError(self.broken["*"])
        return {backend.revision: self._of(backend.revision).total for backend in backends}

    def traffic(self, backends: Sequence[Backend]) -> Mapping[str, Mapping[str, Series]]:
        """The same, of the one emitter."""
        self.requests(backends)  # It fails when it is to.
        return self._traffic(backends)

    def unseen(self, backend: Backend) -> str | None:
        """What was set."""
        return self.unfound

    def notes(self, tick: float) -> tuple[str, ...]:
        """Nothing."""
        return ()

    def spacing(self) -> float | None:
        """What was set."""
        return self.interval

    def in_flight(self, backend: Backend, after: float | None = None) -> int | None:
        """What was set, once `at` is later than `after`."""
        self.faults.hit("in_flight")
        if after is not None and self.at <= after:
            return None
        return self._of(backend.revision).in_flight

    def knows(self, backend: Backend, beside: Backend, after: float) -> bool | None:
        """Unless it is in `unknown`, once `at` is later than `after`."""
        self.faults.hit("knows")
        return None if self.at <= after else backend.revision not in self.unknown

    def begin_afresh(self) -> bool:
        """It counts at once."""
        return False

    def history(
        self, guardrails: Sequence[Guardrail], backend: Backend, seconds: float, tick: float
    ) -> Mapping[str, Sequence[Sequence[tuple[int, int]]]]:
        """What is in `past`."""
        self.faults.hit("history")
        return {guardrail.name: self.past[guardrail.name] for guardrail in guardrails if guardrail.name in self.past}

    def _traffic(self, backends: Sequence[Backend]) -> dict[str, dict[str, Series]]:
        return {side.revision: {EMITTER: Series(self._of(side.revision).total, 0.0, {})} for side in backends}

    def _series(self, guardrail: Guardrail, backend: Backend | None) -> dict[str, Series]:
        if backend is None or backend.revision not in self._counters:
            return {}
        counters = self._counters[backend.revision]
        if guardrail.name in counters.marks:
            return {EMITTER: counters.marks[guardrail.name]}
        threshold = guardrail.limits.threshold
        if threshold is None:
            return {EMITTER: Series(counters.total, counters.bad, {})}
        buckets = {threshold: counters.total - counters.slow, float("inf"): counters.total}
        return {EMITTER: Series(counters.total, counters.slow, buckets)}

    def _of(self, revision: str) -> _Counters:
        return self._counters.setdefault(revision, _Counters())
