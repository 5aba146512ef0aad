"""Windows of logs: closed, without gaps and overlaps, and read from VictoriaLogs in its own words."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qs

import httpx2
import pytest

from slipway.release.errors import ClusterError
from slipway.release.manifest.guardrails import Logs
from slipway.release.rollout_inputs import Backend
from slipway.rollout.metrics.base import LogCounts, LogWindow, Reading
from slipway.rollout.metrics.draft import Draft
from slipway.rollout.metrics.logs import MOST, WindowSources
from slipway.rollout.metrics.readers import ReadRequest
from slipway.rollout.metrics.victoria_logs import VictoriaLogs
from tests.unit.slipway.rollout.examples import backend

LOGS = Logs(
    name="logs",
    kind="logs",
    requests='{app="checkout"} revision:="{revision}"',
    errors="level:=error",
    request_id="trace.id",
)
NEW, OLD = backend("bbbbbbbb"), backend("aaaaaaaa")
LOOK = ReadRequest(NEW, OLD)


class Server:
    """Counts by the length of the window; `asked` has every question."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, float, float]] = []
        self.down = ""

    def count(self, guardrail: Logs, side: Backend, start: float, end: float) -> LogCounts:
        if self.down:
            raise ClusterError(self.down)
        self.asked.append((side.revision, start, end))
        return LogCounts(round(end - start), 0, {})


class Clock:
    now = 1000.4

    def __call__(self) -> float:
        return self.now


def look(sources: WindowSources[Logs], request: ReadRequest = LOOK) -> Draft:
    draft = Draft()
    sources.read_all([LOGS], request, draft)
    return draft


def window(draft: Draft) -> LogWindow | None:
    return draft.readings["logs"].logs


def test_windows_end_before_now_follow_each_other_and_are_never_short() -> None:
    server, clock = Server(), Clock()
    sources = WindowSources(server, 5.0, clock)
    assert look(sources).readings == {"logs": Reading({}, {})}
    spans = []
    for _ in range(20):
        clock.now += 1.7
        found = window(look(sources))
        if found is not None:
            assert found.end <= clock.now - 5.0
            spans.append((found.start, found.end))
    assert spans[0][0] == 995
    assert all(before[1] == after[0] for before, after in pairwise(spans))
    assert all(end - start >= 5 for start, end in spans)
    assert len(spans) >= 4


def test_what_could_not_be_read_is_part_of_the_next_window() -> None:
    server, clock = Server(), Clock()
    sources = WindowSources(server, 5.0, clock)
    look(sources)
    server.down = "VictoriaLogs is away"
    clock.now += 10
    assert look(sources).errors == {"logs": "VictoriaLogs is away"}
    server.down = ""
    clock.now += 10
    found = window(look(sources))
    assert found is not None
    assert (found.start, found.end, found.candidate.total) == (995, 1015, 20)


def test_after_a_long_outage_only_the_last_minutes_are_read() -> None:
    clock = Clock()
    sources = WindowSources(Server(), 5.0, clock)
    look(sources)
    clock.now += 4000
    found = window(look(sources))
    assert found is not None
    assert found.end - found.start == 300


def test_another_candidate_begins_anew() -> None:
    clock = Clock()
    sources = WindowSources(Server(), 5.0, clock)
    look(sources)
    clock.now += 50
    assert window(look(sources, ReadRequest(backend("cccccccc"), OLD))) is None


def test_a_stack_that_does_not_say_where_its_logs_are_is_an_error() -> None:
    assert "releases:metrics logs.url" in look(WindowSources(None, 5.0)).errors["logs"]


# What VictoriaLogs v1.52.1 answered, shortened.
TOTALS = [
    {"metric": {"__name__": "requests"}, "value": [1732600000, "412"]},
    {"metric": {"__name__": "bad"}, "value": [1732600000, "7"]},
]
ERRORS = [
    {"metric": {"__name__": "n", "_msg": "cannot reach <IP4>:<N>"}, "value": [1732600000, "5"]},
    {"metric": {"__name__": "n", "_msg": "order <N> is unknown"}, "value": [1732600000, "3"]},
]


