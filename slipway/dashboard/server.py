"""The page over HTTP, on the loopback interface only: one file of markup, its style and script, and server-sent events.

Who may read it: programs and people of this machine. A page of another site in the same browser may not, even where its
name was made to lead here: the Host header has to be one of the loopback names. Without actions nothing is accepted but
GET and HEAD.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from urllib.parse import unquote

from slipway.dashboard.acting import Acting, Refused, order_of
from slipway.dashboard.hub import Hub, changed_parts
from slipway.dashboard.page import page, parts
from slipway.release.report.build import report_of
from slipway.release.report.document import document_of
from slipway.release.report.html import as_html
from slipway.release.report.style import PALETTE, PLOTS, STACKED

LOOPBACK = "127.0.0.1"
BEAT = 5.0
"""Seconds after which an event is sent although nothing changed, so that the page knows that it is still heard."""
MOST_VIEWERS = 32
LARGEST = 4096
"""Bytes of an order."""
SLOWEST = 15.0
"""Seconds for a request to arrive."""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
REPORT_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
HTML, TEXT = "text/html; charset=utf-8", "text/plain; charset=utf-8"
STATIC = {
    "/page.css": "text/css; charset=utf-8",
    "/page.js": "text/javascript; charset=utf-8",
    "/icon.svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back."""

    status: HTTPStatus
    body: str
    kind: str = TEXT
    policy: str = POLICY


