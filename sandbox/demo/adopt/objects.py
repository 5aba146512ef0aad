"""A service as a team runs it without Slipway: a Deployment, a Service and an HTTPRoute."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]
NAME = "checkout"
PORT, TARGET = 80, 8080


def objects(namespace: str, image: str, hostname: str) -> list[Json]:
    """In the order in which they are made."""
    labels = {"app": NAME, "chart": "checkout-7"}
    container = {
        "name": "app",
        "image": image,
        "ports": [{"name": "web", "containerPort": TARGET}],
        "readinessProbe": {"httpGet": {"path": "/readyz", "port": TARGET}, "periodSeconds": 1},
        "lifecycle": {"preStop": {"sleep": {"seconds": 5}}},
        "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}},
    }
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    rule = {
        "matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
        "backendRefs": [{"name": NAME, "port": PORT}],
        "timeouts": {"request": "5s"},
    }
    return [
        _object(
            "apps/v1", "Deployment", namespace, {"replicas": 3, "selector": {"matchLabels": labels}, "template": pod}
        ),
        _object("v1", "Service", namespace, {"selector": labels, "ports": [{"port": PORT, "targetPort": TARGET}]}),
        _object(
            "gateway.networking.k8s.io/v1",
            "HTTPRoute",
            namespace,
            {"parentRefs": [{"namespace": "edge", "name": "public"}], "hostnames": [hostname], "rules": [rule]},
        ),
    ]


def _object(version: str, kind: str, namespace: str, spec: Json) -> Json:
    meta = {"name": NAME, "namespace": namespace, "labels": {"team": "shop"}}
    return {"apiVersion": version, "kind": kind, "metadata": meta, "spec": spec}
