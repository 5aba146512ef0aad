"""A receiver of webhooks inside the sandbox, where pods reach it, which may be down when it is first called.

`python -m sandbox.receiver PORT FILE` is its process: each call is a line of FILE with the id of the webhook.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from sandbox.inside import InsideServer
from sandbox.paths import PROJECT

SECRET = "c2VjcmV0LW9mLXRoZS1zYW5kYm94"  # noqa: S105 - of a receiver that lives for one demonstration


class WebhookReceiver(InsideServer):
    """Down until `start`. `received` are the ids of all calls so far, in order."""

    PART = "receiver"

    def __init__(self, variables: Mapping[str, str], out: Path) -> None:
        out.parent.mkdir(parents=True, exist_ok=True)
        super().__init__(variables, out.with_suffix(".log"))
        self._out = out
        out.write_text("")

    @property
    def url(self) -> str:
        """Where it is called."""
        return f"http://{self.host}:{self.port}/hook"

    def _command(self) -> Sequence[str]:
        return [sys.executable, "-m", "sandbox.receiver", str(self.port), str(self._out)]

    def _variables(self) -> Mapping[str, str]:
        return {**os.environ, "PYTHONPATH": str(PROJECT)}

    def received(self) -> list[str]:
        """The ids of all calls."""
        return [json.loads(line)["id"] for line in self._out.read_text().splitlines()]


def serve(port: int, out: Path) -> None:
    """Take every call, and write its id down before it is answered."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            line = {"id": self.headers.get("webhook-id", ""), "at": time.time(), "body": body.decode(errors="replace")}
            with out.open("a") as lines:
                lines.write(json.dumps(line) + "\n")
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    ThreadingHTTPServer(("0.0.0.0", port), Handler).serve_forever()  # noqa: S104 - of the sandbox's namespace


if __name__ == "__main__":
    serve(int(sys.argv[1]), Path(sys.argv[2]))
