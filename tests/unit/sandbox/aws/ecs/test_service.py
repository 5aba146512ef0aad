"""Services of the sandbox's ECS: what is refused, how tasks come and go, what ends a deployment."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.aws.ecs.api import Api
from sandbox.aws.ecs.errors import ApiError
from sandbox.aws.ecs.pods import Seen, pod_of
from sandbox.aws.ecs.reconcile import Reconciler
from sandbox.aws.ecs.state import State

GROUP = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/shop/1"
CONTAINER = {"name": "app", "image": "registry/shop@sha256:1", "portMappings": [{"containerPort": 8080}]}


class Node:
    """Pods that do what a test says."""

    def __init__(self) -> None:
        self.pods: dict[str, Seen] = {}
        self.created = 0

    def seen(self) -> dict[str, Seen]:
        return dict(self.pods)

    def create(self, task: str, definition: Any, group: str, overrides: Any) -> None:
        self.created += 1
        self.pods[task] = Seen("Running", f"10.0.0.{self.created}", {}, {}, "", deleting=False)

    def delete(self, task: str, grace: int | None = None) -> None:
        self.pods.pop(task, None)

    def end(self, code: int) -> None:
        """Every pod that runs ends with an exit code."""
        self.pods = {task: Seen("Failed", one.address, {"app": code}, {}, "", False) for task, one in self.pods.items()}


class Balancer:
    """Target groups that are in rules, and the states of their targets."""

    def __init__(self, *balanced: str) -> None:
        self.groups = set(balanced)
        self.targets: dict[str, str] = {}
        self.first = "healthy"

    def balanced(self, group: str) -> bool:
        return group in self.groups

    def register(self, group: str, address: str, port: int) -> None:
        self.targets[address] = self.first

    def deregister(self, group: str, address: str, port: int) -> None:
        if address in self.targets:
            self.targets[address] = "draining"

    def health(self, group: str, address: str, port: int) -> str:
        return self.targets.get(address, "unused")


class World:
    """An ECS with a cluster and a task definition."""

    def __init__(self) -> None:
        self.node, self.balancer, self.state = Node(), Balancer(GROUP), State()
        self.api = Api(self.state, self.balancer)
        self.reconciler = Reconciler(self.state, self.node, self.balancer)
        self.api.answer("CreateCluster", {"clusterName": "shop"})
        asked = {"family": "shop", "containerDefinitions": [CONTAINER]}
        self.definition = self.api.answer("RegisterTaskDefinition", asked)["taskDefinition"]["taskDefinitionArn"]

    def create(self, **others: Any) -> Any:
        balanced = {"targetGroupArn": GROUP, "containerName": "app", "containerPort": 8080}
        asked = {"cluster": "shop", "serviceName": "shop", "taskDefinition": self.definition, "desiredCount": 2}
        return self.api.answer("CreateService", {**asked, "loadBalancers": [balanced], **others})["service"]

    def service(self) -> Any:
        return self.api.answer("DescribeServices", {"cluster": "shop", "services": ["shop"]})["services"][0]

    def look(self, times: int = 4) -> None:
        for _ in range(times):
            self.reconciler.look()

    def stopped(self) -> list[Any]:
        asked = {"cluster": "shop", "serviceName": "shop", "desiredStatus": "STOPPED"}
        arns = self.api.answer("ListTasks", asked)["taskArns"]
        return list(self.api.answer("DescribeTasks", {"cluster": "shop", "tasks": arns})["tasks"])


@pytest.fixture
def world() -> World:
    return World()


def test_a_service_is_complete_when_all_its_tasks_are_healthy(world: World) -> None:
    world.create()
    world.look()
    found = world.service()
    assert (found["runningCount"], found["deployments"][0]["rolloutState"]) == (2, "COMPLETED")


def test_a_service_is_not_complete_before_its_targets_are_healthy(world: World) -> None:
    world.balancer.first = "initial"
    world.create()
    world.look()
    assert world.service()["deployments"][0]["rolloutState"] == "IN_PROGRESS"


def test_a_service_whose_target_group_is_in_no_rule_is_refused(world: World) -> None:
    world.balancer.groups.clear()
    with pytest.raises(ApiError, match="does not have an associated load balancer"):
        world.create()


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"deploymentController": {"type": "CODE_DEPLOY"}}, "CODE_DEPLOY"),
        ({"deploymentConfiguration": {"strategy": "BLUE_GREEN"}}, "BLUE_GREEN"),
        ({"capacityProviderStrategy": [{"capacityProvider": "FARGATE_SPOT"}]}, "capacityProviderStrategy"),
        ({"launchType": "EC2"}, "EC2"),
    ],
)
def test_what_is_not_emulated_is_refused_by_name(world: World, given: dict[str, Any], named: str) -> None:
    with pytest.raises(ApiError, match=named):
        world.create(**given)


def test_an_action_that_is_not_emulated_is_refused_by_name(world: World) -> None:
    with pytest.raises(ApiError, match="CreateTaskSet"):
        world.api.answer("CreateTaskSet", {})


def test_tasks_that_end_are_told_with_their_exit_code_and_replaced(world: World) -> None:
    world.create()
    world.look()
    world.node.end(3)
    world.look(6)
    stopped = world.stopped()
    assert [(one["containers"][0]["exitCode"], one["lastStatus"]) for one in stopped] == [(3, "STOPPED")] * 2
    assert world.service()["runningCount"] == 2


def test_the_circuit_breaker_ends_a_deployment_whose_tasks_fail(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.aws.ecs.reconcile.SLOWEST", 0.0)
    world.create(deploymentConfiguration={"deploymentCircuitBreaker": {"enable": True, "rollback": False}})
    for _ in range(12):
        world.node.end(1)
        world.look(1)
    deployment = world.service()["deployments"][0]
    assert (deployment["rolloutState"], deployment["runningCount"]) == ("FAILED", 0)
    assert deployment["failedTasks"] >= 3


def test_a_service_without_a_circuit_breaker_goes_on(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.aws.ecs.reconcile.SLOWEST", 0.0)
    world.create()
    for _ in range(12):
        world.node.end(1)
        world.look(1)
    assert world.service()["deployments"][0]["rolloutState"] == "IN_PROGRESS"


def test_a_task_that_is_taken_away_runs_until_its_target_has_drained(world: World) -> None:
    world.create()
    world.look()
    world.api.answer("UpdateService", {"cluster": "shop", "service": "shop", "desiredCount": 0})
    world.look()
    assert len(world.node.pods) == 2
    world.balancer.targets.clear()
    world.look()
    assert world.node.pods == {}


def test_a_deleted_service_is_inactive_once_its_tasks_are_gone(world: World) -> None:
    world.create()
    world.look()
    with pytest.raises(ApiError, match="scaled above 0"):
        world.api.answer("DeleteService", {"cluster": "shop", "service": "shop"})
    world.api.answer("DeleteService", {"cluster": "shop", "service": "shop", "force": True})
    world.look()
    assert world.service()["status"] == "DRAINING"
    world.balancer.targets.clear()
    world.look()
    assert world.service()["status"] == "INACTIVE"


def test_a_target_that_fails_its_checks_costs_its_task(world: World) -> None:
    world.create()
    world.look()
    address = next(iter(world.balancer.targets))
    world.balancer.targets[address] = "unhealthy"
    world.look(2)
    assert [one["stoppedReason"] for one in world.stopped()] == ["Task failed ELB health checks"]


def test_a_new_task_definition_replaces_the_tasks_once_the_new_ones_are_healthy(world: World) -> None:
    world.create()
    world.look()
    asked = {"family": "shop", "containerDefinitions": [CONTAINER]}
    newer = world.api.answer("RegisterTaskDefinition", asked)["taskDefinition"]["taskDefinitionArn"]
    world.api.answer("UpdateService", {"cluster": "shop", "service": "shop", "taskDefinition": newer})
    world.look()
    assert len(world.node.pods) == 4, "the old ones drain"
    world.balancer.targets = {place: now for place, now in world.balancer.targets.items() if now != "draining"}
    world.look()
    found = world.service()
    assert (len(world.node.pods), found["taskDefinition"], len(found["deployments"])) == (2, newer, 1)


def test_a_task_becomes_a_pod_with_its_labels_and_its_time_to_stop() -> None:
    labels = {"slipway.dev/service": "shop", "prometheus.io/scrape": "true"}
    definition = {"containerDefinitions": [{**CONTAINER, "dockerLabels": labels, "stopTimeout": 10}]}
    pod = pod_of("1", definition, "service:shop", {})
    assert pod["metadata"]["labels"] == {"ecs-group": "service.shop", "slipway.dev/service": "shop"}
    assert pod["metadata"]["annotations"] == labels
    assert pod["spec"]["terminationGracePeriodSeconds"] == 10


def test_tasks_are_listed_in_pages(world: World) -> None:
    world.create(desiredCount=3)
    world.look()
    first = world.api.answer("ListTasks", {"cluster": "shop", "maxResults": 2})
    rest = world.api.answer("ListTasks", {"cluster": "shop", "maxResults": 2, "nextToken": first["nextToken"]})
    assert len(set(first["taskArns"] + rest["taskArns"])) == 3
    assert "nextToken" not in rest
