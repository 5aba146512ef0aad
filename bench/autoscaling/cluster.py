"""Looks at the routes and the pods of the trials, and tells the autoscalers what load each version has."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx2
from lightkube import Client
from lightkube.core.exceptions import ApiError
from lightkube.generic_resource import create_namespaced_resource
from lightkube.resources.autoscaling_v2 import HorizontalPodAutoscaler
from lightkube.resources.discovery_v1 import EndpointSlice

from bench.autoscaling.verdict import Look, burst
from sandbox.standins.external_metrics import ExternalMetrics
from slipway.rollout.platforms.kubernetes.workloads import ready_endpoints

HTTPRoute: Any = create_namespaced_resource("gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes")
EVERY = 0.5
"""Seconds between two looks."""
SERVICE_NAME = "kubernetes.io/service-name"
Shares = dict[str, dict[str, float]]


@dataclass
class Watched:
    """A service in a trial."""

    load: int
    """Pods that its load needs at the least."""
    seed: int | None = None
    """Of the trial, for the bursts; None for a steady load."""
    began: float = 0.0
    looks: list[Look] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    """Versions that had traffic at some time: later their load is 0."""


class Cluster:
    """Looks at `services` as long as it is entered."""

    def __init__(self, client: Client, namespace: str, metrics: ExternalMetrics) -> None:
        self._client, self._namespace, self._metrics = client, namespace, metrics
        self.services: dict[str, Watched] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.failed = 0
        """Looks that the API server did not answer."""

    def __enter__(self) -> Cluster:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(30)

    def ready(self) -> dict[str, int]:
        """Ready pods by the name of the Service."""
        slices: dict[str, list[EndpointSlice]] = {}
        for one in self._client.list(EndpointSlice, namespace=self._namespace):
            name = (one.metadata.labels or {}).get(SERVICE_NAME, "") if one.metadata is not None else ""
            slices.setdefault(name, []).append(one)
        return {name: ready_endpoints(found) for name, found in slices.items()}

    def shares(self) -> Shares:
        """Percent by the name of the backend's Service, of each route."""
        found: Shares = {}
        for route in self._client.list(HTTPRoute, namespace=self._namespace):
            users = route["spec"]["rules"][-1]  # rules of Slipway's own come before it
            weights = {one["name"]: float(one.get("weight", 1)) for one in users["backendRefs"]}
            total = sum(weights.values()) or 1.0
            found[route.metadata.name] = {name: 100 * weight / total for name, weight in weights.items()}
        return found

    def minimum(self, workload: str) -> int:
        """Of its autoscaler, now."""
        found = self._client.get(HorizontalPodAutoscaler, workload, namespace=self._namespace)
        return (found.spec.minReplicas if found.spec is not None else None) or 1

    def _watch(self) -> None:
        while not self._ended.wait(EVERY):
            try:
                before, ready, after = self.shares(), self.ready(), self.shares()
            except (ApiError, httpx2.HTTPError):
                self.failed += 1
                continue
            self._tell(after)
            for service, watched in self.services.items():
                names = before.get(service, {}).keys() & after.get(service, {}).keys()
                share = {name: min(before[service][name], after[service][name]) for name in names}
                watched.looks.append(Look(share, {name: ready.get(name, 0) for name in names}))

    def _tell(self, shares: Shares) -> None:
        self._metrics.tell({metric_of(service): self._loads(service, shares) for service in self.services})

    def _loads(self, service: str, shares: Shares) -> Mapping[str, int]:
        watched = self.services[service]
        extra = burst(watched.seed, time.monotonic() - watched.began) if watched.seed is not None else 0
        now = shares.get(service, {})
        watched.seen |= now.keys()
        return {
            name.removeprefix(f"{service}-"): math.ceil((watched.load + extra) * now.get(name, 0.0) / 100 - 1e-9)
            for name in watched.seen
        }


def metric_of(service: str) -> str:
    """The metric by which its versions are scaled: one for each pod that is needed."""
    return f"load-{service}"
