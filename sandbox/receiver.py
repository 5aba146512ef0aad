"""A receiver of webhooks inside the sandbox, where pods reach it, which may be down when it is first called.

`python -m sandbox.receiver PORT FILE` is its process: each call is a line of FILE with the id of the webhook.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from sandbox.errors import SandboxError
from sandbox.paths import PROJECT

SECRET = "c2VjcmV0LW9mLXRoZS1zYW5kYm94"  # noqa: S105 - of a receiver that lives for one demonstration
ANY_PORT = "import socket; found = socket.socket(); found.bind(('', 0)); print(found.getsockname()[1])"
START_WITHIN = 20.0
ENDS_WITHIN = 5.0
POLL = 0.1


class WebhookReceiver:
    """Down until `start`. `received` are the ids of all calls so far, in order."""

    def __init__(self, variables: Mapping[str, str], out: Path) -> None:
        self._enter = ["nsenter", f"--net={variables['SLIPWAY_NETNS']}", "--"]
        self._out = out
        self._process: subprocess.Popen[bytes] | None = None
        self._host = str(urlsplit(variables["SLIPWAY_PROMETHEUS_URL"]).hostname)
        command = [*self._enter, sys.executable, "-S", "-c", ANY_PORT]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SandboxError(
                "receiver", "cannot enter the sandbox's network", "run slipway sandbox up", [done.stderr]
            )
        self._port = int(done.stdout)
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text("")

    @property
    def url(self) -> str:
        """Where it is called."""
        return f"http://{self._host}:{self._port}/hook"

    def start(self) -> None:
        """Start it and return once it listens; it may be started again."""
        command = [*self._enter, sys.executable, "-m", "sandbox.receiver", str(self._port), str(self._out)]
        environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
        self._process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + START_WITHIN
        while not self._listens():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise SandboxError("receiver", "it does not listen", "see what it printed")
            time.sleep(POLL)

    def stop(self) -> None:
        """Down from now on."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(ENDS_WITHIN)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def received(self) -> list[str]:
        """The ids of all calls."""
        return [json.loads(line)["id"] for line in self._out.read_text().splitlines()]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _listens(self) -> bool:
        try:
            socket.create_connection((self._host, self._port), timeout=1.0).close()
        except OSError:
            return False
        return True


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
