"""Readiness, its reasons and scaling with real pods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from lightkube import Client
from lightkube.resources.core_v1 import Pod, ResourceQuota

from slipway.rollout.platforms.base import Reason
from slipway.rollout.platforms.kubernetes.workloads import KubernetesWorkloads
from tests.integration.rollout.stage import Stage, eventually


@pytest.fixture
def workloads(client: Client, stage: Stage) -> KubernetesWorkloads:
    return KubernetesWorkloads(client, stage.namespace)


def test_ready_replicas_are_endpoints_and_follow_the_scale(
    workloads: KubernetesWorkloads, stage: Stage, images: Mapping[str, str]
) -> None:
    backend = stage.deploy("healthy", images["v1"])
    found = eventually(lambda: workloads.readiness(backend), lambda seen: seen.ready == 2 == seen.endpoints_ready)
    assert (found.desired, found.restarts, found.problem, found.reason, found.fatal) == (2, 0, None, None, False)
    workloads.scale(backend, 3)
    assert workloads.replicas(backend) == 3
    eventually(lambda: workloads.readiness(backend), lambda seen: seen.ready == 3 == seen.endpoints_ready)
    workloads.scale(backend, 1)
    down = eventually(lambda: workloads.readiness(backend), lambda seen: seen.endpoints_ready == 1)
    assert down.desired == 1


def test_a_workload_that_does_not_exist_is_missing(workloads: KubernetesWorkloads, stage: Stage) -> None:
    found = workloads.readiness(stage.backend("absent"))
    assert found.reason is Reason.MISSING
    assert found.endpoints_ready == 0
    assert not found.fatal
    assert "does not exist" in str(found.problem)
    assert workloads.replicas(stage.backend("absent")) == 0


def test_a_candidate_that_is_never_ready_has_no_endpoint_and_no_other_problem(
    workloads: KubernetesWorkloads, stage: Stage, images: Mapping[str, str]
) -> None:
    backend = stage.deploy("never", images["never-ready"], replicas=1)
    labels: dict[str, Any] = {"slipway.dev/revision": "never"}
    eventually(
        lambda: [pod.status for pod in stage.admin.list(Pod, namespace=stage.namespace, labels=labels)],
        lambda seen: any(status is not None and status.phase == "Running" for status in seen),
    )
    found = workloads.readiness(backend)
    assert (found.desired, found.ready, found.endpoints_ready, found.problem) == (1, 0, 0, None)


def test_a_crash_loop_is_fatal_and_names_pod_and_exit_code(
    workloads: KubernetesWorkloads, stage: Stage, images: Mapping[str, str]
) -> None:
    backend = stage.deploy("crash", images["crash-loop"], replicas=1)
    found = eventually(lambda: workloads.readiness(backend), lambda seen: seen.fatal)
    assert found.reason is Reason.CRASH_LOOP
    assert found.restarts >= 1
    assert str(found.problem).startswith("pod checkout-crash-")
    assert "CrashLoopBackOff: last exit code 1 (Error)" in str(found.problem)


def test_an_image_that_cannot_be_pulled_is_named(
    workloads: KubernetesWorkloads, stage: Stage, images: Mapping[str, str]
) -> None:
    image = images["v1"].partition("@")[0] + "@sha256:" + "0" * 64
    backend = stage.deploy("image", image, replicas=1)
    found = eventually(lambda: workloads.readiness(backend), lambda seen: seen.problem is not None)
    assert found.reason is Reason.IMAGE_PULL
    assert not found.fatal


def test_a_secret_that_is_missing_is_named(
    workloads: KubernetesWorkloads, stage: Stage, images: Mapping[str, str]
) -> None:
    env = [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "nowhere", "key": "a"}}}]
    backend = stage.deploy("config", images["v1"], replicas=1, env=env)
    found = eventually(lambda: workloads.readiness(backend), lambda seen: seen.problem is not None)
    assert found.reason is Reason.CONFIG
    assert 'secret "nowhere" not found' in str(found.problem)


def test_a_pod_that_fits_nowhere_is_unschedulable(
    workloads: KubernetesWorkloads, stage: Stage, images: Mapping[str, str]
) -> None:
    resources = {"requests": {"cpu": "1000"}}
    backend = stage.deploy("huge", images["v1"], replicas=1, resources=resources)
    found = eventually(lambda: workloads.readiness(backend), lambda seen: seen.problem is not None)
    assert found.reason is Reason.UNSCHEDULABLE
    assert "Insufficient cpu" in str(found.problem)


def test_a_quota_that_forbids_the_pods_is_told(
    workloads: KubernetesWorkloads, stage: Stage, images: Mapping[str, str]
) -> None:
    stage.make("v1", "ResourceQuota", "none", {"spec": {"hard": {"pods": "0"}}})
    try:
        backend = stage.deploy("quota", images["v1"], replicas=1)
        found = eventually(lambda: workloads.readiness(backend), lambda seen: seen.problem is not None)
    finally:
        stage.admin.delete(ResourceQuota, "none", namespace=stage.namespace)
    assert found.reason is Reason.QUOTA
    assert "exceeded quota" in str(found.problem)
