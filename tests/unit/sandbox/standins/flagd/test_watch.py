from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from typing import Any

import httpx2
import pytest

from sandbox.standins.flagd.flags import Flags
from sandbox.standins.flagd.source import Source
from sandbox.standins.flagd.watch import Watch

WITHIN = 60.0


class ApiServer:
    """Answers each watch with the next prepared one: a status, or events after which the connection ends."""

    def __init__(self) -> None:
        self.asked: Queue[str] = Queue()
        self.answers: Queue[int | list[dict[str, Any]]] = Queue()
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                owner.asked.put(self.path)
                answer = owner.answers.get()
                self.send_response(answer if isinstance(answer, int) else 200)
                self.end_headers()
                for event in [] if isinstance(answer, int) else answer:
                    self.wfile.write(json.dumps(event).encode() + b"\n")

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._handler = Handler
        self._port = 0
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Listen, at the port that it had before."""
        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), self._handler)
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        """Be away."""
        self._server.shutdown()
        self._server.server_close()

    def await_asked(self) -> str:
        return self.asked.get(timeout=WITHIN)


@pytest.fixture
def api() -> Iterator[ApiServer]:
    made = ApiServer()
    yield made
    made.answers.put(404)
    made.stop()


@pytest.fixture
def flags() -> Flags:
    return Flags()


@pytest.fixture
def documents(api: ApiServer, flags: Flags) -> Iterator[Iterator[str]]:
    """What a provider's stream gets."""
    watch = Watch(httpx2.Client(base_url=api.url, trust_env=False), Source("configmap", "shop", "flags"), flags)
    thread = threading.Thread(target=watch.run, daemon=True)
    thread.start()
    yield flags.stream(threading.Event())
    watch.stop()
    flags.close()


def event(kind: str, text: str, version: int = 1) -> dict[str, Any]:
    content = {"metadata": {"resourceVersion": str(version)}, "data": {"flags.json": text}}
    return {"type": kind, "object": content}


def test_the_object_and_its_changes_are_published(api: ApiServer, documents: Iterator[str]) -> None:
    api.answers.put([event("ADDED", '{"a": 1}')])
    assert next(documents) == '{"a": 1}'
    assert api.await_asked().startswith(
        "/api/v1/namespaces/shop/configmaps?watch=true&fieldSelector=metadata.name%3Dflags"
    )
    api.answers.put([event("ADDED", '{"a": 1}'), event("MODIFIED", '{"a": 2}')])
    assert next(documents) == '{"a": 2}'


@pytest.mark.parametrize(
    "bad",
    [
        500,
        404,
        [{"type": "ERROR", "object": {"kind": "Status", "code": 410, "message": "too old resource version"}}],
        [event("DELETED", '{"a": 1}')],
        [event("MODIFIED", "{")],
        [],
    ],
    ids=["error", "no-such-kind", "version-gone", "deleted", "no-json", "connection-ends"],
)
def test_whatever_goes_wrong_the_last_document_stays_until_there_is_a_newer_one(
    api: ApiServer, flags: Flags, documents: Iterator[str], bad: int | list[dict[str, Any]]
) -> None:
    api.answers.put([event("ADDED", '{"a": 1}')])
    assert next(documents) == '{"a": 1}'
    api.answers.put(bad)
    for _ in range(3):  # the watch after the bad one has begun: the bad one is done with
        asked = api.await_asked()
    assert "resourceVersion" not in asked
    assert flags.latest == '{"a": 1}'
    api.answers.put([event("ADDED", '{"a": 2}')])
    assert next(documents) == '{"a": 2}'


def test_an_api_server_that_comes_back_is_found(api: ApiServer, flags: Flags, documents: Iterator[str]) -> None:
    api.answers.put([event("ADDED", '{"a": 1}')])
    assert next(documents) == '{"a": 1}'
    api.answers.put(500)
    api.stop()
    api.answers.put([event("ADDED", '{"a": 2}')])
    assert flags.latest == '{"a": 1}'
    api.start()
    assert next(documents) == '{"a": 2}'
