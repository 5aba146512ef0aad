"""The minimum of a HorizontalPodAutoscaler or of KEDA's ScaledObject, written by server-side apply under a name of its
own: the stack declares it once, and from then on it is the Rollout's."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from lightkube import Client
from lightkube.generic_resource import create_namespaced_resource

from slipway.release.errors import ClusterError, Conflict, LeaseLost, LeaseStale
from slipway.release.rollout_inputs import Autoscaled, Backend
from slipway.rollout.platforms.kubernetes.requests import Requests, plain, version_of
from slipway.rollout.platforms.trying import Patience
from slipway.rollout.process.fence import UNFENCED, Fence

MANAGER = "slipway-floor"
"""The field manager of the minimum."""
ATTEMPTS = 6
LIMITED = {"type": "ScalingLimited", "status": "True", "reason": "TooFewReplicas"}
"""The condition of a HorizontalPodAutoscaler that would leave fewer than its minimum."""
KEDA_PREFIX = "keda-hpa-"
"""Of the HorizontalPodAutoscaler that KEDA makes for a ScaledObject."""
HorizontalPodAutoscaler = create_namespaced_resource(
    "autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers"
)
"""As plain values: what an object does not have yet is no error."""
ScaledObject = create_namespaced_resource("keda.sh", "v1alpha1", "ScaledObject", "scaledobjects")


class _Kind(NamedTuple):
    resource: Any
    version: str
    name: str
    field: str


KINDS: Final[Mapping[str, _Kind]] = {
    "hpa": _Kind(HorizontalPodAutoscaler, "autoscaling/v2", "HorizontalPodAutoscaler", "minReplicas"),
    "keda": _Kind(ScaledObject, "keda.sh/v1alpha1", "ScaledObject", "minReplicaCount"),
}


class KubernetesAutoscalers:
    """See slipway.rollout.platforms.base.Autoscalers."""

    def __init__(
        self, client: Client, namespace: str, fence: Fence = UNFENCED, patience: Patience | None = None
    ) -> None:
        self._requests = Requests(client, fence, patience)
        self._unfenced = Requests(client, patience=patience)
        self._namespace = namespace
        self._fence = fence

    def minimum(self, backend: Backend) -> int | None:
        """As it is now; None where nothing scales it."""
        found = self._find(backend)
        return None if found is None else _minimum(found, _bounds(backend))

    def raise_to(self, backend: Backend, least: int) -> None:
        """One that is at least as high stays as it is."""
        self._set(backend, least, lower=False)

    def restore(self, backend: Backend) -> None:
        """Write the declared one."""
        self._set(backend, _bounds(backend).minimum, lower=True)

    def wants_fewer(self, backend: Backend) -> bool:
        """By the condition that the controller of Kubernetes writes; KEDA makes a HorizontalPodAutoscaler too."""
        bounds = _bounds(backend)
        name = _name(backend) if bounds.kind == "hpa" else f"{KEDA_PREFIX}{_name(backend)}"
        found = self._requests.find(
            f"HorizontalPodAutoscaler {self._namespace}/{name}", HorizontalPodAutoscaler, name, self._namespace
        )
        status = (plain(found).get("status") or {}) if found is not None else {}
        return any(LIMITED.items() <= one.items() for one in status.get("conditions") or [])

    def _set(self, backend: Backend, least: int, *, lower: bool) -> None:
        bounds = _bounds(backend)
        for _ in range(ATTEMPTS):
            found = self._find(backend)
            if found is None:
                return
            now = _minimum(found, bounds)
            if now == least or (now > least and not lower):
                return
            try:
                written = self._apply(self._requests, backend, found, least)
            except Conflict:
                continue
            self._take_back_if_late(backend, written, now, least)
            return
        raise Conflict(f"{self._named(backend)}: others keep writing it; check what else changes it")

    def _take_back_if_late(self, backend: Backend, written: object, before: int, after: int) -> None:
        """As of the scale of a Deployment (see workloads.py): a write that was done too late is undone where it took
        replicas away; too many do no harm."""
        try:
            self._fence.check()
        except (LeaseLost, LeaseStale):
            if before > after:
                with contextlib.suppress(Conflict):  # what was written since stands
                    self._apply(self._unfenced, backend, written, before)
            raise

    def _apply(self, requests: Requests, backend: Backend, found: object, least: int) -> object:
        """By compare-and-swap. Nothing but the minimum is said, so that nothing else is owned."""
        kind = KINDS[_bounds(backend).kind]
        change = {
            "apiVersion": kind.version,
            "kind": kind.name,
            "metadata": {"resourceVersion": version_of(found)},
            "spec": {kind.field: least},
        }
        return requests.apply(
            self._named(backend), kind.resource, _name(backend), self._namespace, change, manager=MANAGER
        )

    def _find(self, backend: Backend) -> object | None:
        kind = KINDS[_bounds(backend).kind]
        found: object | None = self._requests.find(self._named(backend), kind.resource, _name(backend), self._namespace)
        return found

    def _named(self, backend: Backend) -> str:
        return f"{KINDS[_bounds(backend).kind].name} {self._namespace}/{_name(backend)}"


def _name(backend: Backend) -> str:
    return _bounds(backend).name or backend.workload


def _bounds(backend: Backend) -> Autoscaled:
    if backend.autoscaled is None:
        raise ClusterError(f"{backend.workload}: nothing scales it by its manifest")
    return backend.autoscaled


def _minimum(found: object, bounds: Autoscaled) -> int:
    spec = plain(found).get("spec") or {}
    value = spec.get(KINDS[bounds.kind].field)
    return value if isinstance(value, int) else 1 if bounds.kind == "hpa" else 0
