from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.release.errors import ClusterError
from slipway.release.manifest.guardrails import AlertFiring, ClientFailures, Custom, ErrorRatio, Guardrail, Latency
from slipway.rollout.metrics.prometheus import PrometheusSource
from slipway.rollout.metrics.prometheus_answer import alerting_rules, data_of, instant_series, range_series
from slipway.rollout.metrics.prometheus_api import Prometheus
from tests.unit.slipway.rollout.examples import backend
from tests.unit.slipway.rollout.metrics.server import Server, result

GUARDRAILS: list[Guardrail] = [
    ErrorRatio(name="errors", kind="error-ratio"),
    Latency(name="latency", kind="latency", threshold=0.25),
    Custom(name="paid", kind="custom", good="good{revision}", total="total{revision}"),
    AlertFiring(name="alert", kind="alert", alert="Burning"),
    ClientFailures(name="clients", kind="client-failures", source="bitmap", seen="seen", failed="failed"),
]
SERIES = {"metric": {"__name__": "x"}, "value": [100, "2"], "values": [[99, "1"], [100, "2"]]}

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats() | st.sampled_from(["", "NaN", "1", "success", "x"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["metric", "value", "values", "name", "rules", "groups", "result", "le", "pod", "__name__"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@pytest.mark.parametrize(
    "series",
    [
        {**SERIES, "metric": None},
        {**SERIES, "metric": {"pod": 7}},
        {**SERIES, "value": None, "values": None},
        {**SERIES, "value": [100], "values": [[100]]},
        {**SERIES, "value": ["soon", "2"], "values": [["soon", "2"]]},
        {**SERIES, "value": [100, "two"], "values": [[100, "two"]]},
        {**SERIES, "value": [100, True], "values": [[100, {}]]},
        {**SERIES, "value": ["NaN", "2"], "values": [[100, "2"], [99, "1"]]},
        None,
    ],
)
def test_a_series_of_another_shape_is_refused_by_both_readers(series: Any) -> None:
    for read in (instant_series, range_series):
        with pytest.raises(ClusterError, match=r"^it: "):
            read({"result": [series]}, "it")


def test_numbers_may_be_text_or_numbers_and_nothing_else_changes() -> None:
    for value in ("2", "NaN", "+Inf", 2, 2.5):
        series = {"metric": {"__name__": "x"}, "value": [100, value], "values": [[99.5, "1"], [100, value]]}
        assert instant_series({"result": [series]}, "it") == [series]
        assert range_series({"result": [series]}, "it") == [series]


@pytest.mark.parametrize(
    "more",
    [{"warnings": [1]}, {"warnings": "store is away"}, {"warnings": [{"text": "x"}]}, {"isPartial": True}],
)
def test_whatever_says_that_the_answer_is_partial_refuses_it(more: dict[str, Any]) -> None:
    with pytest.raises(ClusterError, match="it gave a partial answer"):
        data_of({"status": "success", "data": {"result": []}, **more}, "it")


def test_a_whole_answer_that_says_so_is_taken() -> None:
    assert data_of({"status": "success", "isPartial": False, "warnings": None, "data": {"a": 1}}, "it") == {"a": 1}


@pytest.mark.parametrize("groups", [{"a": 1}, ["x"], [{"rules": "x"}], [{"rules": [None]}], 7])
def test_rules_of_another_shape_are_refused(groups: Any) -> None:
    with pytest.raises(ClusterError, match="is no list of objects"):
        alerting_rules({"groups": groups}, ["A"], "it")


@given(st.one_of(JSON, JSON.map(lambda data: {"status": "success", "data": data})), JSON)
@settings(max_examples=150)
def test_a_snapshot_never_raises_whatever_a_server_answers(answer: Any, inner: Any) -> None:
    server = Server()
    server.on("", httpx2.Response(200, content=_json(answer)))
    server.on("envoy_server_uptime[300s]", result({"metric": {}, "values": [[0, "1"], [1, "2"]]}))
    server.on("vector", httpx2.Response(200, content=_json({"status": "success", "data": {"result": [inner]}})))
    found = PrometheusSource(Prometheus("http://prometheus.example", None, server.transport), "shop").snapshot(
        GUARDRAILS, backend("new"), backend("old")
    )
    assert {*found.errors, *found.readings} <= {guardrail.name for guardrail in GUARDRAILS}


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


@pytest.mark.parametrize("url", ["http://user:p#ssw0rd@host:9090", "http://user:secret@[::1", "http://host:port"])
def test_a_url_that_is_none_is_one_line_without_its_password(url: str) -> None:
    with pytest.raises(ClusterError, match=r"^metrics.url is no URL") as caught:
        Prometheus(url)
    assert "ssw0rd" not in str(caught.value)
    assert caught.value.__cause__ is None
