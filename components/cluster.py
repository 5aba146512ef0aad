"""The cluster of a target, as the Pulumi provider that declares the workloads there."""

from __future__ import annotations

import pulumi
import pulumi_kubernetes

from slipway.release.target import KubernetesTarget, Target


def cluster_options(
    target: Target, name: str | None = None, parent: pulumi.Resource | None = None
) -> pulumi.ResourceOptions:
    """The options by which components declare their Kubernetes objects in the cluster of `target`: a provider for its
    context, called `name` in the stack. None is made where the target names no context, so that the engine's default
    provider stays theirs."""
    if not isinstance(target, KubernetesTarget) or target.context is None:
        return pulumi.ResourceOptions()
    opts = pulumi.ResourceOptions(parent=parent)
    name = name or f"kubernetes-{target.name}"
    provider = pulumi_kubernetes.Provider(name, context=target.context, opts=opts)
    return pulumi.ResourceOptions(providers=[provider])