def vector(result: list[dict[str, Any]]) -> httpx2.Response:
    return httpx2.Response(200, json={"status": "success", "data": {"resultType": "vector", "result": result}})


def server(answers: list[httpx2.Response], asked: list[str]) -> VictoriaLogs:
    def serve(request: httpx2.Request) -> httpx2.Response:
        assert request.url.path == "/select/logsql/stats_query"
        asked.append(parse_qs(request.content.decode())["query"][0])
        return answers.pop(0)

    return VictoriaLogs("http://logs.example:9428", transport=httpx2.MockTransport(serve))


def test_requests_are_counted_and_not_lines_and_signatures_are_masked_by_the_server() -> None:
    asked: list[str] = []
    found = server([vector(TOTALS), vector(ERRORS)], asked).count(LOGS, NEW, 1732600000.0, 1732600005.0)
    assert found == LogCounts(412, 7, {"cannot reach <IP4>:<N>": 5, "order <N> is unknown": 3})
    lines = '_time:[2024-11-26T05:46:40.000Z, 2024-11-26T05:46:45.000Z) ({app="checkout"} revision:="bbbbbbbb")'
    assert asked == [
        f'{lines} | stats count_uniq("trace.id") as requests, count_uniq("trace.id") if (level:=error) as bad',
        f'{lines} (level:=error) | collapse_nums at "_msg" prettify | stats by ("_msg") count_uniq("trace.id") as n',
    ]


def test_a_window_without_lines_has_no_requests() -> None:
    empty = [{"metric": {"__name__": name}, "value": [1732600000, "0"]} for name in ("requests", "bad")]
    assert server([vector(empty), vector([])], []).count(LOGS, NEW, 0.0, 5.0) == LogCounts(0, 0, {})


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (httpx2.Response(400, json={"status": "error", "errorType": "400", "error": "cannot parse `query` arg"}),
         "VictoriaLogs at http://logs.example:9428 refused: cannot parse `query` arg"),
        (vector([{"metric": {"__name__": "requests"}, "value": [1, "NaN"]}]), "counted nan requests"),
        (httpx2.Response(200, json={"status": "error", "error": "too slow"}), "refused: too slow"),
        (httpx2.Response(200, text="<html>"), "metrics.logs.url"),
    ],
)  # fmt: skip
def test_whatever_else_it_answers_is_an_error_with_its_reason(answer: httpx2.Response, said: str) -> None:
    with pytest.raises(ClusterError, match=said):
        server([answer], []).count(LOGS, NEW, 0.0, 5.0)


def test_too_many_different_errors_mean_nothing() -> None:
    many = [{"metric": {"_msg": f"e{chr(97 + n % 26)}{n}"}, "value": [1, "1"]} for n in range(MOST + 1)]
    with pytest.raises(ClusterError, match="501 different errors in one window"):
        server([vector(TOTALS), vector(many)], []).count(LOGS, NEW, 0.0, 5.0)


def test_a_text_that_could_harm_a_terminal_is_made_plain_and_short() -> None:
    evil = [{"metric": {"_msg": "\x1b[31mred\n" + "x" * 500}, "value": [1, "1"]}]
    (text,) = server([vector(TOTALS), vector(evil)], []).count(LOGS, NEW, 0.0, 5.0).signatures
    assert "\x1b" not in text
    assert "\n" not in text
    assert len(text) == 160
    json.dumps(text)


def test_a_process_that_goes_on_begins_where_the_last_window_ended() -> None:
    server, clock = Server(), Clock()
    first = WindowSources[Logs](server, 5.0, clock)
    look(first)
    clock.now += 10.0
    look(first)
    other = WindowSources[Logs](server, 5.0, clock)
    other.go_on(json.loads(json.dumps(first.reached())))
    clock.now += 30.0
    window = look(other).readings["logs"].logs
    assert window is not None
    assert (window.start, window.end) == (1005.0, 1035.0)
