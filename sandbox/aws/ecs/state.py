"""What this ECS knows: clusters, task definitions, services, deployments and tasks, and how the API shows them."""

from __future__ import annotations

import threading
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

from sandbox.aws import ACCOUNT, REGION
from sandbox.aws.ecs.errors import ApiError, invalid

Json = dict[str, Any]
ENDED_KEPT = 3600.0
"""Seconds for which a task that has stopped is still described, as on AWS."""


def arn(kind: str, *names: str) -> str:
    """Of a thing of ECS."""
    return f"arn:aws:ecs:{REGION}:{ACCOUNT}:{kind}/{'/'.join(names)}"


def last_of(name: str) -> str:
    """A name, where a name or an ARN is given."""
    return name.rpartition("/")[2]


def new_id() -> str:
    return uuid.uuid4().hex


@dataclass
class Task:
    """One task. `desired` and `status` are desiredStatus and lastStatus."""

    id: str
    cluster: str
    definition: str
    deployment: str
    group: str
    overrides: Json = field(default_factory=dict)
    desired: str = "RUNNING"
    status: str = "PROVISIONING"
    address: str = ""
    registered: bool = False
    healthy: bool = False
    """In every target group of its service."""
    ran: bool = False
    created: float = field(default_factory=time.time)
    started: float = 0.0
    stopped: float = 0.0
    stop_code: str = ""
    reason: str = ""
    exit_codes: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        return arn("task", self.cluster, self.id)

    def ask_to_stop(self, code: str, reason: str) -> None:
        """Once: the first reason stands."""
        if self.desired != "STOPPED":
            self.desired, self.stop_code, self.reason = "STOPPED", code, reason

    def shown(self, definition: Json) -> Json:
        """As DescribeTasks does."""
        details = [{"name": "privateIPv4Address", "value": self.address}] if self.address else []
        found: Json = {
            "taskArn": self.arn,
            "clusterArn": arn("cluster", self.cluster),
            "taskDefinitionArn": self.definition,
            "group": self.group,
            "startedBy": self.deployment,
            "desiredStatus": self.desired,
            "lastStatus": self.status,
            "healthStatus": "UNKNOWN",
            "launchType": "FARGATE",
            "createdAt": self.created,
            "attachments": [{"type": "ElasticNetworkInterface", "status": "ATTACHED", "details": details}],
            "containers": [self._container(one) for one in definition["containerDefinitions"]],
            "overrides": self.overrides,
        }
        times = {"startedAt": self.started, "stoppedAt": self.stopped}
        texts = {"stopCode": self.stop_code, "stoppedReason": self.reason}
        return found | {name: value for name, value in {**times, **texts}.items() if value}

    def _container(self, definition: Json) -> Json:
        name = definition["name"]
        found: Json = {
            "containerArn": arn("container", self.cluster, self.id, name),
            "taskArn": self.arn,
            "name": name,
            "image": definition["image"],
            "lastStatus": self.status,
            "networkInterfaces": [{"privateIpv4Address": self.address}] if self.address else [],
        }
        if name in self.exit_codes:
            found["exitCode"] = self.exit_codes[name]
        return found | ({"reason": self.reasons[name]} if name in self.reasons else {})


@dataclass
class Deployment:
    """One of a service: PRIMARY is what it is to be, ACTIVE one that is being replaced."""

    definition: str
    id: str = field(default_factory=lambda: f"ecs-svc/{uuid.uuid4().int % 10**19}")
    status: str = "PRIMARY"
    rollout: str = "IN_PROGRESS"
    reason: str = "ECS deployment in progress."
    failed: int = 0
    not_before: float = 0.0
    """When the next task may be started, by the steady clock: the more have failed, the later."""
    created: float = field(default_factory=time.time)


