"""Whether the data plane has what the gateway accepted: a backend that left the route gets no request any more.

`Accepted` in a route's status is written by the gateway's controller; its proxies may be cut off from it and go on
sending to a backend that the route does not name any more. Only their own counters tell, in samples that were taken
after the write: every proxy must have been scraped twice, and its count for the backend must stand still in between. A
source that counts whole periods has to show one that began after the write.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping

from slipway.release.errors import ClusterError
from slipway.release.rollout_inputs import Backend, RolloutInputs
from slipway.release.units import show_seconds
from slipway.rollout.adapters import Adapters
from slipway.rollout.metrics.base import Series, Source
from slipway.rollout.traffic.scrape_pauses import scrape_pause

LEAST = 30.0
"""Seconds of failing metrics or of requests that go on before it counts as not in force, whatever `errorGrace` is."""
LONGEST = 600.0
"""Seconds for everything, waiting for slow scrapes included."""
IDLE_WITHIN = 10.0
"""Seconds for requests that are still in flight once no new ones come; streams may never end."""


class InForce:
    """Watches one backend that left the route. Raises from `wait` say why it was not seen without requests."""

    def __init__(self, adapters: Adapters, wanted: RolloutInputs, gone: Backend) -> None:
        self._adapters = adapters
        self._wanted = wanted
        self._gone = gone
        self._mark: float | None = None
        self._counts: Mapping[str, Series] | None = None
        self._grew = 0.0
        self.problem = "it was not looked at"

    def wait(self, cancelled: threading.Event) -> None:
        """Return once the backend is seen without requests. Raises ClusterError when that does not happen in time."""
        source = self._adapters.source
        if source is None:
            raise ClusterError(f"{self._gone.entry}: there is no metrics source to see it without requests by")
        patience = max(LEAST, self._wanted.analysis.error_grace)
        began = good = self._adapters.now()
        while not self._look(source):
            now = self._adapters.now()
            if not self.problem:  # nothing is wrong, the next scrape has to come
                good = now
            if now - good > patience or now - began > LONGEST or cancelled.is_set():
                why = self.problem or f"no proxy was scraped twice within {show_seconds(float(round(now - began)))}"
                raise ClusterError(f"{self._gone.entry} was not seen without requests: {why}")
            self._adapters.pause(scrape_pause(now - began))
        self._await_idle(source)

    def _look(self, source: Source) -> bool:
        """One look; `problem` is empty while only the next scrape is awaited."""
        try:
            if self._mark is None:
                afresh = source.begin_afresh()
                mark = self._newest(source)
                if afresh:  # whatever its counters grow by from here on came after the write
                    self._counts = source.traffic((self._gone,)).get(self._gone.revision, {})
                self._mark, self.problem = mark, ""
                return False
            if source.in_flight(self._gone, self._mark) is None:
                self.problem = self._described()
                return False
            counts = source.traffic((self._gone,)).get(self._gone.revision, {})
            mark = self._newest(source)  # asked after the counts: the next ones are of a later scrape
        except ClusterError as error:
            self.problem = str(error)
            return False
        still = self._counts is not None and _growth(self._counts, counts) == 0
        self._grew = 0.0 if self._counts is None else _growth(self._counts, counts)
        self._mark, self._counts = mark, counts
        self.problem = self._described()
        return still

    def _newest(self, source: Source) -> float:
        at = source.snapshot(self._wanted.guardrails, self._wanted.candidate, self._gone).at
        if at <= 0:
            raise ClusterError("the metrics source has no samples of the data plane")
        return at

    def _described(self) -> str:
        if self._grew <= 0:
            return ""
        return (
            f"the data plane still sends to it ({self._grew:,.0f} requests between the last two scrapes) although the "
            "gateway has accepted the route; check that the proxies are connected to the gateway's controller"
        )

    def _await_idle(self, source: Source) -> None:
        """Give requests that are under way time to end; pods drain by themselves."""
        began = self._adapters.now()
        while (waited := self._adapters.now() - began) < IDLE_WITHIN:
            try:
                if source.in_flight(self._gone) == 0:  # every sample is later than the write by now
                    return
            except ClusterError:
                return
            self._adapters.pause(scrape_pause(waited))


def _growth(before: Mapping[str, Series], after: Mapping[str, Series]) -> float:
    known = {name: before[name].total if name in before else 0.0 for name in after}
    return sum(max(0.0, series.total - known[name]) for name, series in after.items())
