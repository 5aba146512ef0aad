"""A stand-in for an adapter of metrics: the aggregated API `external.metrics.k8s.io`, whose values are those of a file.

What scales pods by them, the HorizontalPodAutoscaler's controller, is the real one. Nothing measures here: a test or a
demonstration writes the values. `python -m sandbox.standins.external_metrics PORT FILE CERTIFICATE KEY` is its process;
FILE holds `{metric: {revision: value}}`.
"""

from __future__ import annotations

import json
import os
import ssl
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from lightkube import Client, codecs
from lightkube.core.exceptions import ApiError
from lightkube.generic_resource import create_global_resource

from sandbox.inside import InsideServer
from sandbox.paths import PROJECT, StatePaths, state_paths
from sandbox.pki import Pki

GROUP, VERSION = "external.metrics.k8s.io", "v1beta1"
ROOT = f"/apis/{GROUP}/{VERSION}"
REVISION = "revision"
"""The label by which a value is selected."""
APIService = create_global_resource("apiregistration.k8s.io", "v1", "APIService", "apiservices")
Values = Mapping[str, Mapping[str, int]]


class ExternalMetrics(InsideServer):
    """Down until `start`. While it is entered, the cluster's API server asks it for external metrics; of these there is
    one server in a cluster."""

    PART = "external metrics"

    def __init__(
        self, variables: Mapping[str, str], admin: Client, namespace: str, out: Path, paths: StatePaths | None = None
    ) -> None:
        super().__init__(variables, out.with_suffix(".log"))
        self._out, self._admin, self._namespace = out, admin, namespace
        self._pki = Pki((paths or state_paths()).pki)
        self.tell({})

    def tell(self, values: Values) -> None:
        """From now on these are the values."""
        fresh = self._out.with_suffix(".new")
        fresh.write_text(json.dumps(values))
        fresh.replace(self._out)

    def __enter__(self) -> Self:
        self.start()
        for made in _registration(self._namespace, self.host, self.port):
            self._admin.create(codecs.from_dict(made))
        return self

    def stop(self) -> None:
        """End it; the cluster must not know of a server that does not answer."""
        try:
            self._admin.delete(APIService, f"{VERSION}.{GROUP}")
        except ApiError as error:
            if error.status.code != 404:
                raise
        finally:
            super().stop()

    def _command(self) -> Sequence[str]:
        module = "sandbox.standins.external_metrics"
        return [sys.executable, "-m", module, str(self.port), str(self._out), *map(str, self._pki.server)]

    def _variables(self) -> Mapping[str, str]:
        return {**os.environ, "PYTHONPATH": str(PROJECT)}


def _registration(namespace: str, host: str, port: int) -> list[dict[str, Any]]:
    """The API server asks a Service; an external name needs no proxy of Services on its host."""
    name = "external-metrics"
    service = {"type": "ExternalName", "externalName": host, "ports": [{"port": port}]}
    spec = {
        "group": GROUP,
        "version": VERSION,
        "groupPriorityMinimum": 100,
        "versionPriority": 100,
        "insecureSkipTLSVerify": True,
        "service": {"namespace": namespace, "name": name, "port": port},
    }
    return [
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": namespace}, "spec": service},
        {
            "apiVersion": "apiregistration.k8s.io/v1",
            "kind": "APIService",
            "metadata": {"name": f"{VERSION}.{GROUP}"},
            "spec": spec,
        },
    ]


def answer(path: str, values: Values) -> dict[str, Any]:
    """What the API says: its discovery, or the values of one metric that fit the selector."""
    asked = urlsplit(path)
    if asked.path.rstrip("/") == ROOT:
        return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": f"{GROUP}/{VERSION}", "resources": []}
    metric = asked.path.rpartition("/")[2]
    terms = parse_qs(asked.query).get("labelSelector", [""])[0].split(",")
    wanted = dict(term.split("=", 1) for term in terms if "=" in term)
    at = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    items = [
        {"metricName": metric, "metricLabels": {REVISION: revision}, "timestamp": at, "value": str(value)}
        for revision, value in values.get(metric, {}).items()
        if wanted.get(REVISION, revision) == revision
    ]
    return {"kind": "ExternalMetricValueList", "apiVersion": f"{GROUP}/{VERSION}", "metadata": {}, "items": items}


def serve(port: int, values: Path, certificate: Path, key: Path) -> None:
    """Answer by what the file says at each request."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            known = self.path.startswith(ROOT)
            body = json.dumps(answer(self.path, json.loads(values.read_text())) if known else {}).encode()
            self.send_response(200 if known else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("0.0.0.0", port), Handler)  # noqa: S104 - of the sandbox's namespace
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.serve_forever()


if __name__ == "__main__":
    serve(int(sys.argv[1]), *map(Path, sys.argv[2:5]))
