"""Spans and their errors read from Tempo in its own words, by recorded answers of its documentation's form."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from slipway.release.errors import ClusterError
from slipway.release.manifest.guardrails import Traces
from slipway.release.rollout_inputs import MetricsSource
from slipway.release.target import KubernetesTarget
from slipway.rollout.metrics import source_for
from slipway.rollout.metrics.base import LogCounts, LogWindow
from slipway.rollout.metrics.draft import Draft
from slipway.rollout.metrics.logs import WindowSources
from slipway.rollout.metrics.readers import ReadRequest
from slipway.rollout.metrics.tempo import Tempo
from tests.unit.slipway.rollout.examples import backend

SPANS = Traces(name="spans", kind="traces", requests='resource.service.version="{revision}" && kind=server')
NEW, OLD = backend("bbbbbbbb"), backend("aaaaaaaa")
START, END = 1732600000.0, 1732600005.0


def answer(*series: tuple[str | None, float | None]) -> httpx2.Response:
    """As Tempo's /api/metrics/query answers: JSON of protocol buffers, which leave a 0 out."""
    listed: list[dict[str, Any]] = []
    for label, value in series:
        labels = [{"key": "name", "value": {"stringValue": label}}] if label is not None else []
        one: dict[str, Any] = {"labels": labels, "promLabels": f'{{name="{label}"}}'}
        listed.append(one | ({"value": value} if value is not None else {}))
    return httpx2.Response(200, json={"series": listed, "metrics": {"inspectedBytes": "1024", "completedJobs": 3}})


def server(answers: list[httpx2.Response], asked: list[httpx2.Request], tenant: str | None = None) -> Tempo:
    def serve(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        return answers.pop(0)

    return Tempo("http://tempo.example:3200", tenant=tenant, transport=httpx2.MockTransport(serve))


def test_spans_of_requests_are_counted_and_errors_by_their_operation() -> None:
    asked: list[httpx2.Request] = []
    answers = [answer((None, 412)), answer(("GET /cart", 5), ("POST /order", 2))]
    found = server(answers, asked, "shop").count(SPANS, NEW, START, END)
    assert found == LogCounts(412, 7, {"GET /cart": 5, "POST /order": 2})
    requests = 'resource.service.version="bbbbbbbb" && kind=server'
    assert [request.url.params["q"] for request in asked] == [
        f"{{ {requests} }} | count_over_time()",
        f"{{ ({requests}) && (status=error) }} | count_over_time() by (name)",
    ]
    assert [(one.url.path, one.url.params["start"], one.url.params["end"]) for one in asked] == [
        ("/api/metrics/query", "1732600000", "1732600005")
    ] * 2
    assert {request.headers["X-Scope-OrgID"] for request in asked} == {"shop"}


def test_a_window_without_spans_has_no_requests() -> None:
    assert server([answer(), answer()], []).count(SPANS, NEW, START, END) == LogCounts(0, 0, {})
    assert server([answer((None, None)), answer()], []).count(SPANS, NEW, START, END) == LogCounts(0, 0, {})


@pytest.mark.parametrize(
    ("response", "said"),
    [
        (httpx2.Response(400, text="invalid TraceQL query: parse error at line 1"), "refused: invalid TraceQL query"),
        (httpx2.Response(500, text="too many jobs"), "answered HTTP 500: too many jobs"),
        (httpx2.Response(200, text="<html>"), "answered what is no TraceQL metric; check that metrics.traces.url"),
        (httpx2.Response(200, json=[1]), "no TraceQL metric"),
        (httpx2.Response(200, json={"series": [{"labels": [{}], "value": 1}]}), "no TraceQL metric"),
        (httpx2.Response(200, json={"series": [], "status": "PARTIAL"}), "a part of the answer only"),
        (answer((None, -1.0)), r"counted -1\.0 spans"),
    ],
)
def test_whatever_else_it_answers_is_an_error_with_its_reason(response: httpx2.Response, said: str) -> None:
    with pytest.raises(ClusterError, match=said) as error:
        server([response], []).count(SPANS, NEW, START, END)
    assert str(error.value).startswith("Tempo at http://tempo.example:3200")


def test_windows_close_some_time_ago_and_follow_each_other() -> None:
    asked: list[httpx2.Request] = []
    now = [END]
    tempo = server([answer((None, 3)), answer()] * 4, asked)
    sources = WindowSources(tempo, 30.0, lambda: now[0], "traces")
    windows = []
    for _ in range(3):
        draft = Draft()
        sources.read_all([SPANS], ReadRequest(NEW, OLD), draft)
        windows.append(draft.readings["spans"].logs)
        now[0] += 10.0
    assert windows == [
        None,
        LogWindow(END - 30, END - 20, LogCounts(3, 0, {}), LogCounts(3, 0, {})),
        LogWindow(END - 20, END - 10, LogCounts(3, 0, {}), LogCounts(3, 0, {})),
    ]


def test_without_a_server_the_setting_is_named() -> None:
    draft = Draft()
    WindowSources[Traces](None, 0.0, setting="traces").read_all([SPANS], ReadRequest(NEW, OLD), draft)
    assert "where its traces are: write releases:metrics traces.url" in draft.errors["spans"]


def test_a_stack_names_its_server() -> None:
    metrics = {"kind": "prometheus", "url": "http://prometheus.example", "traces": {"kind": "tempo", "url": "http://t"}}
    assert source_for(MetricsSource.model_validate(metrics), KubernetesTarget(namespace="shop")) is not None


def test_a_condition_is_no_pipeline() -> None:
    with pytest.raises(ValueError, match="pattern"):
        Traces(name="spans", kind="traces", requests="kind=server } | rate() | { true")
