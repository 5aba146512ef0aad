"""The sandbox as its users find it. Nothing here disturbs others who use it at the same time."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import httpx2
import pytest

from sandbox import status, world
from sandbox.paths import state_paths
from tests.integration.sandbox.cluster import Cluster, await_true

pytestmark = pytest.mark.alone

REQUESTS = 400


def test_bringing_it_up_again_starts_nothing_anew(variables: Mapping[str, str]) -> None:
    before = {part.name: part.pid for part in status.inspect(state_paths()).parts}
    world.up()
    found = status.inspect(state_paths())
    assert {part.name: part.pid for part in found.parts} == before
    assert found.ready, found.problems
    assert world.environment()["KUBECONFIG"] == variables["KUBECONFIG"]


def test_it_fits_into_three_gibibytes(variables: Mapping[str, str]) -> None:
    assert 0 < status.inspect(state_paths()).memory < 3 * 1024**3


def test_a_pod_is_ready_when_its_probe_says_so(cluster: Cluster, images: Mapping[str, str]) -> None:
    cluster.serve("good", images["v1"])
    cluster.serve("bad", images["never-ready"])
    await_true(lambda: cluster.ready_replicas("good") == 1, "not ready")
    await_true(lambda: "Readiness probe failed" in cluster.kubectl("get", "events"), "no probe failed")
    assert cluster.ready_replicas("bad") == 0


def test_logs_and_commands_reach_a_pod(cluster: Cluster, images: Mapping[str, str]) -> None:
    cluster.serve("app", images["v1"])
    await_true(lambda: cluster.ready_replicas("app") == 1, "not ready")
    cluster.kubectl("logs", "deployment/app")
    with pytest.raises(AssertionError, match=r"no such file|not found"):
        cluster.kubectl("exec", "deployment/app", "--", "/absent")


def test_traffic_is_split_by_weight_and_counted_by_prometheus(cluster: Cluster, images: Mapping[str, str]) -> None:
    for name in ("v1", "v2"):
        cluster.serve(name, images[name])
    await_true(lambda: min(cluster.ready_replicas(name) for name in ("v1", "v2")) == 1, "not ready")
    cluster.route({"v1": 80, "v2": 20})
    with httpx2.Client() as client:
        await_true(lambda: cluster.request(client).status_code == 200, "the route does not serve")
        settled = cluster.count("v1") + cluster.count("v2")
        answers = [cluster.request(client) for _ in range(REQUESTS)]
    assert {answer.status_code for answer in answers} == {200}
    share = sum(answer.json()["version"] == "v2" for answer in answers) / REQUESTS
    assert abs(share - 0.2) < 5 * math.sqrt(0.2 * 0.8 / REQUESTS)
    await_true(lambda: cluster.count("v1") + cluster.count("v2") >= settled + REQUESTS, "Prometheus counts too few", 10)


def test_a_weight_of_zero_takes_a_version_out(cluster: Cluster, images: Mapping[str, str]) -> None:
    for name in ("v1", "v2"):
        cluster.serve(name, images[name])
    await_true(lambda: min(cluster.ready_replicas(name) for name in ("v1", "v2")) == 1, "not ready")
    cluster.route({"v1": 100, "v2": 0})
    with httpx2.Client() as client:
        await_true(lambda: cluster.request(client).status_code == 200, "the route does not serve")
        assert {cluster.request(client).json()["version"] for _ in range(50)} == {"v1"}
        cluster.route({"v1": 0, "v2": 100})
        await_true(lambda: cluster.request(client).json()["version"] == "v2", "the weight has no effect", 5)
        assert {cluster.request(client).json()["version"] for _ in range(50)} == {"v2"}


def test_any_registry_in_an_images_name_leads_to_the_sandboxs_own(
    cluster: Cluster, images: Mapping[str, str], variables: Mapping[str, str]
) -> None:
    cluster.serve("app", images["v1"].replace(variables["SLIPWAY_REGISTRY"], "registry.example"))
    await_true(lambda: cluster.ready_replicas("app") == 1, "not ready")


def test_inside_everything_is_on_loopback_and_nothing_leads_out(variables: Mapping[str, str]) -> None:
    script = (
        "import socket, sys\n"
        "for port in (5000, 6443, 9090, 8002): socket.create_connection(('127.0.0.1', port), 2).close()\n"
        "try: socket.create_connection(('192.0.2.1', 80), 2)\n"
        "except OSError as error: print(error)\n"
        "else: sys.exit('a way out')\n"
    )
    inside = subprocess.run(
        world.in_namespace([sys.executable, "-c", script]), capture_output=True, text=True, check=False
    )
    assert inside.returncode == 0, inside.stderr
    assert "unreachable" in inside.stdout.lower()


def test_prometheus_sends_its_alarms_to_the_sandboxs_alertmanager(cluster: Cluster) -> None:
    rules = Path(cluster.variables["SLIPWAY_RULES"]) / "test-world.yaml"
    rule = {"alert": "SandboxTest", "expr": "vector(1)", "labels": {"owner": "team-test"}}
    rules.write_text(json.dumps({"groups": [{"name": "test-world", "interval": "1s", "rules": [rule]}]}))
    prometheus, alertmanager = (cluster.variables[f"SLIPWAY_{name}_URL"] for name in ("PROMETHEUS", "ALERTMANAGER"))

    def arrived() -> bool:
        alerts = httpx2.get(f"{alertmanager}/api/v2/alerts", timeout=5.0).json()
        return any(alert["labels"] == {"alertname": "SandboxTest", "owner": "team-test"} for alert in alerts)

    try:
        assert httpx2.post(f"{prometheus}/-/reload", timeout=5.0).is_success
        await_true(arrived, "the alarm does not arrive", 30)
    finally:
        rules.unlink()
        httpx2.post(f"{prometheus}/-/reload", timeout=5.0)
