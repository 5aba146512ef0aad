"""Objects of the Kubernetes API as resources of Pulumi's own provider, declared with plain values.

The provider's SDK would do the same, but its packages hold every kind of the API, and importing them takes much of the
CPU time of a preview (`make bench-preview`). Type tokens, inputs and the provider's version are those of the SDK, so
that a state does not show which of the two declared a resource.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any, ClassVar

import pulumi


class KubernetesObject(pulumi.CustomResource):
    """Base of the kinds below. `content` is the object in the names of the API, without apiVersion and kind; values may
    be outputs, and None leaves a field out."""

    API: ClassVar[str]
    KIND: ClassVar[str]

    metadata: pulumi.Output[Mapping[str, Any]]

    def __init_subclass__(cls, api: str) -> None:
        cls.API, cls.KIND = api, cls.__name__

    def __init__(self, name: str, content: Mapping[str, Any], opts: pulumi.ResourceOptions | None = None) -> None:
        group = self.API if "/" in self.API else f"core/{self.API}"
        options = pulumi.ResourceOptions.merge(pulumi.ResourceOptions(version=version("pulumi-kubernetes")), opts)
        properties = {"apiVersion": self.API, "kind": self.KIND, **content}
        super().__init__(f"kubernetes:{group}:{self.KIND}", name, properties, options)


class ConfigMap(KubernetesObject, api="v1"):
    """Files of a workload."""


class Secret(KubernetesObject, api="v1"):
    """Where an operator looks for a configuration; only for content that is no secret, which the SDK would encrypt."""


class Service(KubernetesObject, api="v1"):
    """What the route sends to."""


class ServiceAccount(KubernetesObject, api="v1"):
    """Who runs rollouts."""


class Deployment(KubernetesObject, api="apps/v1"):
    """The pods of one revision."""


class Job(KubernetesObject, api="batch/v1"):
    """What watches a release."""


class PodDisruptionBudget(KubernetesObject, api="policy/v1"):
    """How many of them may be evicted at once."""


class HorizontalPodAutoscaler(KubernetesObject, api="autoscaling/v2"):
    """How many pods of one revision there are, by its load."""


class ScaledObject(KubernetesObject, api="keda.sh/v1alpha1"):
    """The same by KEDA."""


class Role(KubernetesObject, api="rbac.authorization.k8s.io/v1"):
    """What may be done in one namespace."""


class RoleBinding(KubernetesObject, api="rbac.authorization.k8s.io/v1"):
    """Who may do it."""


class PrometheusRule(KubernetesObject, api="monitoring.coreos.com/v1"):
    """Rules that the Prometheus Operator loads."""
