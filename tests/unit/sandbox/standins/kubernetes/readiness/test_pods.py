from __future__ import annotations

from typing import Any

import pytest

from sandbox.standins.kubernetes.readiness.pods import reasons


def pod(name: str = "web-1", created: str = "2026-01-01", **status: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "creationTimestamp": created}, "status": status}


def container(**state: Any) -> dict[str, Any]:
    return {"name": "app", "ready": False, **state}


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (
            container(state={"waiting": {"reason": "ImagePullBackOff", "message": "Back-off"}}),
            "pod web-1, container app: ImagePullBackOff: Back-off",
        ),
        (
            container(
                state={"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}},
                lastState={"terminated": {"exitCode": 3}},
                restartCount=4,
            ),
            "pod web-1, container app: CrashLoopBackOff: back-off (last exit code 3, 4 restarts)",
        ),
        (
            container(state={"terminated": {"exitCode": 137, "reason": "OOMKilled"}}),
            "pod web-1, container app: ended with exit code 137 (OOMKilled)",
        ),
    ],
)
def test_a_container_tells_what_is_wrong(status: dict[str, Any], text: str) -> None:
    assert reasons([pod(containerStatuses=[status])]) == [text]


def test_a_pod_without_a_place_tells_why() -> None:
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1 nodes"}
    assert reasons([pod(conditions=[condition])]) == ["pod web-1: Unschedulable: 0/1 nodes"]


def test_starting_is_no_trouble() -> None:
    starting = container(state={"waiting": {"reason": "ContainerCreating"}})
    assert reasons([pod(containerStatuses=[starting])]) == []


def test_ready_and_leaving_pods_are_not_spoken_of() -> None:
    wrong = container(state={"terminated": {"exitCode": 1, "reason": "Error"}})
    ready = pod(conditions=[{"type": "Ready", "status": "True"}], containerStatuses=[wrong])
    leaving = pod(containerStatuses=[wrong])
    leaving["metadata"]["deletionTimestamp"] = "now"
    assert reasons([ready, leaving]) == []


def test_the_newest_pods_speak_first_and_three_at_most() -> None:
    wrong = container(state={"waiting": {"reason": "ErrImagePull", "message": ""}})
    pods = [pod(f"web-{day}", f"2026-01-0{day}", containerStatuses=[wrong]) for day in (1, 4, 2, 3)]
    assert [text.split(",")[0] for text in reasons(pods)] == ["pod web-4", "pod web-3", "pod web-2"]
