"""A live service as an API server might hold it; each test changes one thing."""

from __future__ import annotations

import copy
from typing import Any

from slipway.rollout.adopting.live import Live

Json = dict[str, Any]
DIGEST = f"sha256:{'c' * 64}"
IMAGE = f"registry.example/checkout@{DIGEST}"
LABELS = {"app": "checkout", "chart": "checkout-7"}


def route(**changes: Any) -> Json:
    spec = {
        "parentRefs": [
            {"group": "gateway.networking.k8s.io", "kind": "Gateway", "namespace": "edge", "name": "public"}
        ],
        "hostnames": ["checkout.example"],
        "rules": [
            {
                "matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
                "backendRefs": [{"group": "", "kind": "Service", "name": "checkout", "port": 80, "weight": 1}],
                "timeouts": {"request": "5s"},
            }
        ],
    }
    return {
        "metadata": {"name": "checkout", "namespace": "shop", "generation": 1, "labels": {"team": "shop"}},
        "spec": {**spec, **changes},
        "status": {
            "parents": [
                {
                    "parentRef": {"namespace": "edge", "name": "public"},
                    "conditions": [
                        {"type": kind, "status": "True", "observedGeneration": 1}
                        for kind in ("Accepted", "ResolvedRefs")
                    ],
                }
            ]
        },
    }


def rule(**changes: Any) -> list[Json]:
    """The rules of the route, of which fields of the only one are changed."""
    return [{**route()["spec"]["rules"][0], **changes}]


def deployment() -> Json:
    container = {
        "name": "app",
        "image": IMAGE,
        "ports": [{"name": "web", "containerPort": 8080}],
        "readinessProbe": {"httpGet": {"path": "/ready", "port": 8080}},
        "lifecycle": {"preStop": {"sleep": {"seconds": 5}}},
    }
    return {
        "metadata": {"name": "checkout", "namespace": "shop", "generation": 4},
        "spec": {
            "replicas": 3,
            "selector": {"matchLabels": {"app": "checkout"}},
            "template": {"metadata": {"labels": dict(LABELS)}, "spec": {"containers": [container]}},
        },
        "status": {"observedGeneration": 4, "replicas": 3, "updatedReplicas": 3, "readyReplicas": 3},
    }


def service() -> Json:
    ports = [{"name": "web", "port": 80, "targetPort": "web"}]
    return {"metadata": {"name": "checkout"}, "spec": {"selector": {"app": "checkout"}, "ports": ports}}


def autoscaler(name: str = "checkout", **spec: Any) -> Json:
    target = {"kind": "Deployment", "name": "checkout"}
    return {"metadata": {"name": name}, "spec": {"scaleTargetRef": target, "minReplicas": 3, "maxReplicas": 9, **spec}}


def live(**parts: Any) -> Live:
    given = {"namespace": "shop", "route": route(), "service": service(), "deployment": deployment(), **parts}
    return Live(**copy.deepcopy(given))
