"""A server that answers as Prometheus does, with requests that are split as the journal of the flags says."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from slipway.rollout.flags.writer import FlagWriter

RATE = 400.0
"""Requests a second."""
GUARDRAIL = {
    "name": "errors",
    "kind": "custom",
    "good": 'good{f="{flag}",v="{variant}"}',
    "total": 'all{f="{flag}",v="{variant}"}',
    "negligible": "1%",
}


class Counts:
    """Requests of either variant of one flag since the start; `bad` is the share of the new one that fails."""

    def __init__(self, flag: str) -> None:
        self.flag = flag
        self.bad = 0.0
        self.writer: FlagWriter | None = None
        self.totals = {"on": 0.0, "off": 0.0}
        self.failed = 0.0
        self._since = time.monotonic()
        self._lock = threading.Lock()

    def flow(self) -> None:
        """Let the requests pass until now."""
        with self._lock:
            reached = self.writer.load().reached.get(self.flag) if self.writer is not None else None
            now = time.monotonic()
            elapsed, self._since = now - self._since, now
            on = (reached.percent if reached is not None else 0.0) / 100.0
            self.totals["on"] += RATE * elapsed * on
            self.totals["off"] += RATE * elapsed * (1.0 - on)
            self.failed += RATE * elapsed * on * self.bad

    def series(self, query: str) -> list[dict[str, object]]:
        """The parts that a query asks for, as a look has them, or one counter for any other query."""
        self.flow()
        values = {
            "candidate_total": self.totals["on"],
            "candidate_good": self.totals["on"] - self.failed,
            "baseline_total": self.totals["off"],
            "baseline_good": self.totals["off"],
        }
        asked = [part for part in values if part in query]
        at = time.time()
        if not asked:
            return [{"metric": {"pod": "p"}, "value": [at, str(int(self.totals["off"]))]}]
        return [{"metric": {"slipway_part": part, "pod": "p"}, "value": [at, str(int(values[part]))]} for part in asked]


@contextmanager
def serving(counts: Counts) -> Iterator[str]:
    """Its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(urlsplit(self.path).query)

        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers["Content-Length"])).decode())

        def _answer(self, form: str) -> None:
            query = parse_qs(form).get("query", [""])[0]
            past = query.endswith("ms]")
            found = [] if past else counts.series(query)
            data = {"resultType": "matrix" if past else "vector", "result": found}
            body = json.dumps({"status": "success", "data": data}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()
