"""A Kubernetes API of a few objects on loopback, for the HTTP client and what is built on it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from sandbox.standins.kubernetes.client import Api
from sandbox.standins.kubernetes.settings import Settings

Answer = tuple[int, Any] | tuple[int, Any, dict[str, str]]


@dataclass(frozen=True)
class Call:
    """One request as it arrived."""

    method: str
    path: str
    query: dict[str, str]
    body: Any
    content_type: str


@dataclass
class FakeServer:
    """Answers by ``answer(call)``; remembers the calls."""

    url: str
    calls: list[Call] = field(default_factory=list)

    def settings(self) -> Settings:
        content = {
            "current-context": "x",
            "clusters": [{"name": "x", "cluster": {"server": self.url}}],
            "contexts": [{"name": "x", "context": {"cluster": "x", "namespace": "shop"}}],
        }
        return Settings(kubeconfig=content, kubeconfig_file=None, context=None, cluster=None, namespace=None)

    def api(self) -> Api:
        return Api(self.settings())


def status(code: int, message: str, reason: str = "", **details: Any) -> Answer:
    return code, {"kind": "Status", "message": message, "reason": reason, "details": details}


@contextmanager
def serving(answer: Callable[[Call], Answer]) -> Iterator[FakeServer]:
    """A server on a free port of loopback."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def reply(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            parts = urlsplit(self.path)
            call = Call(
                self.command, parts.path, dict(parse_qsl(parts.query)), body, self.headers.get("Content-Type", "")
            )
            fake.calls.append(call)
            code, content, *headers = answer(call)
            data = json.dumps(content).encode()
            self.send_response(code)
            for name, value in (headers[0] if headers else {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_PATCH = do_DELETE = reply  # noqa: N815

        def log_message(self, *_: Any) -> None:
            return None

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    fake = FakeServer(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
