"""The cluster of a target, as the Pulumi provider that declares the workloads there."""

from __future__ import annotations

from importlib.metadata import version

import pulumi
import pulumi_kubernetes

from slipway.release.target import KubernetesTarget, Target


def cluster_options(
    target: Target, name: str | None = None, parent: pulumi.Resource | None = None
) -> pulumi.ResourceOptions:
    """The options by which components declare what belongs in `target`: a provider for the context of its cluster or
    for its region, called `name` in the stack. None is made where a target of Kubernetes names no context, so that the
    engine's default provider stays theirs."""
    if not isinstance(target, KubernetesTarget):
        options = pulumi.ResourceOptions(parent=parent, version=version("pulumi-aws"))
        # Not the SDK's class: importing the SDK takes half a second of every preview.
        aws = pulumi.ProviderResource("aws", name or f"aws-{target.region}", {"region": target.region}, options)
        return pulumi.ResourceOptions(providers=[aws])
    if target.context is None:
        return pulumi.ResourceOptions()
    opts = pulumi.ResourceOptions(parent=parent)
    name = name or f"kubernetes-{target.name}"
    provider = pulumi_kubernetes.Provider(name, context=target.context, opts=opts)
    return pulumi.ResourceOptions(providers=[provider])
