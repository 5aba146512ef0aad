"""What keeps pods from being ready, in words."""

from __future__ import annotations

from collections.abc import Iterator

from sandbox.standins.kubernetes.readiness.verdict import Object, Related, condition, is_true

_STARTING = {"ContainerCreating", "PodInitializing"}
_LIMIT = 3


def reasons(pods: Related) -> list[str]:
    """Up to three different sentences about pods that are not ready, the newest pods first."""
    found: dict[str, None] = {}
    for pod in sorted(pods, key=lambda each: str(each["metadata"].get("creationTimestamp", "")), reverse=True):
        if not is_true(pod, "Ready") and not pod["metadata"].get("deletionTimestamp"):
            for sentence in troubles(pod):
                found.setdefault(sentence)
    return list(found)[:_LIMIT]


def troubles(pod: Object) -> Iterator[str]:
    """The sentences about one pod."""
    name = pod["metadata"]["name"]
    scheduled = condition(pod, "PodScheduled")
    if scheduled is not None and scheduled.get("status") == "False":
        yield f"pod {name}: {scheduled.get('reason')}: {scheduled.get('message', '')}"
    status = pod.get("status") or {}
    if status.get("phase") == "Failed":
        yield f"pod {name} failed: {status.get('reason') or ''} {status.get('message') or ''}".rstrip(": ")
    for container in [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]:
        yield from _container(name, container)


def _container(pod: str, container: Object) -> Iterator[str]:
    place = f"pod {pod}, container {container['name']}"
    state = container.get("state") or {}
    if waiting := state.get("waiting"):
        if waiting.get("reason") not in _STARTING:
            yield f"{place}: {waiting.get('reason')}: {waiting.get('message', '')}{_last_words(container)}"
    elif terminated := state.get("terminated"):
        if terminated.get("exitCode"):
            yield f"{place}: ended with exit code {terminated['exitCode']} ({terminated.get('reason')})"
    elif not container.get("ready") and "running" in state:
        yield f"{place}: running but not ready (see its readiness probe)"


def _last_words(container: Object) -> str:
    ended = (container.get("lastState") or {}).get("terminated")
    return f" (last exit code {ended['exitCode']}, {container.get('restartCount', 0)} restarts)" if ended else ""
