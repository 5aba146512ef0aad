"""Deployments, their pods and the endpoints of their Services, as the API server tells them."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

from lightkube import Client
from lightkube.models.autoscaling_v1 import Scale
from lightkube.models.meta_v1 import LabelSelector
from lightkube.resources.apps_v1 import Deployment
from lightkube.resources.core_v1 import Pod, Service
from lightkube.resources.discovery_v1 import EndpointSlice

from slipway.release.errors import ClusterError, Conflict, LeaseLost, LeaseStale
from slipway.release.labels import REVISION_LABEL, SERVICE_LABEL
from slipway.release.rollout_inputs import Backend
from slipway.rollout.platforms.base import Readiness, Reason
from slipway.rollout.platforms.kubernetes.pods import Trouble, restarts, trouble
from slipway.rollout.platforms.kubernetes.requests import Requests, version_of
from slipway.rollout.platforms.kubernetes.template import template_digest
from slipway.rollout.platforms.kubernetes.view import view_of
from slipway.rollout.platforms.trying import Patience
from slipway.rollout.process.fence import UNFENCED, Fence

ATTEMPTS = 6
SERVICE_OF_SLICE = "kubernetes.io/service-name"


class KubernetesWorkloads:
    """See slipway.rollout.platforms.base.Workloads."""

    def __init__(
        self, client: Client, namespace: str, fence: Fence = UNFENCED, patience: Patience | None = None
    ) -> None:
        self._client = client
        self._fence = fence
        self._requests = Requests(client, fence, patience)
        self._unfenced = Requests(client, patience=patience)
        self._namespace = namespace
        self._view = view_of(client, namespace)

    def readiness(self, backend: Backend, max_age: float = 0.0) -> Readiness:
        """What runs now: Deployment, pods and endpoints, three reads; with `max_age` they are shared."""
        if max_age > 0 and self._view.usable:
            try:
                seen = self._read_shared(backend, max_age)
            except ClusterError:
                self._view.rest()
            else:
                if seen is not None:
                    return seen
        return self._ask(backend)

    def _read_shared(self, backend: Backend, max_age: float) -> Readiness | None:
        """By what is read for all rollouts; None when something is not among it, be it for want of a label."""
        view, revision, reader = self._view, backend.revision, backend.workload
        deployments = view.of(Deployment, REVISION_LABEL).get(revision, reader, max_age) or []
        deployment = next((one for one in deployments if _name(one) == backend.workload), None)
        slices = view.of(EndpointSlice, REVISION_LABEL).get(revision, reader, max_age) or []
        mine = [one for one in slices if _labels_of(one).get(SERVICE_OF_SLICE) == backend.entry]
        if deployment is None or not mine:
            return None
        wanted = _labels(_selector(deployment)).items()
        if _all_ready(deployment):  # Pods only tell what is wrong, and most of a long answer would be theirs.
            return _readiness(deployment, [], mine, backend)
        pods = [
            pod
            for pod in view.of(Pod, REVISION_LABEL).get(revision, reader, max_age) or []
            if wanted <= _labels_of(pod).items()
        ]
        return _readiness(deployment, pods, mine, backend)

    def _ask(self, backend: Backend) -> Readiness:
        deployment = self._get(backend)
        if deployment is None:
            problem = (
                f"{self._named(backend)} does not exist; check that its workload was created: where the stack's state "
                "says so, `pulumi up --refresh` makes it anew"
            )
            return Readiness(0, 0, 0, 0, problem, Reason.MISSING)
        return _readiness(deployment, self._pods(deployment, backend), self._slices(backend), backend)

    def scale(self, backend: Backend, replicas: int) -> None:
        """Set `spec.replicas` through the scale subresource, by compare-and-swap: an autoscaler may write it too."""
        what = f"scale of {self._named(backend)}"
        for _ in range(ATTEMPTS):
            found = self._requests.find(what, Deployment.Scale, backend.workload, self._namespace)
            if found is None:
                raise ClusterError(f"{what}: it does not exist; check that its workload was created")
            if found.spec is not None and found.spec.replicas == replicas:
                return
            try:
                written = self._set(self._requests, backend, found, replicas)
            except Conflict:
                continue
            self._take_back_if_late(backend, found, written)
            return
        raise Conflict(f"{what}: others keep writing it; check what scales it")

    def _set(self, requests: Requests, backend: Backend, found: Scale, replicas: int) -> Scale:
        change = {"metadata": {"resourceVersion": version_of(found)}, "spec": {"replicas": replicas}}
        what = f"scale of {self._named(backend)}"
        return requests.patch(what, Deployment.Scale, backend.workload, self._namespace, change)

    def _take_back_if_late(self, backend: Backend, former: Scale, written: Scale) -> None:
        """A Deployment is not stamped when the Lease is taken over, so a write that was sent just before this process
        was stopped may have been applied while another held the Lease. Replicas that it removed are restored, unless
        the scale was written since; too many replicas do no harm."""
        try:
            self._fence.check()
        except (LeaseLost, LeaseStale):
            before, after = _replicas(former), _replicas(written)
            if before > after:
                with contextlib.suppress(Conflict):
                    self._set(self._unfenced, backend, written, before)
            raise

    def replicas(self, backend: Backend) -> int:
        """`spec.replicas`; 0 when the Deployment is missing."""
        deployment = self._get(backend)
        return _desired(deployment) if deployment is not None else 0

    def running(self, backend: Backend) -> int:
        """By the label of the revision, which outlives the Deployment."""
        labels: dict[str, Any] = {REVISION_LABEL: backend.revision}
        pods = self._requests.ask(
            f"pods of {self._named(backend)}",
            lambda: list(self._client.list(Pod, namespace=self._namespace, labels=labels)),
        )
        alive = [pod for pod in pods if pod.status is None or pod.status.phase not in ("Succeeded", "Failed")]
        return max(len(alive), self.replicas(backend))

    def overlap(self, one: Backend, other: Backend) -> str | None:
        """By the selectors of both Services and the labels of both templates."""
        for mine, theirs in ((one, other), (other, one)):
            what = f"Service {self._namespace}/{mine.entry}"
            service = self._requests.find(what, Service, mine.entry, self._namespace)
            deployment = self._get(theirs)
            chosen = (service.spec.selector if service is not None and service.spec is not None else None) or {}
            if chosen and deployment is not None and chosen.items() <= _template_labels(deployment).items():
                by = ",".join(f"{key}={value}" for key, value in sorted(chosen.items()))
                return (
                    f"{what} selects the pods of {self._named(theirs)} too ({by}), so they get its traffic whatever "
                    "the weights say; add a label to its selector that only its own pods have"
                )
        return None

    def _get(self, backend: Backend) -> Deployment | None:
        return self._requests.find(self._named(backend), Deployment, backend.workload, self._namespace)

    def _pods(self, deployment: Deployment, backend: Backend) -> list[Pod]:
        labels = _labels(_selector(deployment))
        return self._requests.ask(
            f"pods of {self._named(backend)}",
            lambda: list(self._client.list(Pod, namespace=self._namespace, labels=labels)),
        )

    def _slices(self, backend: Backend) -> list[EndpointSlice]:
        labels: dict[str, Any] = {SERVICE_OF_SLICE: backend.entry}
        return self._requests.ask(
            f"EndpointSlices of Service {self._namespace}/{backend.entry}",
            lambda: list(self._client.list(EndpointSlice, namespace=self._namespace, labels=labels)),
        )

    def _named(self, backend: Backend) -> str:
        return f"Deployment {self._namespace}/{backend.workload}"


def _readiness(
    deployment: Deployment, pods: Sequence[Pod], slices: Sequence[EndpointSlice], backend: Backend
) -> Readiness:
    found = trouble(pods) or _not_created(deployment)
    return Readiness(
        desired=_desired(deployment),
        ready=_ready(deployment),
        endpoints_ready=ready_endpoints(slices),
        restarts=sum(restarts(pod) for pod in pods),
        problem=found.text if found else None,
        reason=found.reason if found else None,
        fatal=found.fatal if found else False,
        image=_image(deployment, backend),
        template=template_digest(deployment),
    )


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


def _name(found: Deployment) -> str:
    return (found.metadata.name if found.metadata is not None else None) or ""


def _labels_of(found: Pod | EndpointSlice) -> dict[str, str]:
    return (found.metadata.labels if found.metadata is not None else None) or {}


def _template_labels(deployment: Deployment) -> dict[str, str]:
    template = deployment.spec.template if deployment.spec is not None else None
    return (template.metadata.labels if template is not None and template.metadata is not None else None) or {}


def _selector(deployment: Deployment) -> LabelSelector:
    return deployment.spec.selector if deployment.spec is not None else LabelSelector()


def _labels(selector: LabelSelector) -> dict[str, Any]:
    """Workloads of Slipway select by labels alone."""
    if selector.matchExpressions or not selector.matchLabels:
        raise ClusterError("the Deployment does not select its pods by matchLabels alone; it is none of Slipway's")
    return dict(selector.matchLabels)


def _replicas(scale: Scale) -> int:
    return (scale.spec.replicas if scale.spec is not None else None) or 0


def _desired(deployment: Deployment) -> int:
    replicas = deployment.spec.replicas if deployment.spec is not None else None
    return 1 if replicas is None else replicas


def _ready(deployment: Deployment) -> int:
    """0 until the Deployment's controller has seen the current generation: its counts are of an older one."""
    status, meta = deployment.status, deployment.metadata
    if status is None or meta is None or (status.observedGeneration or 0) < (meta.generation or 0):
        return 0
    return status.readyReplicas or 0


