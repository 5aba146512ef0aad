"""Reads what a flag's guardrails count, for either variant, from a Prometheus server; the gateway has no part in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from slipway.release.errors import ClusterError
from slipway.release.manifest.guardrails import AlertFiring, ClientFailures, Custom, Guardrail
from slipway.release.rollout_inputs import Backend, MetricsSource
from slipway.rollout.metrics import alerts, custom, custom_history, prometheus_at
from slipway.rollout.metrics.base import Series, Snapshot
from slipway.rollout.metrics.client_sources import ClientSources
from slipway.rollout.metrics.draft import Draft
from slipway.rollout.metrics.history import Ticks
from slipway.rollout.metrics.prometheus_api import Prometheus
from slipway.rollout.metrics.readers import Reader, ReadRequest, Span, past_of_all, read_all

EVALUATIONS = "evaluations"
"""What the counter of the exposure check is called in messages."""


class VariantMeter:
    """See slipway.rollout.metrics.base.Meter. `evaluations` is a query of a cumulative counter, by variant; without one
    the total of the first custom guardrail stands for it."""

    def __init__(self, api: Prometheus, evaluations: str | None = None) -> None:
        self._api = api
        self._evaluations = evaluations
        self._clients = ClientSources(api, "", None)
        self._readers: tuple[Reader[Any], ...] = (
            Reader((Custom,), self._read_custom, self._past_of_custom),
            Reader((AlertFiring,), lambda guardrails, _, draft: alerts.read(api, guardrails, draft)),
            Reader((ClientFailures,), self._clients.read_all),
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
        """Each guardrail by one query; `traffic` has the evaluations by variant."""
        look = ReadRequest(candidate, baseline, max_age)
        draft = read_all(self._readers, guardrails, look)
        self._count(guardrails, look, draft)
        return draft.finish()

    def begin_afresh(self) -> bool:
        """Its samples are as short as a look."""
        return False

    def history(
        self, guardrails: Sequence[Guardrail], backend: Backend, seconds: float, tick: float
    ) -> Mapping[str, Ticks]:
        """The past of the off variant, where a guardrail's queries can be asked for it."""
        return past_of_all(self._readers, guardrails, Span(backend, seconds, tick))

    def evaluated(self, sides: Sequence[Backend]) -> Mapping[str, Mapping[str, Series]]:
        """Evaluations by variant and emitter. Raises ClusterError; without a query of them there are none."""
        if self._evaluations is None:
            return {}
        counter = Custom(
            name=EVALUATIONS, kind="custom", good=self._evaluations, total=self._evaluations, objective=0.5
        )
        draft = Draft()
        custom.read(self._api, counter, sides, draft)
        if EVALUATIONS in draft.errors:
            raise ClusterError(f"{EVALUATIONS}: {draft.errors[EVALUATIONS]}")
        reading = draft.readings[EVALUATIONS]
        found = (reading.candidate, reading.baseline)
        return {side.revision: dict(series) for side, series in zip(sides, found, strict=False)}

    def missing(self, guardrails: Sequence[Guardrail], side: Backend) -> list[str]:
        """Names of the queries that give no series of this variant. Raises ClusterError when there is no answer."""
        asked = {f"{one.name}.total": one.total for one in guardrails if isinstance(one, Custom)}
        asked |= {f"{one.name}.seen": one.seen or "" for one in guardrails if isinstance(one, ClientFailures)}
        if self._evaluations is not None:
            asked[EVALUATIONS] = self._evaluations
        return [name for name, text in asked.items() if not self._api.query(custom.fill(text, side))]

    def _count(self, guardrails: Sequence[Guardrail], look: ReadRequest, draft: Draft) -> None:
        try:
            draft.traffic = {name: dict(series) for name, series in self.evaluated(look.sides).items()}
        except ClusterError as error:
            draft.traffic_error = str(error)
            return
        if draft.traffic:
            return
        for guardrail in guardrails:
            reading = draft.readings.get(guardrail.name)
            if isinstance(guardrail, Custom) and reading is not None:
                found = (reading.candidate, reading.baseline)
                draft.traffic = {
                    side.revision: {emitter: Series(one.total, 0.0, {}) for emitter, one in series.items()}
                    for side, series in zip(look.sides, found, strict=False)
                }
                return

    def _read_custom(self, guardrails: Sequence[Custom], look: ReadRequest, draft: Draft) -> None:
        for guardrail in guardrails:
            custom.read(self._api, guardrail, look.sides, draft)

    def _past_of_custom(self, guardrails: Sequence[Custom], span: Span) -> dict[str, Ticks]:
        found: dict[str, Ticks] = {}
        for guardrail in guardrails:
            with suppress(ClusterError):
                found[guardrail.name] = custom_history.past(self._api, guardrail, span.backend, span.seconds, span.tick)
        return found


def meter_for(metrics: MetricsSource, evaluations: str | None) -> VariantMeter:
    """The meter of a stack's metrics system. Raises ClusterError."""
    if metrics.url is None:
        raise ClusterError("exposures are judged by Prometheus; write metrics.url")
    return VariantMeter(prometheus_at(metrics.url, metrics.access), evaluations)
