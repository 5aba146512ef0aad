"""Each guardrail is read by the one reader of its kind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

import httpx2
import pytest

from slipway.release.errors import ClusterError
from slipway.release.manifest.guardrails import AlertFiring, ErrorRatio, Guardrail, Latency
from slipway.rollout.metrics.draft import Draft
from slipway.rollout.metrics.prometheus import PrometheusSource
from slipway.rollout.metrics.prometheus_api import Prometheus
from slipway.rollout.metrics.readers import Reader, ReadRequest, Span, past_of_all, read_all
from tests.unit.slipway.rollout.examples import backend

KINDS = get_args(get_args(Guardrail)[0])
ERRORS = ErrorRatio(kind="error-ratio", name="errors")
SLOW = Latency(kind="latency", name="slow", threshold=0.5)
ALERT = AlertFiring(kind="alert", name="burn", alert="Burn")
LOOK = ReadRequest(backend("a"), backend("b"))
SPAN = Span(backend("a"), 60.0, 1.0)


class Noted:
    """Readers that note what they are asked for."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def read(self, guardrails: Sequence[Any], look: ReadRequest, draft: Draft) -> None:
        assert look is LOOK
        self.asked.append([one.name for one in guardrails])
        draft.fail([one.name for one in guardrails], "noted")

    def past(self, guardrails: Sequence[Any], span: Span) -> dict[str, list[list[tuple[int, int]]]]:
        assert span is SPAN
        return {one.name: [[(1, 0)]] for one in guardrails}


def test_prometheus_has_one_reader_for_each_kind_of_guardrail() -> None:
    transport = httpx2.MockTransport(lambda _: httpx2.Response(404))
    source = PrometheusSource(Prometheus("http://prometheus.example", None, transport), "shop")
    read = [kind for reader in source._readers for kind in reader.kinds]
    assert sorted(read, key=str) == sorted(KINDS, key=str)


def test_each_reader_gets_its_own_and_is_not_asked_for_nothing_unless_it_wants_to_be() -> None:
    noted = Noted()
    table: list[Reader[Any]] = [
        Reader((AlertFiring,), noted.read),
        Reader((ErrorRatio, Latency), noted.read, always=True),
    ]
    draft = read_all(table, [ERRORS, ALERT, SLOW], LOOK)
    assert noted.asked == [["burn"], ["errors", "slow"]]
    assert draft.errors == {"burn": "noted", "errors": "noted", "slow": "noted"}
    read_all(table, [], LOOK)
    assert noted.asked[2:] == [[]]


def test_the_past_is_asked_of_those_that_have_one() -> None:
    noted = Noted()
    table: list[Reader[Any]] = [
        Reader((ErrorRatio, Latency), noted.read, noted.past),
        Reader((AlertFiring,), noted.read),
    ]
    assert past_of_all(table, [ERRORS, ALERT], SPAN) == {"errors": [[(1, 0)]]}
    assert past_of_all(table, [ALERT], SPAN) == {}


def test_a_past_that_cannot_be_read_is_an_error() -> None:
    def away(_guardrails: Sequence[Any], _span: Span) -> dict[str, list[list[tuple[int, int]]]]:
        raise ClusterError("away")

    with pytest.raises(ClusterError, match="away"):
        past_of_all([Reader((ErrorRatio,), Noted().read, away)], [ERRORS], SPAN)
