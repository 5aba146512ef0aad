"""The stack setting `ecs`: what every ECS service of the stack has in common beside the place where it is released."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import Field

from slipway.release.errors import Problem
from slipway.release.manifest.base import FrozenModel
from slipway.release.target import EcsTarget, Target

REMEDY = (
    "Write releases:ecs: {vpc: vpc-..., subnets: [subnet-...], securityGroups: [sg-...], "
    "executionRole: 'arn:aws:iam::<account>:role/<name>'}"
)
_Role = Annotated[str, Field(pattern=r"^arn:[a-z-]+:iam::[0-9]{12}:role/.+$")]


class EcsSetting(FrozenModel):
    """Network and roles of the tasks; they run on Fargate with an address of their own."""

    vpc: Annotated[str, Field(pattern=r"^vpc-[0-9a-f]+$", description="Of tasks and target groups.")]
    subnets: Annotated[
        tuple[Annotated[str, Field(pattern=r"^subnet-[0-9a-f]+$")], ...],
        Field(min_length=1, description="Where tasks are placed."),
    ]
    security_groups: Annotated[
        tuple[Annotated[str, Field(pattern=r"^sg-[0-9a-f]+$")], ...],
        Field(min_length=1, description="Of the tasks: the load balancer has to be let in."),
    ]
    execution_role: Annotated[
        _Role | None, Field(description="By which ECS pulls images, reads secrets and writes logs.")
    ] = None
    task_role: Annotated[_Role | None, Field(description="Of the service's own code.")] = None
    assign_public_ip: Annotated[bool, Field(description="For subnets without a NAT gateway.")] = False


KUBERNETES_ONLY = {
    "access": "declares an account of Kubernetes; the rights on ECS are those of an IAM role",
}
"""Keys of the stack that a target of ECS has not, and why."""


def unfit(target: Target, ecs: EcsSetting | None, in_cluster: bool, others: dict[str, Any]) -> Iterator[Problem]:
    """What of a stack's settings does not fit its target; `others` has the values of KUBERNETES_ONLY."""
    if not isinstance(target, EcsTarget):
        if ecs is not None:
            yield Problem("ecs", "is for a target of kind ecs", "Leave it out, or write releases:target of kind ecs")
        return
    if ecs is None:
        yield Problem("ecs", "is missing: it says where the tasks of ECS run", REMEDY)
    if in_cluster:
        yield Problem("run", "in: cluster is for Kubernetes", "Leave it out: then they run on the host")
    for key, why in KUBERNETES_ONLY.items():
        if others.get(key) is not None:
            yield Problem(key, why, "Leave it out")
