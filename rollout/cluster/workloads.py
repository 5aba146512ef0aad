"""Deployments, their pods and the endpoints of their Services, as the API server tells them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lightkube import Client
from lightkube.models.meta_v1 import LabelSelector
from lightkube.resources.apps_v1 import Deployment
from lightkube.resources.core_v1 import Pod
from lightkube.resources.discovery_v1 import EndpointSlice
from lightkube.types import PatchType

from release.errors import ClusterError
from release.rollout_inputs import Backend
from rollout.cluster.base import Readiness, Reason
from rollout.cluster.calls import absent, calling
from rollout.cluster.pods import Trouble, restarts, trouble

SERVICE_OF_SLICE = "kubernetes.io/service-name"


class KubernetesWorkloads:
    """See rollout.cluster.base.Workloads."""

    def __init__(self, client: Client, namespace: str) -> None:
        self._client = client
        self._namespace = namespace

    def readiness(self, backend: Backend) -> Readiness:
        """What runs now: Deployment, pods and endpoints, three reads."""
        deployment = self._get(backend)
        if deployment is None:
            problem = f"{self._named(backend)} does not exist; check that its workload was created"
            return Readiness(0, 0, 0, 0, problem, Reason.MISSING)
        pods = self._pods(deployment, backend)
        found = trouble(pods) or _not_created(deployment)
        return Readiness(
            desired=_desired(deployment),
            ready=_ready(deployment),
            endpoints_ready=ready_endpoints(self._slices(backend)),
            restarts=sum(restarts(pod) for pod in pods),
            problem=found.text if found else None,
            reason=found.reason if found else None,
            fatal=found.fatal if found else False,
        )

    def scale(self, backend: Backend, replicas: int) -> None:
        """Set `spec.replicas` through the scale subresource."""
        with calling(f"scale of {self._named(backend)}"):
            self._client.patch(
                Deployment.Scale,
                backend.deployment,
                {"spec": {"replicas": replicas}},
                namespace=self._namespace,
                patch_type=PatchType.MERGE,
            )

    def replicas(self, backend: Backend) -> int:
        """`spec.replicas`; 0 when the Deployment is missing."""
        deployment = self._get(backend)
        return _desired(deployment) if deployment is not None else 0

    def _get(self, backend: Backend) -> Deployment | None:
        with calling(self._named(backend)), absent():
            return self._client.get(Deployment, backend.deployment, namespace=self._namespace)
        return None

    def _pods(self, deployment: Deployment, backend: Backend) -> list[Pod]:
        selector = deployment.spec.selector if deployment.spec is not None else LabelSelector()
        with calling(f"pods of {self._named(backend)}"):
            return list(self._client.list(Pod, namespace=self._namespace, labels=_labels(selector)))

    def _slices(self, backend: Backend) -> list[EndpointSlice]:
        labels: dict[str, Any] = {SERVICE_OF_SLICE: backend.service}
        with calling(f"EndpointSlices of Service {self._namespace}/{backend.service}"):
            return list(self._client.list(EndpointSlice, namespace=self._namespace, labels=labels))

    def _named(self, backend: Backend) -> str:
        return f"Deployment {self._namespace}/{backend.deployment}"


def ready_endpoints(slices: Sequence[EndpointSlice]) -> int:
    """Pods that take traffic: ready and not terminating, counted once although a pod may be in a slice of either
    address family. An unset `ready` means ready (its API's documentation)."""
    ready = set()
    for piece in slices:
        for endpoint in piece.endpoints or []:
            state = endpoint.conditions
            if state is not None and (state.ready is False or state.terminating):
                continue
            target = endpoint.targetRef
            ready.add(target.name if target is not None and target.name else endpoint.addresses[0])
    return len(ready)


def _labels(selector: LabelSelector) -> dict[str, Any]:
    """Workloads of Slipway select by labels alone."""
    if selector.matchExpressions or not selector.matchLabels:
        raise ClusterError("the Deployment does not select its pods by matchLabels alone; it is none of Slipway's")
    return dict(selector.matchLabels)


def _desired(deployment: Deployment) -> int:
    replicas = deployment.spec.replicas if deployment.spec is not None else None
    return 1 if replicas is None else replicas


def _ready(deployment: Deployment) -> int:
    """0 until the Deployment's controller has seen the current generation: its counts are of an older one."""
    status, meta = deployment.status, deployment.metadata
    if status is None or meta is None or (status.observedGeneration or 0) < (meta.generation or 0):
        return 0
    return status.readyReplicas or 0


def _not_created(deployment: Deployment) -> Trouble | None:
    """Pods that were never made, for want of quota or rights: only the Deployment tells."""
    conditions = (deployment.status.conditions if deployment.status is not None else None) or []
    for condition in conditions:
        if condition.type == Reason.QUOTA and condition.status == "True":
            return Trouble(Reason.QUOTA, f"pods cannot be created: {condition.message}", fatal=False)
    return None
