"""The stack setting `lambda`: what every function of the stack has in common, and what does not fit such a target."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import Field

from slipway.release.errors import Problem
from slipway.release.manifest.base import FrozenModel
from slipway.release.target import LambdaTarget, Target
from slipway.release.units import Seconds

REMEDY = "Write releases:lambda: {role: 'arn:aws:iam::<account>:role/<name>'}"
REFUSED = {
    "access": "declares an account of Kubernetes; the rights on Lambda are those of an IAM role",
    "flags": "has no feature flags on Lambda yet",
    "slos": "has no alarms for functions yet",
}
"""Keys of the stack that a target of Lambda has not, and why."""


class LambdaSetting(FrozenModel):
    """Role, time and network of the functions. A change reaches users with the next release: versions never change."""

    role: Annotated[
        str, Field(pattern=r"^arn:[a-z-]+:iam::[0-9]{12}:role/.+$", description="Of the service's own code.")
    ]
    timeout: Annotated[Seconds, Field(ge=1, le=900, description="Of one request, in whole seconds.")] = 30.0
    subnets: Annotated[
        tuple[Annotated[str, Field(pattern=r"^subnet-[0-9a-f]+$")], ...],
        Field(description="For functions in a VPC, with securityGroups."),
    ] = ()
    security_groups: tuple[Annotated[str, Field(pattern=r"^sg-[0-9a-f]+$")], ...] = ()


def misplaced(
    target: Target,
    setting: LambdaSetting | None,
    others: Mapping[str, object],
    *,
    in_cluster: bool,
) -> Iterator[Problem]:
    """What of a stack's settings does not fit a target of Lambda; `others` has the values of REFUSED."""
    if not isinstance(target, LambdaTarget):
        if setting is not None:
            yield Problem("lambda", "is for a target of kind lambda", "Leave it out")
        return
    if setting is None:
        yield Problem("lambda", "is missing: it says by which role functions run", REMEDY)
    elif bool(setting.subnets) != bool(setting.security_groups):
        yield Problem("lambda", "has only one of subnets and securityGroups", "Write both, or none")
    if in_cluster:
        yield Problem("run", "in: cluster is for Kubernetes", "Leave it out: then they run on the host")
    for key, why in REFUSED.items():
        if others.get(key) is not None:
            yield Problem(key, why, "Leave it out")
