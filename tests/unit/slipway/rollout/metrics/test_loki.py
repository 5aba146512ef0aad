"""Requests and their errors read from Loki in its own words, by recorded answers of its documentation's form."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from pydantic import ValidationError

from slipway.release.errors import ClusterError
from slipway.release.manifest.guardrails import Logs
from slipway.release.rollout_inputs import LogsSource, MetricsSource
from slipway.release.target import KubernetesTarget
from slipway.rollout.metrics import source_for
from slipway.rollout.metrics.base import LogCounts
from slipway.rollout.metrics.logs import MOST
from slipway.rollout.metrics.loki import Loki
from tests.unit.slipway.rollout.examples import backend

LOGS = Logs(
    name="logs",
    kind="logs",
    requests='{app="checkout", revision="{revision}"} | json',
    errors='level="error"',
    request_id="trace.id",
    message="msg",
)
NEW = backend("bbbbbbbb")
STATS = {"summary": {"bytesProcessedPerSecond": 1, "linesProcessedPerSecond": 1, "execTime": 0.01}, "ingester": {}}
START, END = 1732600000.0, 1732600005.0


def vector(*series: tuple[dict[str, str], str]) -> httpx2.Response:
    """An answer to an instant query, with the statistics that Loki adds."""
    result = [{"metric": labels, "value": [END, value]} for labels, value in series]
    data = {"resultType": "vector", "result": result, "stats": STATS}
    return httpx2.Response(200, json={"status": "success", "data": data})


ERRORS = vector(
    ({"slipway_signature": "cannot reach <N>.<N>.<N>.<N>:<N>"}, "5"),
    ({"slipway_signature": "order <N> is unknown"}, "3"),
)


def server(answers: list[httpx2.Response], asked: list[httpx2.Request], tenant: str | None = None) -> Loki:
    def serve(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        return answers.pop(0)

    return Loki("http://loki.example:3100", tenant=tenant, transport=httpx2.MockTransport(serve))


def test_requests_are_counted_and_not_lines_and_signatures_are_masked_by_the_server() -> None:
    asked: list[httpx2.Request] = []
    found = server([vector(({}, "412")), vector(({}, "7")), ERRORS], asked).count(LOGS, NEW, START, END)
    assert found == LogCounts(412, 7, {"cannot reach <N>.<N>.<N>.<N>:<N>": 5, "order <N> is unknown": 3})
    lines = '{app="checkout", revision="bbbbbbbb"} | json'
    wrong = f'{lines} | level="error" | trace_id!=""'
    queries = [request.url.params["query"] for request in asked]
    assert queries[:2] == [
        f'count(sum by (trace_id) (count_over_time({lines} | trace_id!="" [5s])))',
        f"count(sum by (trace_id) (count_over_time({wrong} [5s])))",
    ]
    assert queries[2].startswith(
        f"count by (slipway_signature) (sum by (slipway_signature, trace_id) (count_over_time({wrong} | label_format "
        'slipway_signature="{{ regexReplaceAll `'
    )
    assert queries[2].endswith('|[0-9]+` .msg `<N>` }}" [5s])))')
    assert {request.url.path for request in asked} == {"/loki/api/v1/query"}
    assert {request.url.params["time"] for request in asked} == {"1732600005000000000"}, "the end of the window, in ns"


def test_windows_in_a_row_are_asked_without_a_gap_and_without_an_overlap() -> None:
    asked: list[httpx2.Request] = []
    it = server([vector(), vector()] * 2, asked)
    it.count(LOGS, NEW, START, END)
    it.count(LOGS, NEW, END, END + 7)
    spans = [(int(one.url.params["time"][:-9]), one.url.params["query"].rpartition("[")[2]) for one in asked[::2]]
    assert spans == [(int(END), "5s])))"), (int(END) + 7, "7s])))")]


def test_a_window_without_lines_is_no_series_and_has_no_requests() -> None:
    assert server([vector(), vector()], []).count(LOGS, NEW, START, END) == LogCounts(0, 0, {})


def test_errors_may_be_stages_of_their_own() -> None:
    asked: list[httpx2.Request] = []
    stages = LOGS.model_copy(update={"errors": '|= "panic" | logfmt'})
    server([vector(), vector()], asked).count(stages, NEW, START, END)
    assert '| json |= "panic" | logfmt | trace_id' in asked[1].url.params["query"]


def test_the_tenant_is_named_in_each_request() -> None:
    asked: list[httpx2.Request] = []
    server([vector(), vector()], asked, "shop").count(LOGS, NEW, START, END)
    assert [request.headers["X-Scope-OrgID"] for request in asked] == ["shop", "shop"]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            httpx2.Response(400, text="parse error at line 1, col 5: syntax error: unexpected IDENTIFIER"),
            "refused: parse error at line 1",
        ),
        (httpx2.Response(200, json={"status": "error", "error": "maximum of series (500) reached"}), "maximum of ser"),
        (vector(({}, "NaN")), "counted nan requests"),
        (vector(({"a": "1"}, "1"), ({"a": "2"}, "1")), "the answer holds 2 series where one number was asked for"),
        (httpx2.Response(429, json={"status": "error", "error": "too many outstanding requests"}), "too many outst"),
    ],
)
def test_whatever_else_it_answers_is_an_error_with_its_reason(answer: httpx2.Response, said: str) -> None:
    with pytest.raises(ClusterError, match=said) as error:
        server([answer], []).count(LOGS, NEW, START, END)
    assert str(error.value).startswith("Loki at http://loki.example:3100")


def test_too_many_different_errors_mean_nothing() -> None:
    many = vector(*(({"slipway_signature": f"e{number}"}, "1") for number in range(MOST + 1)))
    with pytest.raises(ClusterError, match="501 different errors in one window"):
        server([vector(({}, "900")), vector(({}, "700")), many], []).count(LOGS, NEW, START, END)


def test_a_stack_names_its_kind_of_server() -> None:
    def source(**more: Any) -> MetricsSource:
        logs = {"kind": "loki", "url": "http://loki.example:3100", **more}
        return MetricsSource.model_validate({"kind": "prometheus", "url": "http://prometheus.example", "logs": logs})

    assert source_for(source(tenant="shop"), KubernetesTarget(namespace="shop")) is not None
    assert isinstance(source().logs, LogsSource)
    with pytest.raises(ValidationError, match="tenant belongs to `kind: loki`"):
        source(kind="victoria-logs", tenant="shop")
