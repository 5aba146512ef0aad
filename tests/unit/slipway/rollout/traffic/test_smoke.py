"""Smoke checks at the gateway, over HTTP on the loopback."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from slipway.release.manifest.route import Route
from slipway.release.manifest.strategy import Preview, SmokeCheck
from slipway.rollout.traffic.smoke import preview_headers, run_checks
from tests.unit.slipway.rollout.examples import ROUTE


class Gateway(ThreadingHTTPServer):
    """Answers every request the same way, and remembers path and headers."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.answers: list[tuple[int, str]] = []
        """The next ones; then 200 and `ok`."""

        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.asked.append((self.path, dict(self.headers)))
                status, text = server.answers.pop(0) if server.answers else (200, "ok")
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                if status == 302:
                    self.send_header("Location", "/elsewhere")
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, format: str, *args: object) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    server = Gateway()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def check(**values: object) -> SmokeCheck:
    return SmokeCheck.model_validate({"path": "/health", **values})


def test_each_check_is_asked_as_often_as_it_says_by_the_preview_headers(gateway: Gateway) -> None:
    checks = (check(times=3), check(path="/cart", contains="ok"))
    assert run_checks(gateway.url, {"Host": "preview.example", "X-Preview": "yes"}, checks).problem == ""
    assert [path for path, _ in gateway.asked] == ["/health", "/health", "/health", "/cart"]
    assert {(headers["Host"], headers["X-Preview"]) for _, headers in gateway.asked} == {("preview.example", "yes")}


def test_one_wrong_answer_of_several_is_a_failure(gateway: Gateway) -> None:
    gateway.answers = [(200, "ok"), (500, "")]
    assert run_checks(gateway.url, {}, (check(times=2),)).problem == "GET /health answered 500, wanted 200"


def test_another_status_may_be_wanted(gateway: Gateway) -> None:
    gateway.answers = [(404, "")]
    assert run_checks(gateway.url, {}, (check(status=404),)).problem == ""


def test_a_redirect_is_an_answer_and_not_followed(gateway: Gateway) -> None:
    gateway.answers = [(302, "")]
    assert run_checks(gateway.url, {}, (check(),)).problem == "GET /health answered 302, wanted 200"
    assert len(gateway.asked) == 1


def test_a_page_without_the_wanted_text_is_a_failure(gateway: Gateway) -> None:
    assert run_checks(gateway.url, {}, (check(contains="cart"),)).problem == "GET /health does not contain 'cart'"


def test_all_failures_are_said_at_once(gateway: Gateway) -> None:
    gateway.answers = [(500, ""), (404, "")]
    text = run_checks(gateway.url, {}, (check(), check(path="/cart"))).problem
    assert text == "GET /health answered 500, wanted 200; GET /cart answered 404, wanted 200"


def test_no_answer_is_a_failure(gateway: Gateway) -> None:
    gateway.shutdown()
    gateway.server_close()
    assert run_checks(gateway.url, {}, (check(),)).problem == "GET /health gave no answer (ConnectError), wanted 200"


def test_the_preview_is_reached_by_its_host_or_by_a_header() -> None:
    route = Route.model_validate(ROUTE)
    by_host = Preview.model_validate({"host": "preview.example"})
    by_header = Preview.model_validate({"header": {"name": "X-Preview", "value": "yes"}})
    assert preview_headers(route, by_host) == {"Host": "preview.example"}
    assert preview_headers(route, by_header) == {"Host": "checkout.example", "X-Preview": "yes"}


def test_each_request_is_counted_until_the_first_wrong_answer_of_its_check(gateway: Gateway) -> None:
    gateway.answers = [(200, "ok"), (500, ""), (200, "ok")]
    assert run_checks(gateway.url, {}, (check(times=5), check(path="/cart"))).sent == 3
