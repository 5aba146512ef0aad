"""Whether the data plane knows a backend that joined the route, before it gets traffic.

Proxies are told of clusters, endpoints and routes on streams of their own, which a restart of the gateway's controller
cuts, and which come back one after the other, up to half a minute apart. A route that comes first sends requests to a
backend whose endpoints are not there: 240 answers of 503 in one trial. The proxies' own statistics tell which backends
they have.
"""

from __future__ import annotations

import threading

from slipway.release.errors import ClusterError
from slipway.release.rollout_inputs import Backend
from slipway.rollout.adapters import Adapters
from slipway.rollout.traffic.in_force import LEAST, LONGEST
from slipway.rollout.traffic.scrape_pauses import scrape_pause

AT_ONCE = 5.0
"""Seconds of one wait; its caller looks at everything else in between."""
HURRY = 5.0
"""Seconds that a return waits for a scrape of the proxies, when nothing says that they were cut off."""
PROMPT = 2.0
"""Seconds in which a controller that is there accepts a route; Contour needs 6 to 200 milliseconds."""
UNKNOWN = (
    "not every proxy knows it, although the gateway has accepted the route; check that the proxies are connected to "
    "the gateway's controller"
)


class NotKnownYet(ClusterError):
    """Not every proxy knows it; `overdue` when that took too long."""

    def __init__(self, text: str, *, overdue: bool) -> None:
        super().__init__(text)
        self.overdue = overdue


class Joined:
    """Watches one backend from its join on. `beside` is the one that has the traffic and was in the route before; with
    `hurry` it is not waited for scrapes that do not come. `patience` is how long something may be wrong, in seconds."""

    def __init__(
        self, adapters: Adapters, backend: Backend, beside: Backend, patience: float = LEAST, *, hurry: bool = False
    ) -> None:
        self._adapters = adapters
        self._backend = backend
        self._beside = beside
        self._patience = max(LEAST, patience)
        self._hurry = hurry
        self._began = self._good = adapters.now()
        self._mark: float | None = None

    def wait(self, cancelled: threading.Event) -> None:
        """Return once every proxy knows it. Raises NotKnownYet after a while: call again."""
        until = self._adapters.now() + AT_ONCE
        while True:
            known, why = self._look()
            now = self._adapters.now()
            if known or (known is None and self._hurry and now - self._began > HURRY):
                return
            if not why:  # nothing is wrong, the next scrape has to come
                self._good, why = now, "the proxies were not scraped since it joined the route"
            if now > until or cancelled.is_set():
                overdue = now - self._good > self._patience or now - self._began > LONGEST
                raise NotKnownYet(f"{self._backend.entry} gets no traffic yet: {why}", overdue=overdue)
            self._adapters.pause(scrape_pause(now - self._began))

    def _look(self) -> tuple[bool | None, str]:
        """Whether they know it, None where that cannot be seen; and what is wrong."""
        source = self._adapters.source
        if source is None:
            return None, "there is no metrics source"
        try:
            if self._mark is None:
                seen = source.traffic((self._beside,)).get(self._beside.revision, {})
                self._mark = max((series.at for series in seen.values()), default=0.0)
            known = source.knows(self._backend, self._beside, self._mark)
        except ClusterError as error:
            return None, str(error)
        return known, UNKNOWN if known is False else ""
