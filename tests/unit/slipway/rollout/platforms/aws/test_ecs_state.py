from __future__ import annotations

from typing import Any

import pytest

from slipway.rollout.platforms.aws.ecs_state import is_alive, readiness_of
from slipway.rollout.platforms.base import Readiness, Reason

NAME = "ECS service shop/checkout-a"


def service(running: int = 2, **changes: Any) -> dict[str, Any]:
    deployment = {"status": "PRIMARY", "runningCount": running, "failedTasks": 0, **changes.pop("deployment", {})}
    return {"status": "ACTIVE", "desiredCount": 2, "deployments": [deployment], **changes}


def targets(*states: str) -> list[dict[str, Any]]:
    said = {"unhealthy": "Health checks failed", "initial": "Target registration is in progress"}
    return [{"TargetHealth": {"State": state, "Description": said.get(state)}} for state in states]


def readiness(
    found: dict[str, Any], health: list[dict[str, Any]], stopped: list[dict[str, Any]] | None = None
) -> Readiness:
    return readiness_of(NAME, found, health, stopped or [], "image@sha256:1")


def test_a_service_is_ready_when_its_tasks_run_and_are_healthy() -> None:
    found = readiness(service(), targets("healthy", "healthy"))
    assert found == Readiness(2, 2, 2, 0, image="image@sha256:1")


def test_a_task_that_runs_and_is_not_healthy_is_no_endpoint() -> None:
    found = readiness(service(), targets("healthy", "unhealthy"))
    assert (found.ready, found.endpoints_ready, found.fatal) == (2, 1, False)
    assert found.problem == f"{NAME}: 1 of 2 targets are not healthy: unhealthy: Health checks failed"


def test_tasks_of_an_older_deployment_do_not_count() -> None:
    older = {"status": "ACTIVE", "runningCount": 2}
    found = service(running=0)
    found["deployments"].append(older)
    assert readiness(found, targets("healthy", "healthy")).ready == 0


def test_a_target_group_that_is_in_no_rule_is_said_to_be() -> None:
    found = readiness(service(), targets("unused", "unused"))
    assert found.endpoints_ready == 0
    assert "is in no rule of a load balancer" in (found.problem or "")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"deploymentController": {"type": "CODE_DEPLOY"}}, "the deployment controller CODE_DEPLOY"),
        ({"deploymentController": {"type": "EXTERNAL"}}, "the deployment controller EXTERNAL"),
        ({"deploymentConfiguration": {"strategy": "BLUE_GREEN"}}, "the deployment strategy BLUE_GREEN"),
        ({"deploymentConfiguration": {"strategy": "CANARY"}}, "the deployment strategy CANARY"),
        ({"deploymentConfiguration": {"strategy": "LINEAR"}}, "the deployment strategy LINEAR"),
    ],
)
def test_whatever_else_moves_the_traffic_is_refused_by_name_though_all_is_healthy(
    changes: dict[str, Any], said: str
) -> None:
    found = readiness(service(**changes), targets("healthy", "healthy"))
    assert found.fatal
    assert said in (found.problem or "")
    assert "strategy ROLLING" in (found.problem or "")


@pytest.mark.parametrize("changes", [{}, {"deploymentConfiguration": {"strategy": "ROLLING"}}])
def test_ecs_itself_with_rolling_is_no_second_writer(changes: dict[str, Any]) -> None:
    ours = {"deploymentController": {"type": "ECS"}, **changes}
    assert readiness(service(**ours), targets("healthy", "healthy")).problem is None


def test_a_deployment_that_the_circuit_breaker_ended_is_fatal_and_says_with_which_exit_code() -> None:
    stopped = {"stoppedReason": "Essential container in task exited", "containers": [{"name": "app", "exitCode": 3}]}
    failed = {"rolloutState": "FAILED", "rolloutStateReason": "deployment circuit breaker: tasks failed to start."}
    found = readiness(service(0, deployment={**failed, "failedTasks": 4}), [], [stopped])
    assert (found.fatal, found.reason, found.restarts) == (True, Reason.CRASH_LOOP, 4)
    assert found.problem == (
        f"{NAME}: deployment circuit breaker: tasks failed to start.; Essential container in task exited; "
        "container app: exit code 3"
    )


@pytest.mark.parametrize(
    ("stopped", "reason"),
    [
        ({"stoppedReason": "CannotPullContainerError: manifest unknown"}, Reason.IMAGE_PULL),
        ({"stoppedReason": "ResourceInitializationError: unable to pull secrets"}, Reason.CONFIG),
        (
            {
                "stoppedReason": "Essential container in task exited",
                "containers": [{"name": "app", "exitCode": 137, "reason": "OutOfMemoryError: killed"}],
            },
            Reason.OUT_OF_MEMORY,
        ),
        ({"stoppedReason": "Task failed ELB health checks"}, Reason.CRASH_LOOP),
    ],
)
def test_why_a_task_has_stopped_is_told_and_waiting_goes_on(stopped: dict[str, Any], reason: Reason) -> None:
    found = readiness(service(1), targets("healthy"), [stopped])
    assert (found.reason, found.fatal) == (reason, False)
    assert stopped["stoppedReason"] in (found.problem or "")


def test_a_task_that_stopped_before_all_was_ready_is_no_problem_any_more() -> None:
    stopped = {"stoppedReason": "Scaling activity initiated by deployment"}
    assert readiness(service(), targets("healthy", "healthy"), [stopped]).problem is None


def test_a_task_that_cannot_be_placed_is_told() -> None:
    event = {"message": "(service checkout-a) was unable to place a task because no container instance met all of it"}
    found = readiness(service(1, events=[event]), targets("healthy"))
    assert (found.reason, found.fatal) == (Reason.UNSCHEDULABLE, False)


@pytest.mark.parametrize(
    ("task", "wanted"),
    [
        ({"group": "service:checkout-a", "lastStatus": "RUNNING"}, True),
        ({"group": "service:checkout-a", "lastStatus": "DEACTIVATING"}, True),
        ({"group": "service:checkout-a", "lastStatus": "STOPPED"}, False),
        ({"group": "service:checkout-a2", "lastStatus": "RUNNING"}, False),
        ({"group": "family:checkout-a", "lastStatus": "RUNNING"}, False),
    ],
    ids=["running", "stopping", "stopped", "of another service", "of none"],
)
def test_a_task_of_the_service_is_alive_until_it_has_stopped(task: dict[str, Any], wanted: bool) -> None:
    assert is_alive(task, "checkout-a") is wanted