class Server(ThreadingHTTPServer):
    """`port` 0 takes a free one. `acting` is None for a page that only reads."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, hub: Hub, port: int, acting: Acting | None = None) -> None:
        self.hub = hub
        self.acting = acting
        self.viewers = threading.BoundedSemaphore(MOST_VIEWERS)
        super().__init__((LOOPBACK, port), Handler)
        names = (LOOPBACK, "localhost", "[::1]")
        self.hosts = frozenset(f"{name}:{self.server_port}" for name in names)

    def handle_error(self, request: object, client_address: object) -> None:
        """A reader that went away in the middle of an answer is no event; anything else is told as usual."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]

    @property
    def address(self) -> str:
        """Where a browser on this machine finds it."""
        return f"http://{LOOPBACK}:{self.server_port}/"


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: Server
    server_version = "slipway"
    sys_version = ""
    protocol_version = "HTTP/1.1"
    timeout = SLOWEST

    def do_GET(self) -> None:
        """The page, its parts, a report, or the stream of changes."""
        if self._is_foreign():
            return
        if self.path == "/events":
            self._stream()
        else:
            self._send(self._answer(self.path))

    def do_HEAD(self) -> None:
        """As GET, without the body."""
        if not self._is_foreign():
            self._send(Answer(HTTPStatus.OK, "") if self.path == "/events" else self._answer(self.path))

    def do_POST(self) -> None:
        """An order, where they are allowed."""
        if not self._is_foreign():
            self._send(self._act())

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: requests are no events."""

    # -- who asks ------------------------------------------------------------------------------------------------

    def _is_foreign(self) -> bool:
        """Whether the request was made for another name than a loopback one; then it was answered."""
        if self.headers.get("Host", "") in self.server.hosts:
            return False
        self._send(Answer(HTTPStatus.MISDIRECTED_REQUEST, "this is a local page: open it by the address 127.0.0.1\n"))
        return True

    # -- answers -------------------------------------------------------------------------------------------------

    def _answer(self, path: str) -> Answer:
        hub = self.server.hub
        if path == "/":
            made = page(hub.state().views, hub.now(), actions=self.server.acting is not None)
            return Answer(HTTPStatus.OK, made, HTML)
        if path in STATIC:
            return Answer(HTTPStatus.OK, _static(path), STATIC[path])
        if path.startswith("/report/"):
            return self._report(path)
        return Answer(HTTPStatus.NOT_FOUND, "there is no such page\n")

    def _report(self, path: str) -> Answer:
        """`/report/TARGET/SERVICE/NUMBER`, from the records that were read last."""
        nothing = Answer(HTTPStatus.NOT_FOUND, "there is no such release, or its record was not read yet\n")
        named = path.split("/")[2:]
        views = self.server.hub.state().views
        if len(named) != 3 or not (named[0].isdecimal() and named[2].isdecimal()) or int(named[0]) >= len(views):
            return nothing
        kept = views[int(named[0])].kept(unquote(named[1]))
        found = next((one for one in kept.rollouts if one.anchor.seq == int(named[2])), None)
        if found is None:
            return nothing
        report = report_of(found, kept.rollouts, kept.lines)
        return Answer(HTTPStatus.OK, as_html(document_of(report)), HTML, REPORT_POLICY)

    def _act(self) -> Answer:
        """Carry out an order. The token is in no answer of this server, so its sender has it from the terminal. Origin
        and the type of the content keep other sites' forms out."""
        acting = self.server.acting
        if acting is None or self.path != "/act":
            return Answer(HTTPStatus.METHOD_NOT_ALLOWED, "this page only reads; start it with --allow-actions\n")
        origins = {f"http://{host}" for host in self.server.hosts}
        if self.headers.get("Origin") not in origins or self.headers.get_content_type() != "application/json":
            return Answer(HTTPStatus.FORBIDDEN, "orders come from this page only\n")
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > LARGEST:
            return Answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the order is too long\n")
        try:
            order = order_of(self.rfile.read(int(length)), self.headers.get("X-Slipway-Token", ""), acting.token)
            return Answer(HTTPStatus.OK, f"{acting.carry_out(order)}\n")
        except Refused as error:
            return Answer(HTTPStatus.FORBIDDEN, f"{error}\n")

    def _send(self, answer: Answer) -> None:
        body = answer.body.encode()
        self._begin(answer.status, {"Content-Type": answer.kind, "Content-Length": str(len(body))}, answer.policy)
        if self.command == "POST":
            self.close_connection = True
        if self.command != "HEAD":
            self.wfile.write(body)

    def _begin(self, status: HTTPStatus, headers: Mapping[str, str], policy: str = POLICY) -> None:
        self.send_response(status)
        for name, value in {**HEADERS, "Content-Security-Policy": policy, **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    # -- the stream ----------------------------------------------------------------------------------------------

    def _stream(self) -> None:
        if not self.server.viewers.acquire(blocking=False):
            self._send(Answer(HTTPStatus.SERVICE_UNAVAILABLE, "too many pages are open\n"))
            return
        try:
            self.close_connection = True
            self._begin(HTTPStatus.OK, {"Content-Type": "text/event-stream", "Connection": "close"})
            self._tell(self.wfile.write)
        except OSError:
            return  # the reader has gone
        finally:
            self.server.viewers.release()

    def _tell(self, write: Callable[[bytes], object]) -> None:
        """Everything at first, then what changed."""
        hub, sent, number = self.server.hub, dict[str, str](), -1
        first = True
        while not hub.closed:
            state = hub.await_news(number, BEAT)
            now = hub.now()
            made = parts(state.views, now, actions=self.server.acting is not None)
            news = [] if first else [str(change) for came, change in state.news if came > number]
            write(event({"now": now, "parts": changed_parts(sent, made), "news": news}))
            self.wfile.flush()
            sent, number, first = dict(made), state.number, False


def event(content: Mapping[str, object]) -> bytes:
    """One server-sent event. JSON has no line breaks of its own, so one line of data is enough."""
    return f"data: {json.dumps(content)}\n\n".encode()


@lru_cache
def _static(path: str) -> str:
    text = (resources.files("slipway.dashboard") / "static" / path[1:]).read_text()
    return f"{PALETTE}{PLOTS}{text}@media(max-width:44rem){{{STACKED}}}" if path.endswith(".css") else text
