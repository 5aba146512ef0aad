"""ECS services, one for each revision, and the health of their targets, as AWS tells them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, Protocol

from slipway.release.errors import ClusterError, LeaseLost, LeaseStale
from slipway.release.rollout_inputs import Backend
from slipway.rollout.platforms.aws.ecs_state import is_alive, is_settled, is_there, readiness_of
from slipway.rollout.platforms.aws.requests import AwsRequests
from slipway.rollout.platforms.aws.target_groups import TargetGroupApi, TargetGroups
from slipway.rollout.platforms.base import Readiness, Reason
from slipway.rollout.platforms.trying import Patience
from slipway.rollout.process.fence import UNFENCED, Fence

STOPPED_TASKS = 5
"""That are read to say why a service is not ready."""
PAGE = 100
"""Tasks in one answer."""
Json = dict[str, Any]


class EcsApi(Protocol):
    """What is used of boto3's client for `ecs`; every method takes the parameters of the API and gives its answer."""

    def describe_services(self, **asked: object) -> Json:
        """Services by name."""
        ...

    def describe_task_definition(self, **asked: object) -> Json:
        """One revision of a task definition."""
        ...

    def list_tasks(self, **asked: object) -> Json:
        """One page of the ARNs of tasks."""
        ...

    def describe_tasks(self, **asked: object) -> Json:
        """Tasks by ARN."""
        ...

    def update_service(self, **asked: object) -> Json:
        """Change a service."""
        ...


class TargetHealthApi(TargetGroupApi, Protocol):
    """The same for `elbv2`."""

    def describe_target_health(self, **asked: object) -> Json:
        """The targets of a group, with their health."""
        ...


class EcsWorkloads:
    """See slipway.rollout.platforms.base.Workloads. The workload of a backend is the name of its ECS service, its entry
    that of the target group. A service with a controller or strategy that moves traffic itself is never ready."""

    def __init__(
        self,
        ecs: EcsApi,
        elb: TargetHealthApi,
        cluster: str,
        fence: Fence = UNFENCED,
        patience: Patience | None = None,
    ) -> None:
        self._ecs = ecs
        self._elb = elb
        self._cluster = cluster
        self._requests = AwsRequests(fence, patience)
        self._groups = TargetGroups(elb, self._requests)
        self._images: dict[tuple[str, str], str] = {}
        """Of a container in a task definition, which never changes."""

    def readiness(self, backend: Backend, max_age: float = 0.0) -> Readiness:
        """What runs now: the service and its targets, two reads; why tasks stop is read while it is not ready."""
        service = self._find(backend)
        if service is None:
            problem = (
                f"{self._named(backend)} does not exist; check that its workload was created: where the stack's state "
                "says so, `pulumi up --refresh` makes it anew"
            )
            return Readiness(0, 0, 0, 0, problem, Reason.MISSING)
        health = self._health(backend)
        stopped = [] if is_settled(service, health) else self._stopped(backend)
        return readiness_of(self._named(backend), service, health, stopped, self._image(backend, service))

    def scale(self, backend: Backend, replicas: int) -> None:
        """Set the desired count. The API compares nothing: what came too late is taken back where it took tasks away,
        since too many of them do no harm."""
        found = self._find(backend)
        if found is None:
            raise ClusterError(f"{self._named(backend)}: it does not exist; check that its workload was created")
        before = int(found.get("desiredCount") or 0)
        if before == replicas:
            return
        self._set(self._requests, backend, replicas)
        try:
            self._requests.fence.check()
        except (LeaseLost, LeaseStale):
            if before > replicas and self.replicas(backend) == replicas:
                self._set(AwsRequests(patience=self._requests.patience), backend, before)
            raise

    def replicas(self, backend: Backend) -> int:
        """The desired count; 0 when the service is missing."""
        found = self._find(backend)
        return int(found.get("desiredCount") or 0) if found is not None else 0

    def overlap(self, one: Backend, other: Backend) -> str | None:
        """A target group has the tasks of one ECS service."""
        return None

    def running(self, backend: Backend) -> int:
        """By the group of the tasks in the whole cluster: they outlive the service."""
        alive = [task for task in self._tasks() if is_alive(task, backend.workload)]
        return max(len(alive), self.replicas(backend))

    def _tasks(self) -> Iterator[Json]:
        """Every task of the cluster that runs, or has been told to stop; read in pages."""
        what = f"tasks of the ECS cluster {self._cluster}"
        for status in ("RUNNING", "STOPPED"):
            asked = {"cluster": self._cluster, "desiredStatus": status, "maxResults": PAGE}
            while True:
                page = self._requests.ask(what, partial(self._ecs.list_tasks, **asked))
                if page["taskArns"]:
                    yield from self._described(what, page["taskArns"])
                if not page.get("nextToken"):
                    break
                asked["nextToken"] = page["nextToken"]

    def _described(self, what: str, arns: list[str]) -> list[Json]:
        asked = {"cluster": self._cluster, "tasks": arns}
        return list(self._requests.ask(what, lambda: self._ecs.describe_tasks(**asked))["tasks"])

    def _set(self, requests: AwsRequests, backend: Backend, replicas: int) -> None:
        asked = {"cluster": self._cluster, "service": backend.workload, "desiredCount": replicas}
        requests.repeat(self._named(backend), lambda: self._ecs.update_service(**asked))

    def _find(self, backend: Backend) -> Json | None:
        asked = {"cluster": self._cluster, "services": [backend.workload]}
        found = self._requests.ask(self._named(backend), lambda: self._ecs.describe_services(**asked))
        return next((one for one in found["services"] if is_there(one)), None)

    def _health(self, backend: Backend) -> list[Json]:
        arn = self._groups.find(backend.entry)
        if arn is None:
            raise ClusterError(f"target group {backend.entry} does not exist; check that its workload was created")
        what = f"targets of {backend.entry}"
        found = self._requests.ask(what, lambda: self._elb.describe_target_health(TargetGroupArn=arn))
        return list(found["TargetHealthDescriptions"])

    def _stopped(self, backend: Backend) -> list[Json]:
        """The newest tasks that have stopped; ECS keeps them for an hour."""
        asked = {
            "cluster": self._cluster,
            "serviceName": backend.workload,
            "desiredStatus": "STOPPED",
            "maxResults": STOPPED_TASKS,
        }
        what = f"stopped tasks of {self._named(backend)}"
        arns = self._requests.ask(what, lambda: self._ecs.list_tasks(**asked))["taskArns"]
        if not arns:
            return []
        found = self._described(what, arns)
        # Compared with each other only: all are by the clock of ECS.
        dated = [one for one in found if one.get("stoppedAt") is not None]
        return sorted(dated, key=lambda one: one["stoppedAt"], reverse=True) or found

    def _image(self, backend: Backend, service: Json) -> str:
        """Of the container that the load balancer sends to."""
        definition = str(service.get("taskDefinition") or "")
        balanced = (service.get("loadBalancers") or [{}])[0].get("containerName")
        key = (definition, str(balanced))
        if definition and key not in self._images:
            what = f"task definition of {self._named(backend)}"
            asked = self._requests.ask(what, lambda: self._ecs.describe_task_definition(taskDefinition=definition))
            containers = asked["taskDefinition"]["containerDefinitions"]
            mine = [one for one in containers if balanced in (None, one["name"])]
            self._images[key] = str(mine[0]["image"]) if mine else ""
        return self._images.get(key, "")

    def _named(self, backend: Backend) -> str:
        return f"ECS service {self._cluster}/{backend.workload}"
