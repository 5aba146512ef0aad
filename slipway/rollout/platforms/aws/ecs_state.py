"""What ECS and a target group say about a service -> its readiness. Pure.

Fields: the API of ECS (2014-11-13), DescribeServices and DescribeTasks, and of Elastic Load Balancing v2,
DescribeTargetHealth.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from slipway.rollout.platforms.base import Readiness, Reason

Json = Mapping[str, Any]
_LENGTH = 300
_REASONS = (
    ("CannotPull", Reason.IMAGE_PULL),
    ("OutOfMemory", Reason.OUT_OF_MEMORY),
    ("ResourceInitializationError", Reason.CONFIG),
    ("CannotCreateContainer", Reason.CONTAINER),
    ("CannotStartContainer", Reason.CONTAINER),
    ("SpotInterruption", Reason.EVICTED),
)
"""How a reason for which a task or a container has stopped begins, or what is in it."""


def is_there(service: Json) -> bool:
    """A service that was deleted is still described for a while."""
    return service.get("status") == "ACTIVE"


def second_writer(service: Json) -> str | None:
    """The other controller that moves the traffic of a service; None when there is none."""
    controller = (service.get("deploymentController") or {}).get("type") or "ECS"
    if controller != "ECS":
        return f"the deployment controller {controller}"
    strategy = (service.get("deploymentConfiguration") or {}).get("strategy") or "ROLLING"
    return f"the deployment strategy {strategy}" if strategy != "ROLLING" else None


def is_settled(service: Json, health: Sequence[Json]) -> bool:
    """Whether all that is wanted runs and is healthy, so that nothing has to be explained."""
    desired = int(service.get("desiredCount") or 0)
    return _running(service) >= desired and _healthy(health) >= desired


def readiness_of(name: str, service: Json, health: Sequence[Json], stopped: Sequence[Json], image: str) -> Readiness:
    """`health` is that of the targets, `stopped` are tasks that have stopped."""
    deployment = _primary(service)
    problem, reason, fatal = _trouble(name, service, health, stopped)
    return Readiness(
        desired=int(service.get("desiredCount") or 0),
        ready=_running(service),
        endpoints_ready=_healthy(health),
        restarts=int(deployment.get("failedTasks") or 0),
        problem=problem[:_LENGTH] if problem else None,
        reason=reason,
        fatal=fatal,
        image=image or None,
    )


def is_alive(task: Json, service: str) -> bool:
    """Whether a task of this service can still do anything: one that is stopping can."""
    return task.get("group") == f"service:{service}" and task.get("lastStatus") != "STOPPED"


def _trouble(
    name: str, service: Json, health: Sequence[Json], stopped: Sequence[Json]
) -> tuple[str | None, Reason | None, bool]:
    """The worst problem: a second writer, then a deployment that ECS has given up, then why tasks stop, cannot be
    placed or are not healthy."""
    writer = second_writer(service)
    if writer is not None:
        text = f"{writer} would move its traffic too: declare the controller ECS with the strategy ROLLING"
        return f"{name}: {text}", Reason.CONFIG, True
    task = _why_stopped(stopped[0]) if stopped else None
    deployment = _primary(service)
    if deployment.get("rolloutState") == "FAILED":
        said = " ".join(str(deployment.get("rolloutStateReason") or "ECS has given the deployment up").split())
        text, reason = task or ("", Reason.CRASH_LOOP)
        return f"{name}: {said}" + (f"; {text}" if text else ""), reason, True
    if is_settled(service, health):
        return None, None, False
    if task is not None:
        return f"{name}: {task[0]}", task[1], False
    placing = _why_not_placed(service)
    if placing is not None:
        return f"{name}: {placing}", Reason.UNSCHEDULABLE, False
    unhealthy = _why_unhealthy(health)
    return (f"{name}: {unhealthy}" if unhealthy else None), None, False


def _why_stopped(task: Json) -> tuple[str, Reason]:
    containers = [one for one in task.get("containers") or [] if one.get("exitCode") or one.get("reason")]
    said = [str(task.get("stoppedReason") or "a task has stopped")]
    for one in containers:
        code = f"exit code {one['exitCode']}" if one.get("exitCode") is not None else ""
        said.append(f"container {one.get('name')}: {', '.join(filter(None, [code, str(one.get('reason') or '')]))}")
    text = " ".join("; ".join(said).split())
    return text, next((reason for sign, reason in _REASONS if sign in text), Reason.CRASH_LOOP)


def _why_not_placed(service: Json) -> str | None:
    newest: Json = next(iter(service.get("events") or []), {})
    text = " ".join(str(newest.get("message") or "").split())
    return text if "unable to place a task" in text else None


def _why_unhealthy(health: Sequence[Json]) -> str:
    others = [one.get("TargetHealth") or {} for one in health if not _is_healthy(one)]
    if not others:
        return ""
    if all(one.get("State") == "unused" for one in others):
        return "its target group is in no rule of a load balancer, so its targets are not checked"
    first = next(one for one in others if one.get("State") != "unused")
    said = " ".join(f"{first.get('State')}: {first.get('Description') or first.get('Reason') or ''}".split())
    return f"{len(others)} of {len(health)} targets are not healthy: {said.rstrip(':')}"


def _primary(service: Json) -> Json:
    found = service.get("deployments") or []
    return next((one for one in found if one.get("status") == "PRIMARY"), {})


def _running(service: Json) -> int:
    """Tasks of the deployment that counts."""
    return int(_primary(service).get("runningCount", service.get("runningCount")) or 0)


def _healthy(health: Sequence[Json]) -> int:
    return sum(_is_healthy(one) for one in health)


def _is_healthy(target: Json) -> bool:
    return (target.get("TargetHealth") or {}).get("State") == "healthy"
