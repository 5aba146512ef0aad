"""What a process in a pod says of itself by HTTP: that it lives, and numbers that Prometheus reads.

A process that is stopped or hangs does not answer; the kubelet then replaces it (slipway.release.run_pod).
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from slipway.release.run_pod import METRICS_PATH, VITALS_PORT

_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})


class Vitals:
    """Gauges, each with its labels. Any thread may set and read them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: dict[str, tuple[Mapping[str, str], float]] = {}

    def set(self, name: str, value: float, **labels: str) -> None:
        """Replaces what this gauge was before, whatever its labels were."""
        with self._lock:
            self._values[name] = (labels, value)

    def text(self) -> str:
        """In Prometheus' text format."""
        with self._lock:
            values = dict(self._values)
        lines = []
        for name, (labels, value) in values.items():
            inner = ",".join(f'{key}="{text.translate(_ESCAPES)}"' for key, text in labels.items())
            lines += [f"# TYPE {name} gauge", f"{name}{{{inner}}} {value!r}"]
        return "".join(f"{line}\n" for line in lines)


def serve(vitals: Vitals, port: int = VITALS_PORT) -> ThreadingHTTPServer:
    """Answer from now on, in threads that end with the process. Raises OSError when the port is taken."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = vitals.text().encode() if self.path == METRICS_PATH else b""
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: the pod's log is for what is done."""

    server = ThreadingHTTPServer(("", port), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True, name="vitals").start()
    return server
