"""One version of a service on ECS: everything that belongs to its revision and to no other.

All names carry the revision, so another revision is always another set: nothing here is ever patched. A change of what
is rendered must raise `slipway.release.revision.TEMPLATE`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi

from components.aws_objects import ListenerRule, Service, TargetGroup, TaskDefinition
from components.resources import ListenerPriority
from slipway.release.ecs_setting import EcsSetting
from slipway.release.labels import selector
from slipway.release.listener_priority import ListenerPriorityInputs
from slipway.release.manifest.release import Release
from slipway.release.manifest.workload import Workload
from slipway.release.revision import revision_of, scaled_by_rollout, target_group_name, workload_name
from slipway.release.target import EcsTarget
from slipway.release.task import (
    PREVIEW_HEADER,
    containers,
    deregistration_delay,
    health_check,
    size_of,
)
from slipway.release.tokens import ECS_WORKLOAD

PROTOCOLS = {"http": "HTTP1", "h2c": "HTTP2"}


@dataclass(kw_only=True, frozen=True)
class EcsWorkloadArgs:
    """`workload` as in the manifest; `scaled_by_rollout`: the desired count is the Rollout's and not declared."""

    service: str
    revision: str
    image: str
    workload: Workload
    target: EcsTarget
    ecs: EcsSetting
    scaled_by_rollout: bool = False

    @classmethod
    def of(cls, release: Release, target: EcsTarget, ecs: EcsSetting) -> EcsWorkloadArgs:
        """The workload of a release, with that release's own settings."""
        return cls(
            service=release.service,
            revision=revision_of(release),
            image=release.artifact.image,
            workload=release.workload,
            target=target,
            ecs=ecs,
            scaled_by_rollout=scaled_by_rollout(release),
        )


class EcsWorkload(pulumi.ComponentResource):
    """Target group, the rule that keeps it in use, task definition and service of one revision.

    The rule leads requests with the header `x-slipway-revision` there. Without a rule ECS refuses the service, and the
    load balancer does not ask its tasks for their health, so that no weight could ever be given."""

    target_group: TargetGroup
    warm_rule: ListenerRule
    task_definition: TaskDefinition
    service: Service

    def __init__(self, name: str, args: EcsWorkloadArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Raises ValueError when no task of Fargate is as large as the workload asks for."""
        super().__init__(ECS_WORKLOAD, name, {}, opts)
        self._name, self._args = name, args
        self._tags = {"app.kubernetes.io/name": args.service, **selector(args.service, args.revision)}
        self.target_group = self._declare_target_group()
        self.warm_rule = self._declare_warm_rule()
        self.task_definition = self._declare_task_definition()
        self.service = self._declare_service()
        self.register_outputs({"revision": args.revision, "image": args.image})

    def _child(self, *before: pulumi.Resource) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, depends_on=list(before))

    def _declare_target_group(self) -> TargetGroup:
        args, workload = self._args, self._args.workload
        content = {
            "name": target_group_name(args.service, args.revision, args.target),
            "port": workload.port,
            "protocol": "HTTP",
            "protocolVersion": PROTOCOLS[workload.app_protocol],
            "targetType": "ip",
            "vpcId": args.ecs.vpc,
            "deregistrationDelay": deregistration_delay(workload),
            "healthCheck": health_check(workload),
            "tags": self._tags,
        }
        return TargetGroup(self._name, content, self._child())

    def _declare_warm_rule(self) -> ListenerRule:
        name = workload_name(self._args.service, self._args.revision)
        header = {"httpHeaderName": PREVIEW_HEADER, "values": [name]}
        chosen = ListenerPriority(self._name, ListenerPriorityInputs.of(name, self._args.target), self._child())
        content = {
            "listenerArn": self._args.target.listener,
            "priority": chosen.priority,
            "conditions": [{"httpHeader": header}],
            "actions": [{"type": "forward", "targetGroupArn": self.target_group.arn}],
            "tags": self._tags,
        }
        return ListenerRule(self._name, content, self._child())

    def _declare_task_definition(self) -> TaskDefinition:
        args, size = self._args, size_of(self._args.workload)
        if size is None:
            raise ValueError(f"{self._name}: no task of Fargate is as large as workload.resources asks for")
        content = {
            "family": workload_name(args.service, args.revision),
            "containerDefinitions": containers(args.service, args.image, args.workload),
            "cpu": str(size[0]),
            "memory": str(size[1]),
            "networkMode": "awsvpc",
            "requiresCompatibilities": ["FARGATE"],
            "executionRoleArn": args.ecs.execution_role,
            "taskRoleArn": args.ecs.task_role,
            "tags": self._tags,
        }
        return TaskDefinition(self._name, content, self._child())

    def _declare_service(self) -> Service:
        """It does not wait: the Rollout alone judges readiness, against the deadline in the manifest."""
        args, ecs = self._args, self._args.ecs
        balanced: dict[str, Any] = {
            "targetGroupArn": self.target_group.arn,
            "containerName": args.service,
            "containerPort": args.workload.port,
        }
        network = {
            "subnets": list(ecs.subnets),
            "securityGroups": list(ecs.security_groups),
            "assignPublicIp": ecs.assign_public_ip,
        }
        content = {
            "name": workload_name(args.service, args.revision),
            "cluster": args.target.cluster,
            "taskDefinition": self.task_definition.arn,
            "desiredCount": None if args.scaled_by_rollout else args.workload.replicas,
            "launchType": "FARGATE",
            "loadBalancers": [balanced],
            "networkConfiguration": network,
            "deploymentCircuitBreaker": {"enable": True, "rollback": False},
            "deploymentMinimumHealthyPercent": 100,
            "deploymentMaximumPercent": 200,
            "healthCheckGracePeriodSeconds": round(args.workload.ready_within),
            "propagateTags": "SERVICE",
            "waitForSteadyState": False,
            "tags": self._tags,
        }
        return Service(self._name, content, self._child(self.warm_rule))
