"""A real OpenTelemetry Collector of the test's own: spans in by OTLP, their counts out for Prometheus."""

from __future__ import annotations

import secrets
import time
from pathlib import Path
from typing import Any

import httpx2
import yaml

from sandbox.ports import free_address
from tests.integration.rollout.own_server import OwnServer


class OwnCollector(OwnServer):
    """On free ports of the loopback, gone after the block. `address` is what Prometheus scrapes."""

    def __init__(self, binary: Path, folder: Path) -> None:
        self._spans, self.address = free_address(), free_address()
        config = folder / "collector.yaml"
        config.write_text(yaml.safe_dump(_config(self._spans, self.address)))
        self._argv = [str(binary), "--config", str(config)]

    def send(self, service: str, version: str, name: str, good: int, bad: int) -> None:
        """So many server spans of one operation."""
        resource = {"service.name": service, "service.version": version}
        attributes = [{"key": key, "value": {"stringValue": value}} for key, value in resource.items()]
        spans = [_span(name, failed=number < bad) for number in range(good + bad)]
        body = {"resourceSpans": [{"resource": {"attributes": attributes}, "scopeSpans": [{"spans": spans}]}]}
        httpx2.post(f"http://{self._spans}/v1/traces", json=body, timeout=20).raise_for_status()

    def _ready(self) -> bool:
        try:
            return httpx2.get(f"http://{self.address}/metrics", timeout=2).is_success
        except httpx2.HTTPError:
            return False


def _config(spans: str, metrics: str) -> dict[str, Any]:
    """As docs/analysis.md describes it; the counts are brought up to date each 0.2 s."""
    return {
        "receivers": {"otlp": {"protocols": {"http": {"endpoint": spans}}}},
        "connectors": {"spanmetrics": {"dimensions": [{"name": "service.version"}], "metrics_flush_interval": "200ms"}},
        "exporters": {"prometheus": {"endpoint": metrics}},
        "service": {
            "telemetry": {"metrics": {"level": "none"}, "logs": {"level": "error"}},
            "pipelines": {
                "traces": {"receivers": ["otlp"], "exporters": ["spanmetrics"]},
                "metrics": {"receivers": ["spanmetrics"], "exporters": ["prometheus"]},
            },
        },
    }


def _span(name: str, *, failed: bool) -> dict[str, Any]:
    now = time.time_ns()
    return {
        "traceId": secrets.token_hex(16),
        "spanId": secrets.token_hex(8),
        "name": name,
        "kind": 2,
        "startTimeUnixNano": str(now - 10**6),
        "endTimeUnixNano": str(now),
        "status": {"code": 2 if failed else 1},
    }
