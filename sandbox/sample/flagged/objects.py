"""What runs the service in a cluster: Deployment, Service and route."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sandbox.context import GATEWAY_NAME, GATEWAY_NAMESPACE

NAME = "flagged"
PORT = 8080
DRAIN_SECONDS = 3


@dataclass(frozen=True)
class Placement:
    """``flagd`` is host and port of the sync server; ``fault`` the share, from 0 to 1, of the failing requests among
    those that get the variant ``on``."""

    namespace: str
    image: str
    hostname: str
    flag: str
    flagd: tuple[str, int]
    fault: float = 0.0
    replicas: int = 2


def objects(placement: Placement) -> list[dict[str, Any]]:
    """The manifests. A pod is ready once it has flags; its counters are scraped."""
    labels = {"app": NAME}
    return [
        _object("apps/v1", "Deployment", placement, _deployment(placement, labels)),
        _object("v1", "Service", placement, {"selector": labels, "ports": [{"port": PORT, "name": "http"}]}),
        _object("gateway.networking.k8s.io/v1", "HTTPRoute", placement, _route(placement)),
    ]


def _object(version: str, kind: str, placement: Placement, spec: dict[str, Any]) -> dict[str, Any]:
    metadata = {"name": NAME, "namespace": placement.namespace}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec}


def _deployment(placement: Placement, labels: dict[str, str]) -> dict[str, Any]:
    annotations = {"prometheus.io/scrape": "true", "prometheus.io/port": str(PORT)}
    return {
        "replicas": placement.replicas,
        "selector": {"matchLabels": labels},
        "template": {
            "metadata": {"labels": labels, "annotations": annotations},
            "spec": {
                "containers": [_container(placement)],
                "automountServiceAccountToken": False,
                "terminationGracePeriodSeconds": 4 * DRAIN_SECONDS,
            },
        },
    }


def _container(placement: Placement) -> dict[str, Any]:
    host, port = placement.flagd
    variables = {
        "FLAG": placement.flag,
        "FLAGD_HOST": host,
        "FLAGD_SYNC_PORT": str(port),
        "PORT": str(PORT),
        "FAULT_VARIANT": "on",
        "FAULT_SHARE": str(placement.fault),
    }
    return {
        "name": NAME,
        "image": placement.image,
        "env": [{"name": name, "value": value} for name, value in variables.items()],
        "ports": [{"containerPort": PORT}],
        "readinessProbe": {"httpGet": {"path": "/readyz", "port": PORT}, "periodSeconds": 1},
        "lifecycle": {"preStop": {"sleep": {"seconds": DRAIN_SECONDS}}},
        "resources": {"requests": {"cpu": "10m", "memory": "48Mi"}},
    }


def _route(placement: Placement) -> dict[str, Any]:
    return {
        "parentRefs": [{"namespace": GATEWAY_NAMESPACE, "name": GATEWAY_NAME}],
        "hostnames": [placement.hostname],
        "rules": [{"backendRefs": [{"name": NAME, "port": PORT}]}],
    }
