"""What a pod's status says about why it is not ready, as one line. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lightkube.models.core_v1 import ContainerState, ContainerStateTerminated, ContainerStatus, PodStatus
from lightkube.resources.core_v1 import Pod

from slipway.rollout.platforms.base import Reason

_WAITING = {
    "CrashLoopBackOff": Reason.CRASH_LOOP,
    "ImagePullBackOff": Reason.IMAGE_PULL,
    "ErrImagePull": Reason.IMAGE_PULL,
    "ErrImageNeverPull": Reason.IMAGE_PULL,
    "InvalidImageName": Reason.IMAGE_PULL,
    "CreateContainerConfigError": Reason.CONFIG,
    "CreateContainerError": Reason.CONTAINER,
    "RunContainerError": Reason.CONTAINER,
}
_FATAL = ("CrashLoopBackOff", "InvalidImageName")
_LENGTH = 300


@dataclass(frozen=True, slots=True)
class Trouble:
    """One problem, for machines and for people."""

    reason: Reason
    text: str
    fatal: bool


def trouble(pods: Sequence[Pod]) -> Trouble | None:
    """The worst problem of the pods that are not ready: fatal ones first, then in the order of their names."""
    found = [one for pod in sorted(pods, key=_name) if not is_ready(pod) and (one := _of_pod(pod)) is not None]
    return min(found, key=lambda one: not one.fatal, default=None)


def restarts(pod: Pod) -> int:
    """Restarts of all containers of the pod."""
    return sum(status.restartCount for status in _statuses(pod))


def is_ready(pod: Pod) -> bool:
    """The kubelet's own verdict; a pod that is being deleted is not."""
    if pod.metadata is not None and pod.metadata.deletionTimestamp is not None:
        return False
    return any(c.type == "Ready" and c.status == "True" for c in _status(pod).conditions or [])


def _of_pod(pod: Pod) -> Trouble | None:
    if pod.metadata is not None and pod.metadata.deletionTimestamp is not None:
        return None
    status = _status(pod)
    statuses = _statuses(pod)
    for container in statuses:
        place = f"pod {_name(pod)}" if len(statuses) == 1 else f"pod {_name(pod)}, container {container.name}"
        found = _of_container(place, container)
        if found is not None:
            return found
    if status.reason == Reason.EVICTED:
        return Trouble(Reason.EVICTED, _line(f"pod {_name(pod)}: evicted: {status.message}"), fatal=False)
    for condition in status.conditions or []:
        if condition.type == "PodScheduled" and condition.reason == Reason.UNSCHEDULABLE:
            text = _line(f"pod {_name(pod)}: cannot be scheduled: {condition.message}")
            return Trouble(Reason.UNSCHEDULABLE, text, fatal=False)
    return None


def _of_container(place: str, container: ContainerStatus) -> Trouble | None:
    state = container.state or ContainerState()
    last = container.lastState.terminated if container.lastState is not None else None
    ended = state.terminated or last
    out_of_memory = ended is not None and ended.reason == Reason.OUT_OF_MEMORY
    if state.waiting is not None and state.waiting.reason in _WAITING:
        word = state.waiting.reason
        reason = Reason.OUT_OF_MEMORY if out_of_memory else _WAITING[word]
        # For a crash loop the message only repeats the delay; the exit code is what tells.
        why = _exit(ended, container.restartCount) if word == "CrashLoopBackOff" else state.waiting.message
        return Trouble(reason, _line(f"{place}: {word}: {why or 'no message'}"), word in _FATAL)
    if ended is not None and ended.exitCode != 0:
        reason = Reason.OUT_OF_MEMORY if out_of_memory else Reason.CONTAINER
        return Trouble(reason, _line(f"{place}: {_exit(ended, container.restartCount)}"), fatal=False)
    return None


def _exit(ended: ContainerStateTerminated | None, count: int) -> str:
    if ended is None:
        return f"{count} restart(s)"
    return f"last exit code {ended.exitCode} ({ended.reason or 'no reason'}), {count} restart(s)"


def _line(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _LENGTH else f"{flat[: _LENGTH - 3]}..."


def _name(pod: Pod) -> str:
    return (pod.metadata.name if pod.metadata is not None else None) or "?"


def _status(pod: Pod) -> PodStatus:
    return pod.status or PodStatus()


def _statuses(pod: Pod) -> list[ContainerStatus]:
    status = _status(pod)
    return [*(status.initContainerStatuses or []), *(status.containerStatuses or [])]
