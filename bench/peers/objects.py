"""The sample service as Kubernetes objects, the same for every system."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bench.peers.matrix import REPLICAS

SERVICE = "app"
PORT = 8080
DRAIN = {"SAMPLE_DRAIN_SECONDS": "5"}
Json = dict[str, Any]


def pod_template(image: str, env: Mapping[str, str]) -> Json:
    """The pods of one version: what it is and does wrong lies in its environment. They drain by themselves, because
    Flagger's client library drops `preStop.sleep` from the primary that it makes."""
    container = {
        "name": SERVICE,
        "image": image,
        "ports": [{"containerPort": PORT}],
        "env": [{"name": name, "value": value} for name, value in sorted({**DRAIN, **env}.items())],
        "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}},
        "readinessProbe": {"httpGet": {"path": "/readyz", "port": PORT}, "periodSeconds": 1},
    }
    return {
        "metadata": {"labels": {"app": SERVICE}},
        "spec": {"terminationGracePeriodSeconds": 20, "containers": [container]},
    }


def workload(image: str, env: Mapping[str, str]) -> Json:
    """`spec` of a Deployment, or the like part of a Rollout."""
    return {
        "replicas": REPLICAS,
        "selector": {"matchLabels": {"app": SERVICE}},
        "template": pod_template(image, env),
    }


def deployment(image: str, env: Mapping[str, str]) -> Json:
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": _named(), "spec": workload(image, env)}


def service(name: str) -> Json:
    """A Service before the pods; who selects which pods is the system's own affair."""
    spec = {"selector": {"app": SERVICE}, "ports": [{"name": "http", "port": PORT, "targetPort": PORT}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


def route(host: str, weights: Mapping[str, int]) -> Json:
    backends = [{"name": name, "port": PORT, "weight": weight} for name, weight in weights.items()]
    spec = {
        "parentRefs": [{"namespace": "edge", "name": "public"}],
        "hostnames": [host],
        "rules": [{"backendRefs": backends}],
    }
    return {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": _named(), "spec": spec}


def namespace(name: str) -> Json:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def _named() -> Json:
    return {"name": SERVICE, "labels": {"app": SERVICE}}
