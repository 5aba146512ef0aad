"""One version of a service: everything that belongs to its revision and to no other.

All names carry the revision, so another revision is always another set of objects: nothing here is ever patched.
A change of what is rendered must raise `slipway.release.revision.TEMPLATE`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi

from components.objects import (
    ConfigMap,
    Deployment,
    HorizontalPodAutoscaler,
    PodDisruptionBudget,
    ScaledObject,
    Service,
)
from slipway.release.autoscaler import MINIMUM, autoscaler_spec
from slipway.release.labels import selector
from slipway.release.manifest.autoscaling import Autoscaling
from slipway.release.manifest.pod_parts import ServicePort
from slipway.release.manifest.release import Release
from slipway.release.manifest.workload import Workload
from slipway.release.pod import file_keys, pod_metadata, pod_spec, whole_seconds
from slipway.release.revision import revision_of, scaled_by_rollout, workload_name
from slipway.release.tokens import VERSIONED_WORKLOAD

SKIP_AWAIT = {"pulumi.com/skipAwait": "true"}
"""The Rollout alone judges readiness, against the deadline in the manifest."""
GONE_AT_ONCE = {"pulumi.com/deletionPropagationPolicy": "background"}
"""The name is free while the pods still drain: a release that is returned to within these seconds would otherwise be
written into the Deployment that is on its way out, and vanish with it."""

APP_PROTOCOLS = {"http": "http", "h2c": "kubernetes.io/h2c"}


@dataclass(kw_only=True, frozen=True)
class VersionedWorkloadArgs:
    """`workload` as in the manifest; `scaled_by_rollout`: the replicas are the Rollout's and not declared."""

    service: str
    revision: str
    image: str
    workload: Workload
    namespace: pulumi.Input[str]
    scaled_by_rollout: bool = False

    @classmethod
    def of(cls, release: Release, namespace: pulumi.Input[str]) -> VersionedWorkloadArgs:
        """The workload of a release, with that release's own settings."""
        return cls(
            service=release.service,
            revision=revision_of(release),
            image=release.artifact.image,
            workload=release.workload,
            namespace=namespace,
            scaled_by_rollout=scaled_by_rollout(release),
        )


class VersionedWorkload(pulumi.ComponentResource):
    """Deployment, Service, PodDisruptionBudget of one revision, with files a ConfigMap, and what scales it, if
    anything."""

    deployment: Deployment
    service: Service
    disruption_budget: PodDisruptionBudget
    autoscaler: HorizontalPodAutoscaler | ScaledObject | None
    files: ConfigMap | None

    def __init__(self, name: str, args: VersionedWorkloadArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(VERSIONED_WORKLOAD, name, {}, opts)
        self._name, self._args = name, args
        self._selector = selector(args.service, args.revision)
        self.files = self._declare_files() if args.workload.files else None
        self.deployment = self._declare_deployment()
        self.service = self._declare_service()
        self.disruption_budget = self._declare_disruption_budget()
        scaling = args.workload.autoscaling
        self.autoscaler = None if scaling is None else self._declare_autoscaler(scaling)
        self.register_outputs({"revision": args.revision, "image": args.image})

    def _metadata(self, annotations: dict[str, str] | None = None) -> dict[str, Any]:
        return {
            "name": workload_name(self._args.service, self._args.revision),
            "namespace": self._args.namespace,
            "labels": {"app.kubernetes.io/name": self._args.service, **self._selector},
            "annotations": annotations,
        }

    def _child(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self)

    def _declare_files(self) -> ConfigMap:
        contents = self._args.workload.files
        data = {key: contents[path] for path, key in file_keys(self._args.workload).items()}
        content = {"metadata": self._metadata(), "immutable": True, "data": data}
        return ConfigMap(self._name, content, self._child())

    def _declare_deployment(self) -> Deployment:
        args = self._args
        spec = {
            "replicas": None if args.scaled_by_rollout else args.workload.replicas,  # none beside an autoscaler
            "progressDeadlineSeconds": max(1, whole_seconds(args.workload.ready_within)),
            "selector": {"matchLabels": self._selector},
            "template": {
                "metadata": pod_metadata(args.service, args.revision, args.workload),
                "spec": pod_spec(args.service, args.revision, args.image, args.workload),
            },
        }
        options = pulumi.ResourceOptions(parent=self, depends_on=[self.files] if self.files else None)
        return Deployment(self._name, {"metadata": self._metadata(SKIP_AWAIT | GONE_AT_ONCE), "spec": spec}, options)

    def _declare_service(self) -> Service:
        workload = self._args.workload
        port = {
            "name": "http",
            "port": workload.port,
            "targetPort": workload.port,
            "protocol": "TCP",
            "appProtocol": APP_PROTOCOLS[workload.app_protocol],
        }
        spec = {"type": "ClusterIP", "selector": self._selector, "ports": [port, *map(_port, workload.service.ports)]}
        metadata = self._metadata({**workload.service.annotations, **SKIP_AWAIT})
        return Service(self._name, {"metadata": metadata, "spec": spec}, self._child())

    def _declare_disruption_budget(self) -> PodDisruptionBudget:
        spec = {
            "selector": {"matchLabels": self._selector},
            "maxUnavailable": self._args.workload.max_unavailable,
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
        }
        return PodDisruptionBudget(self._name, {"metadata": self._metadata(), "spec": spec}, self._child())

    def _declare_autoscaler(self, scaling: Autoscaling) -> HorizontalPodAutoscaler | ScaledObject:
        """It has the name of the workload. Its minimum is declared once: while a rollout runs the Rollout writes it, so
        whatever it is later is no change."""
        name, revision = workload_name(self._args.service, self._args.revision), self._args.revision
        kind: type[HorizontalPodAutoscaler | ScaledObject] = HorizontalPodAutoscaler
        annotations = None
        if scaling.keda is not None:
            kind, annotations = ScaledObject, scaling.keda.annotations or None
        content = {"metadata": self._metadata(annotations), "spec": autoscaler_spec(scaling, name, revision)}
        ignored = [f"spec.{MINIMUM[scaling.kind]}"]
        options = pulumi.ResourceOptions(parent=self, depends_on=[self.deployment], ignore_changes=ignored)
        return kind(self._name, content, options)


def _port(one: ServicePort) -> dict[str, Any]:
    """A port that was added to the Service. The target is a number: named ones could differ from pod to pod."""
    made = {"name": one.name, "port": one.port, "targetPort": one.target_port or one.port, "protocol": one.protocol}
    return made if one.app_protocol is None else {**made, "appProtocol": one.app_protocol}
