"""A workload of a manifest becomes a task of Fargate, or is refused by the name of what cannot be."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.release.manifest.workload import Workload
from slipway.release.target import EcsTarget, KubernetesTarget
from slipway.release.task import (
    SIZES,
    containers,
    deregistration_delay,
    health_check,
    refused_task,
    size_of,
)
from tests.manifests import release

LISTENER = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:listener/app/edge/0123456789abcdef/0123456789abcdef"
TARGET = EcsTarget(kind="ecs", region="eu-central-1", cluster="shop", listener=LISTENER, table="releases")


def workload(**changes: Any) -> Workload:
    return release(**{f"workload__{name}": value for name, value in changes.items()}).workload


def refused(**changes: Any) -> set[str]:
    return {problem.path for problem in refused_task(TARGET, workload(**changes))}


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"files": {"/etc/a": "b"}}, "workload.files"),
        ({"secretEnv": {"A": {"secret": "s", "key": "k"}}}, "workload.secretEnv"),
        ({"serviceAccount": "robot"}, "workload.serviceAccount"),
        ({"pod": {"hostNetwork": True}}, "workload.pod"),
        ({"podMetadata": {"labels": {"tier": "web"}}}, "workload.podMetadata"),
        ({"service": {"annotations": {"team": "shop"}}}, "workload.service"),
        ({"probes": {"readiness": {"path": "/r"}, "liveness": {"path": "/l"}}}, "workload.probes.liveness"),
        ({"probes": {"readiness": {"path": "/r"}, "startup": {"path": "/s"}}}, "workload.probes.startup"),
        ({"resources": {"requests": {"cpu": "5"}}}, "workload.resources"),
        ({"drain": {"beforeStop": "5s", "grace": "126s"}}, "workload.drain.grace"),
    ],
)
def test_what_a_task_cannot_have_is_refused_by_name(changes: dict[str, Any], path: str) -> None:
    assert refused(**changes) == {path}
    assert list(refused_task(KubernetesTarget(namespace="shop"), workload(**changes))) == []


def test_a_plain_workload_is_not_refused() -> None:
    assert refused(probes={"readiness": {"path": "/r"}}, drain={"beforeStop": "5s", "grace": "125s"}) == set()


@pytest.mark.parametrize(
    ("cpu", "memory", "size"),
    [
        ("100m", "64Mi", (256, 512)),
        ("250m", "513Mi", (256, 1024)),
        ("300m", "512Mi", (512, 1024)),
        ("100m", "3Gi", (512, 3072)),
        ("4", "30Gi", (4096, 30720)),
        ("4", "31Gi", None),
    ],
)
def test_a_task_has_the_smallest_size_that_fits(cpu: str, memory: str, size: tuple[int, int] | None) -> None:
    assert size_of(workload(resources={"requests": {"cpu": cpu, "memory": memory}})) == size


@given(st.integers(1, 4096), st.integers(1, 30720))
def test_a_task_never_has_less_than_was_asked_for(units: int, memory: int) -> None:
    requests = {"cpu": f"{units * 1000 // 1024}m", "memory": f"{memory}Mi"}
    found = size_of(workload(resources={"requests": requests}))
    assert found is not None
    assert found[0] * 1000 >= units * 1000 // 1024 * 1024
    assert found[1] >= memory
    assert found[1] in dict(SIZES)[found[0]]


def test_the_container_is_as_the_manifest_says() -> None:
    found = workload(
        command=["/app"],
        args=["-v"],
        env={"B": "2", "A": "1"},
        annotations={"prometheus.io/scrape": "true"},
        drain={"beforeStop": "5s", "grace": "25s"},
        security={"runAsUser": 65532},
    )
    (container,) = json.loads(containers("checkout", "registry/checkout@sha256:1", found))
    assert container == {
        "name": "checkout",
        "image": "registry/checkout@sha256:1",
        "essential": True,
        "entryPoint": ["/app"],
        "command": ["-v"],
        "environment": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
        "portMappings": [{"containerPort": found.port, "protocol": "tcp"}],
        "dockerLabels": {"prometheus.io/scrape": "true"},
        "stopTimeout": 20,
        "user": "65532",
    }


@given(st.integers(1, 400), st.integers(1, 400), st.integers(1, 50))
def test_health_is_asked_for_within_the_limits_of_a_load_balancer(period: int, timeout: int, failures: int) -> None:
    probe = {"path": "/ready", "period": f"{period}s", "timeout": f"{timeout}s", "failures": failures}
    found = health_check(workload(probes={"readiness": probe}))
    assert 5 <= found["interval"] <= 300
    assert 2 <= found["timeout"] < found["interval"]
    assert 2 <= found["unhealthyThreshold"] <= 10


def test_requests_in_flight_have_the_grace_of_the_manifest() -> None:
    assert deregistration_delay(workload(drain={"beforeStop": "5s", "grace": "25s"})) == 25