def _all_ready(deployment: Deployment) -> bool:
    """Whether there are as many pods as are wanted, each of them ready."""
    made = (deployment.status.replicas if deployment.status is not None else None) or 0
    return made == _ready(deployment) == _desired(deployment)


def _image(deployment: Deployment, backend: Backend) -> str | None:
    """Of the service's container, which a Deployment of Slipway names after the service (see slipway.release.pod);
    admission may add others. An external one may name its image by a tag: then it is taken for the released one where
    it is of the same repository, since the tag says nothing of the digest."""
    template = deployment.spec.template if deployment.spec is not None else None
    if template is None or template.spec is None:
        return None
    labels = (template.metadata.labels if template.metadata is not None else None) or {}
    named = {container.name: container.image for container in template.spec.containers}
    image = named.get(backend.container or labels.get(SERVICE_LABEL, ""))
    image = image or (next(iter(named.values())) if len(named) == 1 else None)
    if backend.external and image is not None and same_repository(image, backend.image):
        return backend.image
    return image


def same_repository(tagged: str, pinned: str) -> bool:
    """Whether an image that is named by a tag, or by nothing, is of the repository of one that is named by digest."""
    if "@" in tagged:
        return False
    path, slash, name = tagged.rpartition("/")
    return f"{path}{slash}{name.partition(':')[0]}" == pinned.partition("@")[0]


def _not_created(deployment: Deployment) -> Trouble | None:
    """Pods that were never made, for want of quota or rights: only the Deployment tells."""
    conditions = (deployment.status.conditions if deployment.status is not None else None) or []
    for condition in conditions:
        if condition.type == Reason.QUOTA and condition.status == "True":
            return Trouble(Reason.QUOTA, f"pods cannot be created: {condition.message}", fatal=False)
    return None
