from __future__ import annotations

from typing import Any

import pytest

from sandbox.standins.kubernetes.readiness import workloads
from sandbox.standins.kubernetes.readiness.verdict import READY


def workload(spec: dict[str, Any], status: dict[str, Any], generation: int = 2) -> dict[str, Any]:
    return {"metadata": {"name": "web", "generation": generation}, "spec": spec, "status": status}


def deployment(wanted: int | None, **status: Any) -> dict[str, Any]:
    spec = {} if wanted is None else {"replicas": wanted}
    return workload(spec, {"observedGeneration": 2, **status})


def condition(kind: str, status: str = "True", **more: str) -> dict[str, Any]:
    return {"conditions": [{"type": kind, "status": status, **more}]}


POD = {
    "metadata": {"name": "web-1"},
    "status": {"containerStatuses": [{"name": "app", "ready": False, "state": {"running": {}}}]},
}


@pytest.mark.parametrize("replicas", [None, 1])
def test_a_deployment_is_ready_when_all_its_replicas_are_new_and_available(replicas: int | None) -> None:
    live = deployment(replicas, replicas=1, updatedReplicas=1, availableReplicas=1)
    assert workloads.deployment(live, ()) == READY


def test_a_deployment_without_replicas_is_ready() -> None:
    assert workloads.deployment(deployment(0), ()) == READY


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (
            {"replicas": 2, "updatedReplicas": 1, "availableReplicas": 2},
            "1 of 2 updated, 2 available, 1 old ones to go",
        ),
        ({"replicas": 2, "updatedReplicas": 2, "availableReplicas": 1}, "2 of 2 updated, 1 available"),
        ({"replicas": 3, "updatedReplicas": 2, "availableReplicas": 3}, "1 old ones to go"),
        ({}, "0 of 2 updated, 0 available"),
    ],
)
def test_a_deployment_waits_and_says_for_what(status: dict[str, int], text: str) -> None:
    verdict = workloads.deployment(deployment(2, **status), [POD])
    assert not verdict.ready
    assert not verdict.failed
    assert text in verdict.waiting_for
    assert verdict.reasons == ("pod web-1, container app: running but not ready (see its readiness probe)",)


def test_a_status_of_an_older_generation_says_nothing() -> None:
    live = deployment(1, replicas=1, updatedReplicas=1, availableReplicas=1)
    live["metadata"]["generation"] = 3
    assert workloads.deployment(live, ()).waiting_for == "the controller to see the change"


def test_the_controllers_own_complaints_come_first() -> None:
    complaint = condition("Progressing", "False", reason="ProgressDeadlineExceeded", message="timed out")
    verdict = workloads.deployment(deployment(1, **complaint), [POD])
    assert verdict.reasons[0] == "ProgressDeadlineExceeded: timed out"
    quota = condition("ReplicaFailure", reason="FailedCreate", message="exceeded quota")
    assert workloads.deployment(deployment(1, **quota), ()).reasons == ("FailedCreate: exceeded quota",)


def test_a_stateful_set_is_ready_in_one_revision_only() -> None:
    status = {"observedGeneration": 2, "readyReplicas": 2, "updatedReplicas": 2}
    same = {"currentRevision": "r2", "updateRevision": "r2"}
    assert workloads.stateful_set(workload({"replicas": 2}, status | same), ()) == READY
    rolling = workload({"replicas": 2}, status | {"currentRevision": "r1", "updateRevision": "r2"})
    assert not workloads.stateful_set(rolling, ()).ready


def test_a_partition_holds_back_its_part_of_a_stateful_set() -> None:
    spec = {"replicas": 3, "updateStrategy": {"rollingUpdate": {"partition": 2}}}
    status = {"observedGeneration": 2, "readyReplicas": 3, "currentRevision": "r1", "updateRevision": "r2"}
    assert workloads.stateful_set(workload(spec, status | {"updatedReplicas": 1}), ()) == READY
    assert not workloads.stateful_set(workload(spec, status | {"updatedReplicas": 0}), ()).ready


def test_a_stateful_set_that_updates_on_delete_needs_no_new_replicas() -> None:
    spec = {"replicas": 1, "updateStrategy": {"type": "OnDelete"}}
    status = {"observedGeneration": 2, "readyReplicas": 1, "currentRevision": "r1", "updateRevision": "r2"}
    assert workloads.stateful_set(workload(spec, status), ()) == READY


def test_a_daemon_set_is_ready_on_every_node_it_wants() -> None:
    status = {"observedGeneration": 2, "desiredNumberScheduled": 2, "numberAvailable": 2}
    assert workloads.daemon_set(workload({}, status | {"updatedNumberScheduled": 2}), ()) == READY
    assert not workloads.daemon_set(workload({}, status | {"updatedNumberScheduled": 1}), ()).ready
    on_delete = {"updateStrategy": {"type": "OnDelete"}}
    assert workloads.daemon_set(workload(on_delete, status), ()) == READY


def test_a_job_completes_fails_or_goes_on() -> None:
    assert workloads.job(workload({}, condition("Complete")), ()) == READY
    lost = workloads.job(workload({}, condition("Failed", reason="BackoffLimitExceeded", message="no more")), ())
    assert lost.failed
    assert lost.reasons == ("BackoffLimitExceeded: no more",)
    running = workloads.job(workload({"completions": 3}, {"succeeded": 1}), ())
    assert (running.ready, running.failed, running.waiting_for) == (False, False, "completions: 1 of 3")


@pytest.mark.parametrize(
    ("status", "ready", "failed"),
    [
        (condition("Ready"), True, False),
        ({"phase": "Succeeded"}, True, False),
        ({"phase": "Failed"}, False, True),
        ({"phase": "Pending"}, False, False),
    ],
)
def test_a_pod_is_ready_done_failed_or_on_its_way(status: dict[str, Any], ready: bool, failed: bool) -> None:
    verdict = workloads.pod(workload({}, status), ())
    assert (verdict.ready, verdict.failed) == (ready, failed)
