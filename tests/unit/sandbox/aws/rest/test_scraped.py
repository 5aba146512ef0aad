"""Prometheus gets the counters of versions, whatever an earlier client did."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator

import httpx2
import pytest

from sandbox.aws.rest.counts import Counters, Way
from sandbox.aws.rest.scraped import CountersServer

VERSIONS = 30_000
"""As many as make an answer that no socket buffers."""


@pytest.fixture
def server() -> Iterator[CountersServer]:
    counters = Counters()
    for number in range(VERSIONS):
        counters.begin(Way("cart", "live", str(number), f"cart-{number}"))
    with CountersServer(("127.0.0.1", 0), counters) as found:
        found.daemon_threads = False  # so that closing waits for those that answer
        thread = threading.Thread(target=found.serve_forever)
        thread.start()
        yield found
        found.shutdown()
        thread.join()


def test_a_client_that_goes_away_leaves_no_traceback_and_the_next_one_is_answered(
    server: CountersServer, capfd: pytest.CaptureFixture[str]
) -> None:
    with socket.create_connection(server.server_address[:2]) as client:  # type: ignore[arg-type]
        client.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")
        client.recv(1)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # closing resets
    answer = httpx2.get(f"http://127.0.0.1:{server.server_address[1]}/metrics", trust_env=False)
    assert answer.text.count("lambda_active{") == VERSIONS
    server.shutdown()
    server.server_close()
    assert capfd.readouterr().err == ""


def test_what_goes_wrong_in_the_server_itself_is_told(
    server: CountersServer, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server.counters, "text", lambda: 1 / 0)
    with pytest.raises(httpx2.HTTPError):
        httpx2.get(f"http://127.0.0.1:{server.server_address[1]}/metrics", trust_env=False)
    server.shutdown()
    server.server_close()
    assert "ZeroDivisionError" in capfd.readouterr().err
