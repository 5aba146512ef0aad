"""A Prometheus whose counters grow with the weights of the routes: one Envoy, scraped once a second."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from typing import Any

RATE = 200.0
"""Requests a second of each service."""
BUCKETS = (5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000)
_WINDOW = re.compile(r"\[(\d+)s\]$")
_CLUSTERS = re.compile(r'envoy_cluster_name=~"([^"]*)"')
Shares = Callable[[], Mapping[str, Mapping[str, float]]]


class Counters:
    """`shares` tells percent per Service of each route."""

    def __init__(self, shares: Shares) -> None:
        self._shares = shares
        self._total: dict[str, float] = {}
        self._scraped = time.time()

    def answer(self, query: str) -> bytes:
        """An instant query."""
        self._scrape()
        window = _WINDOW.search(query)
        past = window is not None and int(window[1]) >= 3000
        rows = [] if past else self._rows(query)
        return json.dumps({"status": "success", "data": {"resultType": "matrix", "result": rows}}).encode()

    def _scrape(self) -> None:
        now = float(int(time.time()))
        if now <= self._scraped:
            return
        passed, self._scraped = now - self._scraped, now
        for shares in self._shares().values():
            for service, percent in shares.items():
                self._total[service] = self._total.get(service, 0.0) + RATE * passed * percent / 100

    def _rows(self, query: str) -> list[dict[str, Any]]:
        rows = [self._row("envoy_server_uptime", self._scraped)]
        found = _CLUSTERS.search(query)
        for cluster in found[1].split("|") if found else []:
            service = cluster.removeprefix("shop_").removesuffix("_8080")
            if service not in self._total:
                continue
            total = int(self._total[service])
            slow = total // 500
            labels = {"envoy_cluster_name": cluster}
            rows.append(self._row("envoy_cluster_upstream_rq_active", 2, **labels))
            rows.append(self._row("envoy_cluster_upstream_rq", total, envoy_response_code="200", **labels))
            if "rq_time_bucket" in query:
                for bound in BUCKETS:
                    below = total - slow if bound >= 100 else total // 2
                    rows.append(self._row("envoy_cluster_upstream_rq_time_bucket", below, le=str(bound), **labels))
                rows.append(self._row("envoy_cluster_upstream_rq_time_bucket", total, le="+Inf", **labels))
        return rows

    def _row(self, name: str, value: float, **labels: str) -> dict[str, Any]:
        ages = range(4, -1, -1)
        values = [
            [self._scraped - age, str(max(0, value - age)) if name.endswith("uptime") else str(value)] for age in ages
        ]
        return {"metric": {"__name__": name, "pod": "envoy-1", "job": "envoy", **labels}, "values": values}
