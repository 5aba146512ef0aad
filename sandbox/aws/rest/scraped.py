"""The counters of versions, for Prometheus."""

from __future__ import annotations

import socket
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from sandbox.aws.rest.counts import Counters


class CountersServer(ThreadingHTTPServer):
    """Answers every GET with all counters."""

    def __init__(self, address: tuple[str, int], counters: Counters) -> None:
        super().__init__(address, _Handler)
        self.counters = counters

    def handle_error(self, request: socket.socket | tuple[bytes, socket.socket], client_address: Any) -> None:  # noqa: ANN401 - as in socketserver
        """A client that goes away before it has its answer is no error of the server."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: CountersServer

    def do_GET(self) -> None:
        """The counters."""
        body = self.server.counters.text().encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """A scrape is not worth a line."""
