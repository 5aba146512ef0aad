"""The actions of ECS: one method each, by its name in the API."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any, Protocol

from sandbox.aws.ecs.errors import ApiError, invalid, not_emulated
from sandbox.aws.ecs.state import Deployment, Service, State, Task, arn, last_of, new_id

Json = dict[str, Any]
SERVICE = {
    *("cluster", "serviceName", "taskDefinition", "loadBalancers", "desiredCount", "clientToken", "launchType"),
    *("platformVersion", "deploymentConfiguration", "networkConfiguration", "healthCheckGracePeriodSeconds"),
    *("schedulingStrategy", "deploymentController", "tags", "enableECSManagedTags", "propagateTags"),
    *("availabilityZoneRebalancing",),
}
CONTAINER = {
    *("name", "image", "cpu", "memory", "memoryReservation", "portMappings", "essential", "entryPoint", "command"),
    *("environment", "dockerLabels", "stopTimeout", "logConfiguration", "readonlyRootFilesystem", "mountPoints"),
    *("volumesFrom", "systemControls", "user"),
}
DEFINITION = {
    *("family", "taskRoleArn", "executionRoleArn", "networkMode", "containerDefinitions", "requiresCompatibilities"),
    *("cpu", "memory", "tags", "runtimePlatform", "volumes", "placementConstraints"),
}
NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
PAGE = 100


class Groups(Protocol):
    """What is asked of the load balancers."""

    def balanced(self, group: str) -> bool:
        """Whether a target group is in a rule of any; raises ApiError where there is no such group."""
        ...


class Api:
    """Answers; every method takes a request and raises ApiError."""

    def __init__(self, state: State, groups: Groups) -> None:
        self._state = state
        self._groups = groups
        names = [name for name in vars(type(self)) if name[0].isupper()]
        self._actions: dict[str, Callable[[Json], Json]] = {name: getattr(self, name) for name in names}

    def answer(self, action: str, asked: Json) -> Json:
        """One request; an action that is not emulated is refused by name."""
        if action not in self._actions:
            raise not_emulated(action)
        if action == "CreateService":
            self._check_groups(asked)
        with self._state.lock:
            return self._actions[action](asked)

    def CreateCluster(self, asked: Json) -> Json:  # noqa: N802 - the API's names
        """One that exists is given back."""
        _only("CreateCluster", asked, {"clusterName", "tags", "settings", "configuration"})
        name = asked.get("clusterName") or "default"
        if self._state.clusters.get(name, {}).get("status") != "ACTIVE":
            settings = asked.get("settings") or [{"name": "containerInsights", "value": "disabled"}]
            made: Json = {"clusterName": name, "clusterArn": arn("cluster", name), "status": "ACTIVE"}
            made["settings"] = settings
            self._state.clusters[name] = made
            self._tag(made["clusterArn"], asked)
        return {"cluster": self._cluster(name)}

    def UpdateCluster(self, asked: Json) -> Json:  # noqa: N802
        """Its settings."""
        _only("UpdateCluster", asked, {"cluster", "settings", "configuration"})
        name = self._state.cluster(asked.get("cluster"))
        if asked.get("settings"):
            self._state.clusters[name]["settings"] = asked["settings"]
        return {"cluster": self._cluster(name)}

    def DescribeClusters(self, asked: Json) -> Json:  # noqa: N802
        """Those that are missing are failures."""
        names = [last_of(one) for one in asked.get("clusters") or ["default"]]
        there = [name for name in names if name in self._state.clusters]
        missing = [{"arn": arn("cluster", name), "reason": "MISSING"} for name in names if name not in there]
        return {"clusters": [self._cluster(name) for name in there], "failures": missing}

    def DeleteCluster(self, asked: Json) -> Json:  # noqa: N802
        """Refused while it has services."""
        name = self._state.cluster(asked["cluster"])
        if any(one.cluster == name and one.status != "INACTIVE" for one in self._state.services.values()):
            text = "The Cluster cannot be deleted while Services are active."
            raise ApiError("ClusterContainsServicesException", text)
        if any(one.cluster == name and one.status != "STOPPED" for one in self._state.tasks.values()):
            raise ApiError("ClusterContainsTasksException", "The Cluster cannot be deleted while Tasks are active.")
        self._state.clusters[name]["status"] = "INACTIVE"
        return {"cluster": self._cluster(name)}

    def RegisterTaskDefinition(self, asked: Json) -> Json:  # noqa: N802
        """A new revision of its family."""
        _only("a task definition with", asked, DEFINITION)
        if not NAME.fullmatch(asked.get("family") or ""):
            raise ApiError("ClientException", "Family contains invalid characters.")
        containers = asked.get("containerDefinitions") or []
        if not containers:
            raise ApiError("ClientException", "Task definition must have at least one container.")
        for container in containers:
            _only("a container with", container, CONTAINER)
            if container.get("essential") is False:
                raise not_emulated("a container that is not essential")
        found = self._state.definitions.values()
        number = max((int(one["revision"]) for one in found if one["family"] == asked["family"]), default=0) + 1
        name = arn("task-definition", f"{asked['family']}:{number}")
        made = {key: value for key, value in asked.items() if key != "tags"} | {
            "taskDefinitionArn": name,
            "revision": number,
            "status": "ACTIVE",
            "containerDefinitions": [{"essential": True, **one} for one in containers],
            "compatibilities": ["EC2", "FARGATE"],
            "registeredAt": time.time(),
        }
        self._state.definitions[name] = made
        self._tag(name, asked)
        return {"taskDefinition": made, "tags": asked.get("tags") or []}

    def DescribeTaskDefinition(self, asked: Json) -> Json:  # noqa: N802
        """With its tags where they are asked for."""
        found = self._state.definition(asked["taskDefinition"])
        return {"taskDefinition": found, "tags": self._tags(found["taskDefinitionArn"])}

    def DeregisterTaskDefinition(self, asked: Json) -> Json:  # noqa: N802
        """It can be described still, and no task be started by it."""
        found = self._state.definition(asked["taskDefinition"])
        found["status"] = "INACTIVE"
        return {"taskDefinition": found}

    def CreateService(self, asked: Json) -> Json:  # noqa: N802
        """Refused when its target group is in no rule."""
        _only("a service with", asked, SERVICE)
        cluster, name = self._state.cluster(asked.get("cluster")), asked["serviceName"]
        if not NAME.fullmatch(name):
            raise invalid("Service name contains invalid characters.")
        before = self._state.services.get((cluster, name))
        if before is not None and before.status != "INACTIVE":
            raise invalid("Creation of service was not idempotent.")
        _check_controller(asked)
        definition = self._state.active(asked["taskDefinition"])
        _check_ports(asked, definition)
        made = Service(name, cluster, dict(asked), [Deployment(definition["taskDefinitionArn"])])
        self._state.services[(cluster, name)] = made
        self._tag(made.arn, asked)
        return {"service": self._shown(made)}

    def UpdateService(self, asked: Json) -> Json:  # noqa: N802
        """The count, the task definition and what rules a deployment."""
        changeable = {"cluster", "service", "desiredCount", "taskDefinition", "forceNewDeployment"}
        changeable |= {"deploymentConfiguration", "healthCheckGracePeriodSeconds", "networkConfiguration"}
        _only("UpdateService with", asked, changeable)
        service = self._state.service(self._state.cluster(asked.get("cluster")), asked["service"])
        changed = {name: value for name, value in asked.items() if name not in ("cluster", "service")}
        replace = bool(changed.pop("forceNewDeployment", False))
        if "taskDefinition" in changed:
            wanted = self._state.active(changed["taskDefinition"])["taskDefinitionArn"]
            replace = replace or wanted != service.primary.definition
        service.asked |= changed
        _check_controller(service.asked)
        if replace:
            definition = self._state.active(service.asked["taskDefinition"])["taskDefinitionArn"]
            for old in service.deployments:
                old.status = "ACTIVE"
            service.deployments.insert(0, Deployment(definition))
        return {"service": self._shown(service)}

    def DescribeServices(self, asked: Json) -> Json:  # noqa: N802
        """Those that were deleted are INACTIVE."""
        cluster = self._state.cluster(asked.get("cluster"))
        names = [last_of(one) for one in asked["services"]]
        there = [self._state.services[(cluster, name)] for name in names if (cluster, name) in self._state.services]
        missing = [name for name in names if (cluster, name) not in self._state.services]
        failures = [{"arn": arn("service", cluster, name), "reason": "MISSING"} for name in missing]
        return {"services": [self._shown(one) for one in there], "failures": failures}

    def DeleteService(self, asked: Json) -> Json:  # noqa: N802
        """It drains first. Refused while tasks are wanted, unless forced."""
        service = self._state.service(self._state.cluster(asked.get("cluster")), asked["service"])
        if service.desired and not asked.get("force"):
            raise invalid("The service cannot be stopped while it is scaled above 0.")
        service.status = "DRAINING"
        return {"service": self._shown(service)}

    def ListServices(self, asked: Json) -> Json:  # noqa: N802
        """Those of a cluster that are not gone."""
        cluster = self._state.cluster(asked.get("cluster"))
        found = [one for one in self._state.services.values() if one.cluster == cluster and one.status != "INACTIVE"]
        return {"serviceArns": [one.arn for one in found]}

    def RunTask(self, asked: Json) -> Json:  # noqa: N802
        """Tasks that belong to no service."""
        known = {"cluster", "taskDefinition", "count", "launchType", "networkConfiguration", "overrides", "group"}
        _only("RunTask with", asked, known | {"startedBy", "clientToken", "platformVersion", "tags"})
        cluster = self._state.cluster(asked.get("cluster"))
        definition = self._state.active(asked["taskDefinition"])
        group = asked.get("group") or f"family:{definition['family']}"
        made = []
        for _ in range(int(asked.get("count") or 1)):
            started_by = asked.get("startedBy") or ""
            task = Task(new_id(), cluster, definition["taskDefinitionArn"], started_by, group)
            task.overrides = asked.get("overrides") or {}
            self._state.tasks[task.id] = task
            made.append(task)
        return {"tasks": [self._task(one) for one in made], "failures": []}

    def StopTask(self, asked: Json) -> Json:  # noqa: N802
        """By the user: a service starts another."""
        task = self._state.tasks.get(last_of(asked["task"]))
        if task is None:
            raise invalid("The referenced task was not found.")
        task.ask_to_stop("UserInitiated", asked.get("reason") or "Task stopped by user")
        return {"task": self._task(task)}

    def ListTasks(self, asked: Json) -> Json:  # noqa: N802
        """In pages; those that are to run where nothing else is asked for."""
        known = {"cluster", "serviceName", "family", "desiredStatus", "maxResults", "nextToken", "startedBy"}
        _only("ListTasks by", asked, known)
        cluster = self._state.cluster(asked.get("cluster"))
        found = [one for one in self._state.tasks.values() if one.cluster == cluster]
        found = [one for one in found if one.desired == asked.get("desiredStatus", "RUNNING")]
        if name := asked.get("serviceName"):
            found = [one for one in found if one.group == f"service:{last_of(name)}"]
        if family := asked.get("family"):
            found = [one for one in found if last_of(one.definition).partition(":")[0] == family]
        if starter := asked.get("startedBy"):
            found = [one for one in found if one.deployment == starter]
        found.sort(key=lambda one: -one.created)
        first, size = int(asked.get("nextToken") or 0), int(asked.get("maxResults") or PAGE)
        page = {"taskArns": [one.arn for one in found[first : first + size]]}
        return page | ({"nextToken": str(first + size)} if first + size < len(found) else {})

    def DescribeTasks(self, asked: Json) -> Json:  # noqa: N802
        """Those that are missing are failures."""
        names = [last_of(one) for one in asked["tasks"]]
        there = [self._state.tasks[name] for name in names if name in self._state.tasks]
        missing = [{"arn": name, "reason": "MISSING"} for name in names if name not in self._state.tasks]
        return {"tasks": [self._task(one) for one in there], "failures": missing}

    def TagResource(self, asked: Json) -> Json:  # noqa: N802
        """Adds to the tags that are there."""
        self._tag(asked["resourceArn"], asked)
        return {}

    def UntagResource(self, asked: Json) -> Json:  # noqa: N802
        """By keys."""
        mine = self._state.tags.get(asked["resourceArn"]) or {}
        for key in asked["tagKeys"]:
            mine.pop(key, None)
        return {}

    def ListTagsForResource(self, asked: Json) -> Json:  # noqa: N802
        """Of anything that has an ARN."""
        return {"tags": self._tags(asked["resourceArn"])}

    def _check_groups(self, asked: Json) -> None:
        """Outside the lock, since it asks another process."""
        for one in asked.get("loadBalancers") or []:
            group = str(one.get("targetGroupArn") or "")
            if not group:
                raise not_emulated("a load balancer without a target group")
            if not self._groups.balanced(group):
                text = f"The target group with targetGroupArn {group} does not have an associated load balancer."
                raise invalid(text)

    def _tag(self, name: str, asked: Json) -> None:
        given = {one["key"]: one.get("value", "") for one in asked.get("tags") or []}
        self._state.tags.setdefault(name, {}).update(given)

    def _tags(self, name: str) -> list[Json]:
        return [{"key": key, "value": value} for key, value in (self._state.tags.get(name) or {}).items()]

    def _cluster(self, name: str) -> Json:
        found = self._state.clusters[name]
        return found | {"tags": self._tags(found["clusterArn"])}

    def _shown(self, service: Service) -> Json:
        return service.shown(self._state.tasks_of(service)) | {"tags": self._tags(service.arn)}

    def _task(self, task: Task) -> Json:
        return task.shown(self._state.definitions[task.definition])


def _only(what: str, given: Json, known: set[str]) -> None:
    others = sorted(name for name, value in given.items() if name not in known and value not in (None, [], {}, ""))
    if others:
        raise not_emulated(f"{what} {', '.join(others)}")


def _check_controller(asked: Json) -> None:
    controller = (asked.get("deploymentController") or {}).get("type", "ECS")
    strategy = (asked.get("deploymentConfiguration") or {}).get("strategy", "ROLLING")
    if controller != "ECS" or strategy != "ROLLING":
        raise not_emulated(f"the deployment controller {controller} with the strategy {strategy}")
    if asked.get("launchType", "FARGATE") != "FARGATE":
        raise not_emulated(f"the launch type {asked['launchType']}")


def _check_ports(asked: Json, definition: Json) -> None:
    containers = {one["name"]: one for one in definition["containerDefinitions"]}
    for one in asked.get("loadBalancers") or []:
        container = containers.get(one.get("containerName"))
        if container is None:
            raise invalid(f"The container {one.get('containerName')} does not exist in the task definition.")
        ports = [mapping["containerPort"] for mapping in container.get("portMappings") or []]
        if one.get("containerPort") not in ports:
            text = f"The container {one['containerName']} did not have a container port {one.get('containerPort')}"
            raise invalid(f"{text} defined.")
