"""What the sandbox's own tests do with a cluster: objects in, answers out."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx2

READY_WITHIN = 60.0


@dataclass(frozen=True)
class Cluster:
    """A sandbox as its users see it, by its variables, and one namespace in it."""

    variables: Mapping[str, str]
    namespace: str

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        result = subprocess.run(
            ["kubectl", "-n", self.namespace, *arguments],
            env=dict(self.variables),
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, result.stderr
        return result.stdout

    def apply(self, *documents: Mapping[str, Any]) -> None:
        listing = {"apiVersion": "v1", "kind": "List", "items": list(documents)}
        self.kubectl("apply", "-f", "-", stdin=json.dumps(listing))

    def ready_replicas(self, deployment: str) -> int:
        found = json.loads(self.kubectl("get", "deployment", deployment, "-o", "json"))
        return int(found["status"].get("readyReplicas", 0))

    def serve(self, name: str, image: str, replicas: int = 1) -> None:
        """A Deployment with a readiness probe and its Service."""
        self.apply(deployment(name, image, replicas), service(name))

    def route(self, weights: Mapping[str, int]) -> None:
        """One HTTPRoute for the host ``<namespace>.example``."""
        self.apply(route(f"{self.namespace}.example", weights))

    def request(self, client: httpx2.Client) -> httpx2.Response:
        url = self.variables["SLIPWAY_GATEWAY_URL"]
        return client.get(f"{url}/", headers={"Host": f"{self.namespace}.example"})

    def count(self, name: str, code: int = 200) -> float:
        """Requests to a service as Prometheus has them."""
        labels = f'envoy_cluster_name="{self.namespace}_{name}_80",envoy_response_code="{code}"'
        query = {"query": f"sum(envoy_cluster_upstream_rq{{{labels}}})"}
        answer = httpx2.get(f"{self.variables['SLIPWAY_PROMETHEUS_URL']}/api/v1/query", params=query).json()
        return sum(float(item["value"][1]) for item in answer["data"]["result"])


def await_true(question: Callable[[], bool], what: str, within: float = READY_WITHIN) -> None:
    """Ask again until the answer is yes."""
    deadline = time.monotonic() + within
    while not question():
        assert time.monotonic() < deadline, f"{what} after {within} s"
        time.sleep(0.1)


def deployment(name: str, image: str, replicas: int) -> dict[str, Any]:
    labels = {"app": name}
    container = {
        "name": "app",
        "image": image,
        "ports": [{"containerPort": 8080}],
        "readinessProbe": {"httpGet": {"path": "/readyz", "port": 8080}, "periodSeconds": 1},
    }
    pod = {"terminationGracePeriodSeconds": 3, "containers": [container]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }


def service(name: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"selector": {"app": name}, "ports": [{"port": 80, "targetPort": 8080}]},
    }


def route(host: str, weights: Mapping[str, int]) -> dict[str, Any]:
    backends = [{"name": name, "port": 80, "weight": weight} for name, weight in weights.items()]
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": "app"},
        "spec": {
            "parentRefs": [{"namespace": "edge", "name": "public"}],
            "hostnames": [host],
            "rules": [{"backendRefs": backends}],
        },
    }
