"""The server. `python -m sandbox.aws.ecs PORT API CA TOKEN-FILE ELB-ENDPOINT`, with the packages of the local AWS."""

from __future__ import annotations

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

from sandbox.aws.ecs.api import Api
from sandbox.aws.ecs.errors import ApiError
from sandbox.aws.ecs.pods import Pods
from sandbox.aws.ecs.reconcile import Reconciler
from sandbox.aws.ecs.state import State
from sandbox.aws.ecs.targets import LoadBalancers


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    api: ClassVar[Api]

    def do_GET(self) -> None:
        """That it serves, for a caller that waits for it."""
        self._send(200, {})

    def do_POST(self) -> None:
        """One call of the API: AWS JSON 1.1."""
        action = (self.headers.get("X-Amz-Target") or "").rpartition(".")[2]
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            self._send(200, self.api.answer(action, json.loads(body or b"{}")))
        except ApiError as error:
            self._send(400, {"__type": error.code, "message": str(error)})
        except KeyError as error:
            self._send(400, {"__type": "InvalidParameterException", "message": f"{error.args[0]} can not be blank."})

    def _send(self, status: int, answer: object) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Only what fails is worth a line, and the caller is told that."""


def main() -> None:
    """Serve until the process is ended."""
    port, api, authority, token, elb = sys.argv[1:]
    state, balancers = State(), LoadBalancers(elb)
    pods = Pods(api, Path(authority), Path(token))
    pods.prepare()
    _Handler.api = Api(state, balancers)
    threading.Thread(target=Reconciler(state, pods, balancers).run, daemon=True).start()
    server = ThreadingHTTPServer(("0.0.0.0", int(port)), _Handler)  # noqa: S104 - of the sandbox's own namespace
    server.serve_forever()


if __name__ == "__main__":
    main()
