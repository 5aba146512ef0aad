"""The source that reads Prometheus: raw counters of the gateway's Envoys, custom counters and firing alerts.

Never rate() or increase(): they extrapolate, and a decision must be recomputable from whole events.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from slipway.release.data_plane import DataPlane
from slipway.release.data_planes import data_plane_of, profile_name
from slipway.release.errors import ClusterError
from slipway.release.manifest.guardrails import (
    AlertFiring,
    ClientFailures,
    Custom,
    ErrorRatio,
    Guardrail,
    Latency,
    Logs,
    Slo,
    Traces,
)
from slipway.release.rollout_inputs import AccessLog, Backend
from slipway.release.units import show_seconds
from slipway.rollout.metrics import alerts, custom, custom_history
from slipway.rollout.metrics.base import Snapshot
from slipway.rollout.metrics.client_sources import ClientSources
from slipway.rollout.metrics.counted import Counted, CountedByProxies
from slipway.rollout.metrics.draft import Draft
from slipway.rollout.metrics.envoy import (
    REQUESTS,
    SECONDS,
    Frame,
    scrape_interval,
)
from slipway.rollout.metrics.history import History, Ticks
from slipway.rollout.metrics.hub import Asked, hub_of
from slipway.rollout.metrics.logs import WindowSources
from slipway.rollout.metrics.profiles import Lens
from slipway.rollout.metrics.prometheus_api import Prometheus
from slipway.rollout.metrics.readers import Reader, ReadRequest, Span, past_of_all, read_all

LOOK_BACK = 300.0
"""Seconds within which two scrapes must lie for the interval to be learned."""
STALE_INTERVALS = 3
SLACK = 2.0
"""Seconds that a scrape may take on top."""


class PrometheusSource(CountedByProxies):
    """See slipway.rollout.metrics.base.Source.

    Data is stale, and so an error, when no Envoy has a scrape within STALE_INTERVALS scrape intervals plus SLACK.
    The interval is learned from the data, and Prometheus' own clock measures the age.
    """

    def __init__(
        self,
        api: Prometheus,
        namespace: str,
        profile: str | DataPlane | None = None,
        access_log: AccessLog | None = None,
        logs: WindowSources[Logs] | None = None,
        traces: WindowSources[Traces] | None = None,
        route: str = "",
    ) -> None:
        """`route` is the name of the HTTPRoute; data planes that count by Service can do without."""
        self._api = api
        self._hub = hub_of(self._api)
        super().__init__(Lens(profile_name(profile), data_plane_of(profile), namespace, route))
        self._clients = ClientSources(self._api, namespace, access_log)
        self._logs = logs if logs is not None else WindowSources[Logs](None, 0.0)
        self._traces = traces if traces is not None else WindowSources[Traces](None, 0.0, setting="traces")
        self._interval: float | None = None
        self._readers: tuple[Reader[Any], ...] = (
            Reader((ErrorRatio, Latency, Slo), self._read_counted, self._past_at_the_gateway, always=True),
            Reader((Custom,), self._read_custom, self._past_of_custom),
            Reader((AlertFiring,), lambda guardrails, _, draft: alerts.read(self._api, guardrails, draft)),
            Reader((ClientFailures,), self._clients.read_all),
            Reader((Logs,), self._logs.read_all),
            Reader((Traces,), self._traces.read_all),
        )

    def snapshot(
        self,
        guardrails: Sequence[Guardrail],
        candidate: Backend,
        baseline: Backend | None,
        max_age: float = 0.0,
        *,
        copied: bool = False,
    ) -> Snapshot:
        """Read every guardrail's counters now: one query for all of Envoy's, one a custom guardrail, one for all
        alerts. What fails is in `errors`; `at` is 0 when nothing could be read."""
        return read_all(self._readers, guardrails, ReadRequest(candidate, baseline, max_age, copied)).finish()

    def read_others(self, guardrails: Sequence[Guardrail], look: ReadRequest) -> Draft:
        """Only those that are not counted at the gateway."""
        return read_all(self._readers[1:], guardrails, look)

    def reached(self) -> dict[str, Any]:
        """How far what is handed on once was read."""
        return {
            "clients": self._clients.reached(),
            "logs": self._logs.reached(),
            "traces": self._traces.reached(),
        }

    def go_on(self, reached: Mapping[str, Any]) -> None:
        """From where another process was. Raises ValueError when it is something else."""
        try:
            self._clients.go_on(reached["clients"])
            self._logs.go_on(reached["logs"])
            self._traces.go_on(reached["traces"])
        except (AttributeError, KeyError, TypeError) as error:
            raise ValueError(f"this is not how far a source was read: {error!r}") from error

    def unseen(self, backend: Backend) -> str | None:
        """Why nothing is known to have been sent to it; see the protocol."""
        if self._lens.is_plain:
            return None
        try:
            if self.requests([backend])[backend.revision] > 0:
                return None
        except ClusterError as error:
            return str(error)
        query = self._lens.selector([REQUESTS], [backend], LOOK_BACK)
        return (
            f"the profile {self._lens.name} finds no request of {backend.entry}, which serves; "
            f"correct metrics.profile, or send it some: {query}"
        )

    def notes(self, tick: float) -> tuple[str, ...]:
        """Nothing: one query a look."""
        return ()

    def spacing(self) -> float | None:
        """The scrape interval."""
        try:
            return self._interval if self._interval is not None else self._learn_interval()
        except ClusterError:
            return None

    def history(
        self, guardrails: Sequence[Guardrail], backend: Backend, seconds: float, tick: float
    ) -> Mapping[str, Ticks]:
        """The past of one backend, for the guardrails that are counted at the gateway or by queries of their own. A
        query that cannot be asked for its past leaves its guardrail out."""
        return past_of_all(self._readers, guardrails, Span(backend, seconds, tick))

    def _past_of_custom(self, guardrails: Sequence[Custom], span: Span) -> dict[str, Ticks]:
        found: dict[str, Ticks] = {}
        for guardrail in guardrails:
            with suppress(ClusterError):
                found[guardrail.name] = custom_history.past(self._api, guardrail, span.backend, span.seconds, span.tick)
        return found

    def _past_at_the_gateway(self, counted: Sequence[Counted], span: Span) -> dict[str, Ticks]:
        thresholds = {guardrail.name: guardrail.limits.threshold for guardrail in counted}
        names = [REQUESTS] if set(thresholds.values()) == {None} else [REQUESTS, SECONDS]
        cluster = self._cluster(span.backend)
        rows = self._api.ranges(self._lens.selector(names, [span.backend], span.seconds))
        past = History(self._lens.read(rows, [span.backend]), cluster)
        return {
            name: past.errors(span.tick) if threshold is None else past.slow(threshold, span.tick)
            for name, threshold in thresholds.items()
        }

    def _read_custom(self, guardrails: Sequence[Custom], look: ReadRequest, draft: Draft) -> None:
        for guardrail in guardrails:
            custom.read(self._api, guardrail, look.sides, draft)

    def _frame(
        self, names: Sequence[str], backends: Sequence[Backend], max_age: float = 0.0, copied: Backend | None = None
    ) -> Frame:
        """The newest samples, none of them stale. Raises ClusterError."""
        interval = self._interval if self._interval is not None else self._learn_interval()
        window = STALE_INTERVALS * interval + SLACK
        if max_age > 0 and self._lens.is_plain:
            clusters = tuple(self._cluster(backend) for backend in backends)
            rows = self._hub.ranges(Asked(tuple(names), clusters, window), max_age)
        else:
            rows = self._api.ranges(self._lens.selector(names, backends, window, copied=copied is not None))
        frame = self._framed(rows, backends, copied)
        if not frame.emitters:
            # The interval may have been changed.
            self._interval = None
            raise ClusterError(
                f"{self._api.name} has stale data: no {self._what} was scraped within "
                f"{show_seconds(math.ceil(window))}, "
                f"the scrape interval being {show_seconds(round(interval, 1))}; check its targets"
            )
        return frame

    def _learn_interval(self) -> float:
        interval = scrape_interval(self._api.ranges(self._lens.alive(LOOK_BACK)))
        if interval is None:
            raise ClusterError(
                f"{self._api.name} has no two samples of {self._lens.plane.alive.metric} within "
                f"{show_seconds(LOOK_BACK)}; check that it scrapes {self._where}"
            )
        self._interval = interval
        return interval

    @property
    def _what(self) -> str:
        return "Envoy" if self._lens.is_plain else f"emitter of the profile {self._lens.name}"

    @property
    def _where(self) -> str:
        plain = "the gateway's Envoy"
        return plain if self._lens.is_plain else f"what metrics.profile ({self._lens.name}) describes, or correct that"
