"""The sample service behind a feature flag: a program of the standard library and the real OpenFeature provider.

It runs alone in its image, without this project, and is told everything by environment variables:

FLAG                          the flag's key
FLAGD_HOST, FLAGD_SYNC_PORT   where the flags come from; the provider itself reads them
FAULT_VARIANT, FAULT_SHARE    the share (0 to 1) of that variant's requests that fail
PORT                          to listen on
DRAIN_SECONDS                 between SIGTERM and the end; a second SIGTERM ends it at once

It answers

GET /          200, or 500 for a fault, with the variant in x-sample-version; x-client of a request is its targeting key
GET /readyz    200 once flags have been received, 503 while draining
GET /metrics   http_requests_total by flag, variant and code
GET /changes   as JSON, each configuration that came: seconds of the monotonic clock, the variant a caller then gets
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import product
from typing import Any

from openfeature import api
from openfeature.client import OpenFeatureClient
from openfeature.contrib.provider.flagd import FlagdProvider
from openfeature.contrib.provider.flagd.config import ResolverType
from openfeature.evaluation_context import EvaluationContext
from openfeature.event import EventDetails, ProviderEvent
from openfeature.exception import OpenFeatureError

CODE_DEFAULT = "code-default"
"""Counted in place of a variant where the flag gives none and the program's own default is used."""
VARIANTS = ("on", "off")
CHANGES_KEPT = 1000
CALLER = EvaluationContext("probe")


class Flag:
    """One boolean flag, as the real provider evaluates it in this process."""

    def __init__(self, key: str) -> None:
        self.key = key
        self._client = OpenFeatureClient(domain=None, version=None)
        self._changes: list[tuple[float, str]] = []
        self._ready = threading.Event()

    def connect(self) -> None:
        """Follow the sync server; returns at once or after the provider's own deadline, connected or not."""
        try:
            api.set_provider_and_wait(FlagdProvider(resolver_type=ResolverType.IN_PROCESS))
        except OpenFeatureError as error:  # it goes on trying
            sys.stderr.write(f"no flags yet: {error}\n")
        # Not before: the provider that the SDK begins with, which knows no flag, is ready at once.
        api.add_handler(ProviderEvent.PROVIDER_READY, lambda _details: self._ready.set())
        api.add_handler(ProviderEvent.PROVIDER_CONFIGURATION_CHANGED, self._take)

    @property
    def ready(self) -> bool:
        """Whether flags have ever been received."""
        return self._ready.is_set()

    @property
    def changes(self) -> list[tuple[float, str]]:
        """When a configuration came, and what it gives a caller."""
        return list(self._changes)

    def variant(self, context: EvaluationContext) -> str:
        """The variant for this caller."""
        found = self._client.get_boolean_details(self.key, False, context)
        return found.variant or CODE_DEFAULT

    def _take(self, _details: EventDetails) -> None:
        self._changes.append((time.monotonic(), self.variant(CALLER)))
        del self._changes[:-CHANGES_KEPT]


class Service:
    """Counts requests by variant and fails those it is told to fail."""

    def __init__(self, flag: Flag, fault_variant: str, fault_share: float) -> None:
        self.flag = flag
        self.draining = False
        self._fault = fault_variant, fault_share
        # From the start: a counter that appears with its first event loses that event in rates.
        self._counts: Counter[tuple[str, int]] = Counter(dict.fromkeys(product(VARIANTS, (200, 500)), 0))
        self._guard = threading.Lock()

    def handle(self, key: str | None) -> tuple[int, str]:
        """Code and variant for a request of the caller with this key."""
        variant = self.flag.variant(EvaluationContext(key))
        at_fault, share = self._fault
        code = 500 if variant == at_fault and random.random() < share else 200  # noqa: S311 - no secret
        with self._guard:
            self._counts[variant, code] += 1
        return code, variant

    def metrics(self) -> str:
        """Prometheus' text format."""
        with self._guard:
            counts = sorted(self._counts.items())
        lines = ["# TYPE http_requests_total counter"]
        for (variant, code), count in counts:
            labels = f'feature_flag_key="{self.flag.key}",feature_flag_result_variant="{variant}",code="{code}"'
            lines.append(f"http_requests_total{{{labels}}} {count}")
        return "\n".join([*lines, ""])


class Handler(BaseHTTPRequestHandler):
    """One thread a connection."""

    service: Service
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self) -> None:
        """Answer by path; everything that is not one of the others is a request of a user."""
        flag = self.service.flag
        if self.path == "/readyz":
            self._answer(200 if flag.ready and not self.service.draining else 503, b"")
        elif self.path == "/metrics":
            self._answer(200, self.service.metrics().encode(), {"Content-Type": "text/plain; version=0.0.4"})
        elif self.path == "/changes":
            self._answer(200, json.dumps(flag.changes).encode(), {"Content-Type": "application/json"})
        else:
            code, variant = self.service.handle(self.headers.get("x-client"))
            self._answer(code, variant.encode(), {"x-sample-version": variant})

    def _answer(self, code: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.send_response_only(code)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        if self.service.draining:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: ANN401 - as the base has it
        """Requests are counted, not logged."""


class Server(ThreadingHTTPServer):
    """A backlog that a burst of new connections fits into."""

    daemon_threads = True
    request_queue_size = 128


def main() -> None:
    """Serve until SIGTERM, and for the time of draining after it; a second signal cuts the drain short."""
    flag = Flag(os.environ["FLAG"])
    fault = os.environ.get("FAULT_VARIANT", ""), float(os.environ.get("FAULT_SHARE", "0"))
    service = Service(flag, *fault)
    handler = type("ServiceHandler", (Handler,), {"service": service})
    server = Server(("", int(os.environ.get("PORT", "8080"))), handler)
    # Blocked before any thread starts, so that all threads inherit it: a signal then waits until it is taken. A handler
    # that runs just before the main thread blocks would not wake it.
    ends = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, ends)
    flag.connect()
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    signal.sigwait(ends)
    service.draining = True
    signal.sigtimedwait(ends, float(os.environ.get("DRAIN_SECONDS", "2")))
    server.shutdown()
    os._exit(0)  # the provider's threads need no more care


if __name__ == "__main__":
    main()