@dataclass
class Service:
    """`asked` is CreateService's request with what UpdateService changed."""

    name: str
    cluster: str
    asked: Json
    deployments: list[Deployment]
    status: str = "ACTIVE"
    created: float = field(default_factory=time.time)
    events: list[Json] = field(default_factory=list)

    @property
    def arn(self) -> str:
        return arn("service", self.cluster, self.name)

    @property
    def desired(self) -> int:
        return int(self.asked.get("desiredCount") or 0) if self.status == "ACTIVE" else 0

    @property
    def primary(self) -> Deployment:
        return self.deployments[0]

    @property
    def groups(self) -> list[Json]:
        """Its load balancers, each a target group with a container and a port."""
        return list(self.asked.get("loadBalancers") or [])

    def say(self, text: str) -> None:
        """Note an event, the newest first."""
        event = {"id": str(uuid.uuid4()), "createdAt": time.time(), "message": f"(service {self.name}) {text}"}
        self.events = [event, *self.events[:99]]

    def shown(self, tasks: list[Task]) -> Json:
        """As DescribeServices does; `tasks` are those of the service."""
        kept = ("networkConfiguration", "deploymentConfiguration", "healthCheckGracePeriodSeconds", "propagateTags")
        return {name: self.asked[name] for name in kept if name in self.asked} | {
            "serviceArn": self.arn,
            "serviceName": self.name,
            "clusterArn": arn("cluster", self.cluster),
            "status": self.status,
            "taskDefinition": self.primary.definition,
            "desiredCount": self.desired,
            "runningCount": _count(tasks, "RUNNING"),
            "pendingCount": _count(tasks, "PROVISIONING", "PENDING"),
            "launchType": "FARGATE",
            "schedulingStrategy": "REPLICA",
            "deploymentController": {"type": "ECS"},
            "loadBalancers": self.groups,
            "serviceRegistries": [],
            "enableECSManagedTags": bool(self.asked.get("enableECSManagedTags")),
            "enableExecuteCommand": False,
            "createdAt": self.created,
            "events": self.events,
            "deployments": [self._deployment(one, tasks) for one in self.deployments],
        }

    def _deployment(self, one: Deployment, tasks: list[Task]) -> Json:
        mine = [task for task in tasks if task.deployment == one.id]
        return {
            "id": one.id,
            "status": one.status,
            "taskDefinition": one.definition,
            "desiredCount": self.desired if one.status == "PRIMARY" else 0,
            "runningCount": _count(mine, "RUNNING"),
            "pendingCount": _count(mine, "PROVISIONING", "PENDING"),
            "failedTasks": one.failed,
            "rolloutState": one.rollout,
            "rolloutStateReason": one.reason,
            "createdAt": one.created,
            "updatedAt": one.created,
            "launchType": "FARGATE",
        }


def _count(tasks: list[Task], *states: str) -> int:
    return sum(task.status in states for task in tasks)


@dataclass
class State:
    """Everything; `lock` is held while any of it is read or changed."""

    lock: threading.RLock = field(default_factory=threading.RLock)
    clusters: dict[str, Json] = field(default_factory=dict)
    definitions: dict[str, Json] = field(default_factory=dict)
    """By ARN; also those that were deregistered."""
    services: dict[tuple[str, str], Service] = field(default_factory=dict)
    tasks: dict[str, Task] = field(default_factory=dict)
    tags: dict[str, dict[str, str]] = field(default_factory=dict)

    def cluster(self, given: str | None) -> str:
        """The name of a cluster that exists."""
        name = last_of(given or "default")
        if self.clusters.get(name, {}).get("status") != "ACTIVE":
            raise ApiError("ClusterNotFoundException", "Cluster not found.")
        return name

    def service(self, cluster: str, given: str) -> Service:
        """One that can still be changed."""
        found = self.services.get((cluster, last_of(given)))
        if found is None:
            raise ApiError("ServiceNotFoundException", "Service not found.")
        if found.status != "ACTIVE":
            raise ApiError("ServiceNotActiveException", "Service was not ACTIVE.")
        return found

    def definition(self, given: str) -> Json:
        """By ARN, `family:revision`, or `family` for its newest active revision."""
        name = last_of(given)
        family, _, number = name.partition(":")
        mine = [one for one in self.definitions.values() if one["family"] == family]
        wanted = [one for one in mine if (str(one["revision"]) == number if number else one["status"] == "ACTIVE")]
        if not wanted:
            raise ApiError("ClientException", "Unable to describe task definition.")
        return max(wanted, key=lambda one: int(one["revision"]))

    def active(self, given: str) -> Json:
        """A definition that a task can be started by."""
        found = self.definition(given)
        if found["status"] != "ACTIVE":
            raise invalid("TaskDefinition is inactive")
        return found

    def tasks_of(self, service: Service) -> list[Task]:
        """The newest service of its name, and the tasks that it has started."""
        mine = {one.id for one in service.deployments}
        return [task for task in self.tasks.values() if task.deployment in mine]

    def forget_old(self, now: float) -> None:
        """Tasks that stopped an hour ago."""
        old = [task.id for task in self.tasks.values() if task.stopped and task.stopped < now - ENDED_KEPT]
        for name in old:
            del self.tasks[name]
