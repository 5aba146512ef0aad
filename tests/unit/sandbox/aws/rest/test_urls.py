"""URLs of functions on the sandbox: a request reaches the version that it is led to, and is counted."""

from __future__ import annotations

import asyncio
import http.client
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from sandbox.aws.rest.counts import Counters, Way
from sandbox.aws.rest.urls import Led, Urls

WAY = Way("cart", "live", "1", "cart-aaaa")
HOST = "abc.lambda-url.eu-central-1.on.aws"
CONFIG: dict[str, Any] = {
    "Timeout": 30,
    "Environment": {"Variables": {"AWS_LWA_ERROR_STATUS_CODES": "500-599"}},
}


class Container(BaseHTTPRequestHandler):
    """Says what it was asked. It ends its connection after `/last`, and never answers `/slow`."""

    protocol_version = "HTTP/1.1"
    ended = threading.Event()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/slow":
            self.ended.wait()
        said = f"{self.command} {self.path} {body.decode()}".encode()
        self.send_response(503 if self.path == "/broken" else 200)
        if self.path == "/chunks":
            self.send_header("Transfer-Encoding", "chunked")
            said = b"5\r\nwhole\r\n0\r\n\r\n"
        else:
            self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else said)
        self.close_connection = self.path == "/last"

    def do_GET(self) -> None:
        self.do_POST()

    def do_HEAD(self) -> None:
        self.do_POST()

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing."""


class Front:
    """The proxy of one function, in a thread of its own."""

    def __init__(self) -> None:
        self.counters = Counters()
        self.led: Led | None = None
        self.port = 0
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._ready.wait()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        urls = Urls(lambda host: self.led if host == HOST else None, self.counters)
        self.port = self._loop.run_until_complete(urls.start(0)).sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        under_way = asyncio.all_tasks(self._loop)
        for task in under_way:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*under_way, return_exceptions=True))
        self._loop.close()

    def end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)


@pytest.fixture
def front() -> Iterator[Front]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Container)
    server.daemon_threads = True
    Container.ended.clear()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    made = Front()
    made.led = Led(WAY, CONFIG, ("127.0.0.1", server.server_port))
    yield made
    Container.ended.set()
    made.end()
    server.shutdown()
    server.server_close()


def ask(
    connection: http.client.HTTPConnection, path: str, method: str = "GET", body: str | None = None, host: str = HOST
) -> tuple[int, str]:
    connection.request(method, path, body, {"Host": host})
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def counted(front: Front) -> tuple[int, int]:
    """Invocations and errors."""
    found = front.counters.read()
    return found["Invocations:cart:live:1"], found["Errors:cart:live:1"]


def test_requests_of_one_connection_reach_the_container_whole_and_are_counted(front: Front) -> None:
    client = front.connect()
    assert ask(client, "/a?b=1") == (200, "GET /a?b=1 ")
    assert ask(client, "/a", "POST", "text") == (200, "POST /a text")
    assert ask(client, "/chunks") == (200, "whole")
    assert ask(client, "/a", "HEAD") == (200, "")
    assert ask(client, "/a") == (200, "GET /a ")
    assert counted(front) == (5, 0)


def test_a_connection_that_the_container_ended_costs_no_request(front: Front) -> None:
    client = front.connect()
    assert [ask(client, "/last")[0] for _ in range(3)] == [200, 200, 200]
    assert counted(front) == (3, 0)


@pytest.mark.parametrize(("path", "timeout"), [("/broken", 30), ("/slow", 0.1)])
def test_users_get_502_where_a_function_failed_or_ran_out_of_time(front: Front, path: str, timeout: float) -> None:
    client, led = front.connect(), front.led
    assert led is not None
    front.led = led._replace(config={**CONFIG, "Timeout": timeout})
    assert ask(client, path) == (502, "Internal Server Error")
    front.led = led
    assert ask(client, "/a")[0] == 200
    assert counted(front) == (2, 1)


def test_a_version_without_a_container_fails_and_another_host_is_no_function(front: Front) -> None:
    client = front.connect()
    assert ask(client, "/a", host="other.example")[0] == 404
    front.led = Led(WAY, CONFIG, None)
    assert ask(client, "/a")[0] == 502
    assert counted(front) == (1, 1)


def test_what_is_no_request_is_answered_so(front: Front) -> None:
    connection = front.connect()
    connection.connect()
    connection.sock.sendall(b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n")
    assert connection.sock.recv(100).startswith(b"HTTP/1.1 400 ")
    connection.close()
