from __future__ import annotations

from typing import Any

import pytest
from lightkube.resources.core_v1 import Pod

from slipway.rollout.platforms.base import Reason
from slipway.rollout.platforms.kubernetes.pods import Trouble, is_ready, restarts, trouble


def container(restarts: int = 0, **states: Any) -> dict[str, Any]:
    return {
        "name": "main",
        "image": "i",
        "imageID": "",
        "ready": False,
        "restartCount": restarts,
        **{key: value for key, value in states.items() if value is not None},
    }


def waiting(reason: str, message: str | None = None) -> dict[str, Any]:
    return {"waiting": {"reason": reason, **({"message": message} if message else {})}}


def ended(code: int, reason: str = "Error") -> dict[str, Any]:
    return {"terminated": {"exitCode": code, "reason": reason}}


def pod(name: str = "p", *, ready: bool = False, deleted: bool = False, **status: Any) -> Pod:
    conditions = [*status.pop("conditions", []), {"type": "Ready", "status": "True" if ready else "False"}]
    meta: dict[str, Any] = {"name": name}
    if deleted:
        meta["deletionTimestamp"] = "2026-11-23T10:00:00Z"
    return made({"metadata": meta, "status": {**status, "conditions": conditions}})


def made(content: dict[str, Any]) -> Pod:
    pod = Pod.from_dict(content, lazy=False)
    assert isinstance(pod, Pod)
    return pod


def of(*containers: dict[str, Any]) -> Trouble | None:
    return trouble([pod(containerStatuses=list(containers))])


def test_a_crash_loop_tells_the_last_exit_code_and_not_the_delay() -> None:
    found = of(container(4, state=waiting("CrashLoopBackOff", "back-off 40s"), lastState=ended(3)))
    text = "pod p: CrashLoopBackOff: last exit code 3 (Error), 4 restart(s)"
    assert found == Trouble(Reason.CRASH_LOOP, text, fatal=True)


def test_a_crash_loop_for_want_of_memory_says_so() -> None:
    found = of(container(2, state=waiting("CrashLoopBackOff"), lastState=ended(137, "OOMKilled")))
    assert found is not None
    assert (found.reason, found.fatal) == (Reason.OUT_OF_MEMORY, True)
    assert "last exit code 137 (OOMKilled), 2 restart(s)" in found.text


def test_one_kill_for_want_of_memory_is_told_but_not_fatal() -> None:
    found = of(container(0, state=ended(137, "OOMKilled")))
    assert found is not None
    assert (found.reason, found.fatal) == (Reason.OUT_OF_MEMORY, False)


@pytest.mark.parametrize(
    ("word", "reason", "fatal"),
    [
        ("ImagePullBackOff", Reason.IMAGE_PULL, False),
        ("ErrImagePull", Reason.IMAGE_PULL, False),
        ("InvalidImageName", Reason.IMAGE_PULL, True),
        ("CreateContainerConfigError", Reason.CONFIG, False),
        ("CreateContainerError", Reason.CONTAINER, False),
        ("RunContainerError", Reason.CONTAINER, False),
    ],
)
def test_a_container_that_cannot_start_tells_the_kubelets_reason(word: str, reason: Reason, fatal: bool) -> None:
    found = of(container(state=waiting(word, "because\n of this")))
    assert found == Trouble(reason, f"pod p: {word}: because of this", fatal)


def test_a_container_that_is_being_made_is_no_problem() -> None:
    assert of(container(state=waiting("ContainerCreating"))) is None
    assert of(container(state={"running": {}})) is None


def test_a_container_that_failed_once_and_runs_again_is_told_while_it_is_not_ready() -> None:
    found = of(container(1, state={"running": {}}, lastState=ended(2)))
    assert found == Trouble(Reason.CONTAINER, "pod p: last exit code 2 (Error), 1 restart(s)", fatal=False)
    healthy = pod(ready=True, containerStatuses=[container(1, state={"running": {}}, lastState=ended(2))])
    assert trouble([healthy]) is None


def test_an_init_container_counts_as_well() -> None:
    broken = pod(initContainerStatuses=[container(2, state=waiting("CrashLoopBackOff"), lastState=ended(1))])
    found = trouble([broken])
    assert found is not None
    assert found.fatal
    assert restarts(broken) == 2


def test_of_several_containers_the_one_in_trouble_is_named() -> None:
    well = {**container(state={"running": {}}), "name": "checkout"}
    broken = {**container(4, state=waiting("CrashLoopBackOff"), lastState=ended(1)), "name": "proxy"}
    found = of(well, broken)
    assert found is not None
    assert found.text == "pod p, container proxy: CrashLoopBackOff: last exit code 1 (Error), 4 restart(s)"


def test_a_pod_that_fits_nowhere_is_unschedulable() -> None:
    conditions = [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes"}]
    found = trouble([pod(conditions=conditions)])
    assert found == Trouble(Reason.UNSCHEDULABLE, "pod p: cannot be scheduled: 0/3 nodes", fatal=False)


def test_an_evicted_pod_is_told() -> None:
    found = trouble([pod(reason="Evicted", message="low on disk")])
    assert found == Trouble(Reason.EVICTED, "pod p: evicted: low on disk", fatal=False)


def test_of_several_the_fatal_one_is_told_then_the_first_by_name() -> None:
    pull = container(state=waiting("ErrImagePull", "x"))
    crash = container(state=waiting("CrashLoopBackOff"), lastState=ended(1))
    found = trouble([pod("b", containerStatuses=[pull]), pod("c", containerStatuses=[crash])])
    assert found is not None
    assert "pod c" in found.text
    found = trouble([pod("b", containerStatuses=[pull]), pod("a", containerStatuses=[pull])])
    assert found is not None
    assert "pod a" in found.text


def test_a_pod_that_is_being_deleted_is_neither_ready_nor_a_problem() -> None:
    crash = container(state=waiting("CrashLoopBackOff"), lastState=ended(1))
    assert trouble([pod(deleted=True, containerStatuses=[crash])]) is None
    assert not is_ready(pod(ready=True, deleted=True))
    assert is_ready(pod(ready=True))


def test_a_message_without_end_is_shortened() -> None:
    found = of(container(state=waiting("ErrImagePull", "x" * 5000)))
    assert found is not None
    assert len(found.text) == 300
    assert found.text.endswith("...")


def test_a_pod_without_a_status_is_no_problem() -> None:
    assert trouble([made({"metadata": {"name": "p"}})]) is None
