"""A proxy in front of the sandbox's API server that makes chosen calls go wrong.

    with ApiProxy.before(kubeconfig, pki, folder) as proxy:
        environment["SLIPWAY_KUBECONFIG"] = str(proxy.kubeconfig)
        lost = proxy.faults.inject(Fault(Kind.LOST_ANSWER, ("PUT",), "/configmaps/slipway-"))
        ...
        assert lost.hits

It speaks TLS with the sandbox's own server certificate and passes the client's credentials on, so a client cannot tell
it from the API server. Streams (watches, logs) pass; upgraded connections (exec, port-forward) do not.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import ssl
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import yaml

from sandbox.chaos.faults import STATUS, Fault, Faults, Kind
from sandbox.pki import Pki
from sandbox.state import write_atomically

UPSTREAM_TIMEOUT = 60.0
HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "transfer-encoding", "upgrade", "te", "trailer", "proxy-connection"}
)
PIECE = 64 * 1024


class ApiProxy:
    """`server` is the API server's URL; `kubeconfig` is written when the proxy starts."""

    def __init__(self, server: str, pki: Pki, faults: Faults) -> None:
        self.faults = faults
        self._upstream = urlsplit(server)
        self._trust = ssl.create_default_context(cafile=str(pki.ca))
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        certificate, key = pki.server
        self._own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._own.load_cert_chain(certificate, key)
        self._server.tls = self._own
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self.kubeconfig = Path()

    @classmethod
    def before(cls, kubeconfig: Path, pki: Pki, folder: Path, seed: int = 0) -> ApiProxy:
        """A proxy for the API server that `kubeconfig` names; `folder` gets a kubeconfig that names the proxy."""
        document = yaml.safe_load(kubeconfig.read_text())
        (cluster,) = (entry["cluster"] for entry in document["clusters"])
        proxy = cls(cluster["server"], pki, Faults(seed))
        cluster["server"] = proxy.url
        proxy.kubeconfig = folder / "proxied.kubeconfig"
        write_atomically(proxy.kubeconfig, yaml.safe_dump(document, sort_keys=False), 0o600)
        return proxy

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"https://127.0.0.1:{self._server.server_address[1]}"

    def connection(self) -> http.client.HTTPSConnection:
        """A new connection to the API server."""
        host, port = str(self._upstream.hostname), self._upstream.port
        return http.client.HTTPSConnection(host, port, timeout=UPSTREAM_TIMEOUT, context=self._trust)

    def start(self) -> None:
        """Listen; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """Close it and every connection through it."""
        self.faults.clear()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class _Server(ThreadingHTTPServer):
    """One thread a connection; the TLS handshake is done in it, so that a slow client holds up no other."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    tls: ssl.SSLContext

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(address, handler)
        self._open: set[socket.socket] = set()
        self._guard = threading.Lock()
        self.stopping = threading.Event()

    def process_request_thread(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as the base has it
        try:
            request.settimeout(UPSTREAM_TIMEOUT)
            secured = self.tls.wrap_socket(request, server_side=True)
        except OSError:
            self.shutdown_request(request)
            return
        with self._guard:
            self._open.add(secured)
        try:
            super().process_request_thread(secured, client_address)
        finally:
            with self._guard:
                self._open.discard(secured)

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401 - as the base has it
        """Close only: what was set on the socket decides whether the client sees an end or a reset."""
        self.close_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as the base has it
        """A client that goes away in the middle of a call is nothing to report."""

    def server_close(self) -> None:
        super().server_close()
        self.stopping.set()
        with self._guard:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)


def _handler(proxy: ApiProxy) -> type[BaseHTTPRequestHandler]:
    """A handler class that knows its proxy; the base class makes one instance a connection."""

    class Handler(_Handler):
        owner = proxy

    return Handler


class _Handler(BaseHTTPRequestHandler):
    owner: ApiProxy
    server: _Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    _upstream: http.client.HTTPSConnection | None = None

    def handle_one_request(self) -> None:
        """As the base does, for every method alike."""
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        self._answer()
        self.wfile.flush()

    def finish(self) -> None:
        if self._upstream is not None:
            self._upstream.close()
        with contextlib.suppress(OSError):
            super().finish()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: ANN401 - as the base has it
        """Nothing is logged: the faults remember their hits."""

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.owner.faults.pick(self.command, self.path)
        if fault is None:
            self._pass_on(body)
        elif fault.kind in STATUS:
            self._refuse(fault)
        elif fault.kind is Kind.RESET:
            self._reset()
        else:
            if fault.kind is not Kind.STALLED:
                self._do_in_silence(body)
            if fault.kind is not Kind.LOST_ANSWER:
                self.server.stopping.wait(fault.seconds)
            self.close_connection = True

    def _pass_on(self, body: bytes) -> None:
        try:
            answer = self._ask(body)
        except OSError:
            self.close_connection = True  # the API server is away: so are we
            return
        with contextlib.closing(answer):
            self.send_response_only(answer.status, answer.reason)
            for name, value in answer.getheaders():
                if name.lower() not in HOP_BY_HOP:
                    self.send_header(name, value)
            if answer.length is not None or self.command == "HEAD":
                self.end_headers()
                self.wfile.write(answer.read())
            else:
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                self._stream(answer)

    def _stream(self, answer: http.client.HTTPResponse) -> None:
        while piece := answer.read1(PIECE):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")

    def _ask(self, body: bytes) -> http.client.HTTPResponse:
        """Ask the API server. A connection that it closed while it was idle is replaced once."""
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
        kept, self._upstream = self._upstream, None
        for connection in (kept, self.owner.connection()):
            if connection is None:
                continue
            try:
                connection.request(self.command, self.path, body or None, headers)
                answer = connection.getresponse()
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                if connection is kept and isinstance(error, http.client.RemoteDisconnected | BrokenPipeError):
                    continue
                raise OSError(str(error)) from error
            self._upstream = connection
            return answer
        raise OSError("no connection")

    def _do_in_silence(self, body: bytes) -> None:
        with contextlib.suppress(OSError), contextlib.closing(self._ask(body)) as answer:
            answer.read()

    def _refuse(self, fault: Fault) -> None:
        code, reason = STATUS[fault.kind]
        status = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": f"injected: {fault.kind}",
            "reason": reason,
            "code": code,
        }
        text = json.dumps(status).encode()
        self.send_response_only(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        if fault.kind is Kind.TOO_MANY:
            self.send_header("Retry-After", f"{max(1, round(fault.seconds))}")
        self.end_headers()
        self.wfile.write(text)

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
