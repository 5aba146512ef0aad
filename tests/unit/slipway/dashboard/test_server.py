"""The page over real HTTP on the loopback interface: who may read, what is streamed, what may be ordered."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from slipway.dashboard.acting import Acting, Order
from slipway.dashboard.hub import Hub
from slipway.dashboard.server import LARGEST, MOST_VIEWERS, Server, event
from slipway.release.errors import ReleaseRefused
from slipway.rollout.overview import Overview, Place, Seen, TargetView
from tests.unit.slipway.cli.examples import NOW
from tests.unit.slipway.dashboard.examples import TARGET, in_flight, kept, recorded, settled, view

TOKEN = "t0k3n"  # noqa: S105 - of a server that lives as long as the test


class Scripted(Overview):
    """Shows one view after the other."""

    def __init__(self, *views: TargetView) -> None:
        super().__init__(views[0].name, TARGET, Place(list, _nothing, _nothing, list, _nothing))
        self.views = list(views)
        self._keep(self.views.pop(0))

    def refresh(self) -> TargetView:
        return self._keep(self.views.pop(0)) if self.views else self.view


def _nothing(asked: object) -> Any:
    raise AssertionError(asked)


class Running:
    """A server in a thread. Nothing is read anew unless the test says so."""

    def __init__(self, *overviews: Overview, acting: Acting | None = None) -> None:
        self.hub = Hub(overviews, now=lambda: NOW)
        self.server = Server(self.hub, 0, acting)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def ask(self, method: str, path: str, body: bytes | None = None, /, **headers: str) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.server_port, timeout=10)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, {"Host": f"127.0.0.1:{self.server.server_port}", **named})
        return connection.getresponse()

    def get(self, path: str, **headers: str) -> tuple[int, str]:
        answer = self.ask("GET", path, **headers)
        return answer.status, answer.read().decode()

    def stop(self) -> None:
        self.hub.close()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def running() -> Iterator[Running]:
    before, after = view(in_flight()), view(settled())
    made = Running(Scripted(before, after), Scripted(view(settled(), name="prod")))
    yield made
    made.stop()


def next_event(answer: http.client.HTTPResponse) -> dict[str, Any]:
    line = answer.readline()
    assert line.startswith(b"data: ")
    assert answer.readline() == b"\n"
    found: dict[str, Any] = json.loads(line[6:])
    return found


def test_the_page_its_style_and_its_script_are_served_and_nothing_else(running: Running) -> None:
    status, markup = running.get("/")
    assert status == 200
    assert "25%</strong> of the traffic to version-b" in markup
    assert "--paper" in running.get("/page.css")[1]
    assert "EventSource" in running.get("/page.js")[1]
    for path in ("/page.py", "/../server.py", "/static/page.js", "/report", "/report/0/checkout/x"):
        assert running.get(path)[0] == 404, path


def test_no_answer_allows_scripts_frames_or_loads_of_others(running: Running) -> None:
    answer = running.ask("GET", "/")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert "http" not in answer.read().decode().replace("http-equiv", "")


@pytest.mark.parametrize("path", ["/", "/events", "/page.js", "/report/0/checkout/3"])
@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:{port}", "127.0.0.1", "", "[::1]:1"])
def test_a_name_that_was_made_to_lead_here_gets_nothing(running: Running, path: str, host: str) -> None:
    status, text = running.get(path, Host=host.format(port=running.server.server_port))
    assert status == 421
    assert "checkout" not in text


def test_the_server_listens_on_the_loopback_interface_only(running: Running) -> None:
    assert running.server.server_address[0] == "127.0.0.1"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_a_page_that_only_reads_takes_no_orders(running: Running, method: str) -> None:
    assert running.ask(method, "/act", b"{}").status in (405, 501)


def test_a_viewer_gets_everything_once_and_then_what_changed_with_the_news(running: Running) -> None:
    stream = running.ask("GET", "/events")
    assert stream.headers["Content-Type"] == "text/event-stream"
    first = next_event(stream)
    assert list(first["parts"]) == ["summary", "target-0", "target-1"]
    assert (first["now"], first["news"]) == (NOW, [])
    running.hub.refresh(running.hub._overviews[0])
    second = next_event(stream)
    assert list(second["parts"]) == ["summary", "target-0"]
    assert "no rollouts in flight" in second["parts"]["summary"]
    stream.close()


def test_news_come_once(running: Running) -> None:
    away = view(settled(), services=Seen(("checkout",), NOW, "connection refused"))
    overview = Scripted(view(settled()), away, away)
    made = Running(overview)
    try:
        stream = made.ask("GET", "/events")
        assert next_event(stream)["news"] == []
        made.hub.refresh(overview)
        assert next_event(stream)["news"] == ["staging: it does not answer: connection refused"]
        made.hub.refresh(overview)
        assert next_event(stream)["news"] == []
        stream.close()
    finally:
        made.stop()


def test_an_event_is_one_line_whatever_is_in_it() -> None:
    assert event({"text": "a\n\ndata: b\r\u2028"}).count(b"\n") == 2


def test_more_viewers_than_can_be_served_are_told_so(running: Running) -> None:
    open_ = [running.ask("GET", "/events") for _ in range(MOST_VIEWERS)]
    for stream in open_:
        next_event(stream)
    assert running.ask("GET", "/events").status == 503
    running.hub.close()  # ends the streams, as Ctrl-C does
    assert [stream.read() for stream in open_][-1] is not None


def test_a_report_is_made_of_the_records_that_were_read() -> None:
    made = Running(Scripted(view(settled(), records={"checkout": Seen(kept(recorded(3)), NOW)})))
    try:
        answer = made.ask("GET", "/report/0/checkout/3")
        assert answer.status == 200
        assert "script-src" not in answer.headers["Content-Security-Policy"]
        assert "Scope and risk level" in answer.read().decode()
        for missing in ("/report/0/checkout/4", "/report/1/checkout/3", "/report/0/basket/3", "/report/-1/checkout/3"):
            assert made.get(missing)[0] == 404, missing
    finally:
        made.stop()


# -- orders ------------------------------------------------------------------------------------------------------------


class Office:
    """Notes orders."""

    def __init__(self) -> None:
        self.given: list[Order] = []

    def perform(self, order: Order) -> str:
        if order.about == "basket":
            raise ReleaseRefused("basket: no rollout is in flight")
        self.given.append(order)
        return f"{order.about}: told"


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
def acting(office: Office) -> Iterator[Running]:
    made = Running(Scripted(view(in_flight())), acting=Acting(TOKEN, office.perform))
    yield made
    made.stop()


def order(running: Running, headers: dict[str, str] | None = None, **changes: Any) -> tuple[int, str]:
    content = {"target": 0, "about": "checkout", "action": "abort", "reason": "INC-7", **changes}
    right = {
        "Origin": f"http://127.0.0.1:{running.server.server_port}",
        "Content_Type": "application/json",
        "X_Slipway_Token": TOKEN,
    }
    named = {**right, **(headers or {})}
    answer = running.ask("POST", "/act", json.dumps(content).encode(), **named)
    return answer.status, answer.read().decode()


def test_an_order_of_the_page_is_carried_out(acting: Running, office: Office) -> None:
    assert order(acting) == (200, "checkout: told\n")
    assert office.given == [Order(target=0, about="checkout", action="abort", reason="INC-7")]


@pytest.mark.parametrize(
    "headers",
    [
        {"X_Slipway_Token": "another"},
        {"X_Slipway_Token": ""},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Content_Type": "text/plain"},
    ],
    ids=str,
)
def test_an_order_without_the_token_or_of_another_page_is_refused(
    acting: Running, office: Office, headers: dict[str, str]
) -> None:
    assert order(acting, headers)[0] == 403
    assert office.given == []


@pytest.mark.parametrize("changes", [{"action": "delete"}, {"reason": ""}, {"about": ""}, {"more": 1}], ids=str)
def test_what_is_no_order_is_refused(acting: Running, office: Office, changes: dict[str, Any]) -> None:
    assert order(acting, None, **changes)[0] == 403
    assert office.given == []


def test_an_order_that_is_too_long_is_not_read(acting: Running) -> None:
    assert order(acting, reason="x" * LARGEST)[0] == 413


def test_why_an_order_was_not_carried_out_is_said(acting: Running) -> None:
    assert order(acting, about="basket") == (403, "basket: no rollout is in flight\n")


def test_no_page_or_event_holds_the_token(acting: Running) -> None:
    assert TOKEN not in acting.get("/")[1]
    stream = acting.ask("GET", "/events")
    assert TOKEN not in str(next_event(stream))
    stream.close()
