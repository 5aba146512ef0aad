"""A service as a team runs it without Slipway: a Deployment, a Service, and an HTTPRoute with two rules, a filter and
another backend."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]
NAME = "checkout"
OTHER = "legacy"
"""A Service of something older, which keeps its part of the requests."""
PART = 10
"""Percent of the requests that it has."""
HEADER = "x-team"
"""Set by the filter in every answer."""
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
    named = {"type": "ResponseHeaderModifier", "responseHeaderModifier": {"set": [{"name": HEADER, "value": "shop"}]}}
    everything = {
        "matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
        "filters": [named],
        "backendRefs": [
            {"name": NAME, "port": PORT, "weight": 100 - PART},
            {"name": OTHER, "port": PORT, "weight": PART},
        ],
        "timeouts": {"request": "5s"},
    }
    old = {
        "matches": [{"path": {"type": "PathPrefix", "value": "/old"}}],
        "backendRefs": [{"name": OTHER, "port": PORT}],
    }
    service = {"selector": labels, "ports": [{"port": PORT, "targetPort": TARGET}]}
    return [
        _object(
            "apps/v1", "Deployment", namespace, {"replicas": 3, "selector": {"matchLabels": labels}, "template": pod}
        ),
        _object("v1", "Service", namespace, service),
        _object("v1", "Service", namespace, service, OTHER),
        _object(
            "gateway.networking.k8s.io/v1",
            "HTTPRoute",
            namespace,
            {
                "parentRefs": [{"namespace": "edge", "name": "public"}],
                "hostnames": [hostname],
                "rules": [everything, old],
            },
        ),
    ]


def _object(version: str, kind: str, namespace: str, spec: Json, name: str = NAME) -> Json:
    meta = {"name": name, "namespace": namespace, "labels": {"team": "shop"}}
    return {"apiVersion": version, "kind": kind, "metadata": meta, "spec": spec}
