"""The function of a service on Lambda. It is one resource for all revisions: each update publishes another version, and
nothing that was published is ever changed.

A change of what is rendered must raise `slipway.release.revision.TEMPLATE`.
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from components.aws_objects import Function
from slipway.release.function import environment_of, image_config, memory_of
from slipway.release.labels import SERVICE_LABEL, STACK_LABEL
from slipway.release.lambda_setting import LambdaSetting
from slipway.release.manifest.release import Release
from slipway.release.manifest.workload import Workload
from slipway.release.pod import whole_seconds
from slipway.release.revision import revision_of
from slipway.release.target import LambdaTarget
from slipway.release.tokens import LAMBDA_WORKLOAD


@dataclass(kw_only=True, frozen=True)
class LambdaWorkloadArgs:
    """`workload` as in the manifest, `function` as in `releases:lambda`; `name` is that of the function."""

    name: str
    service: str
    revision: str
    image: str
    workload: Workload
    function: LambdaSetting

    @classmethod
    def of(cls, release: Release, target: LambdaTarget, function: LambdaSetting) -> LambdaWorkloadArgs:
        """The function as a release wants it."""
        return cls(
            name=target.function_of(release.service),
            service=release.service,
            revision=revision_of(release),
            image=release.artifact.image,
            workload=release.workload,
            function=function,
        )


class LambdaWorkload(pulumi.ComponentResource):
    """The function, which publishes a version for each revision and names it in its description. Its users invoke the
    alias that the Rollout alone writes, so that an update of the function reaches none of them."""

    function: Function

    def __init__(self, name: str, args: LambdaWorkloadArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(LAMBDA_WORKLOAD, name, {}, opts)
        setting, workload = args.function, args.workload
        network = {"subnetIds": list(setting.subnets), "securityGroupIds": list(setting.security_groups)}
        content = {
            "name": args.name,
            "packageType": "Image",
            "imageUri": args.image,
            "imageConfig": image_config(workload),
            "role": setting.role,
            "publish": True,
            "description": f"slipway {args.revision}",
            "memorySize": memory_of(workload),
            "timeout": whole_seconds(setting.timeout),
            "environment": {"variables": environment_of(workload)},
            "vpcConfig": network if setting.subnets else None,
            "tags": {SERVICE_LABEL: args.service, STACK_LABEL: f"{pulumi.get_project()}/{pulumi.get_stack()}"},
        }
        self.function = Function(name, content, pulumi.ResourceOptions(parent=self))
        self.register_outputs({"revision": args.revision, "image": args.image})
