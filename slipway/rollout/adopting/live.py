"""What the cluster says of a service that is to be adopted. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx2
from lightkube import Client
from lightkube.generic_resource import create_namespaced_resource

from slipway.release.errors import ClusterError
from slipway.rollout.platforms.kubernetes.requests import Requests, plain

Json = dict[str, Any]
HTTPRoute = create_namespaced_resource("gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes")
Deployment = create_namespaced_resource("apps", "v1", "Deployment", "deployments")
Service = create_namespaced_resource("", "v1", "Service", "services")
Pod = create_namespaced_resource("", "v1", "Pod", "pods")
Autoscaler = create_namespaced_resource("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers")
ScaledObject = create_namespaced_resource("keda.sh", "v1alpha1", "ScaledObject", "scaledobjects")
Budget = create_namespaced_resource("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets")
ArgoRollout = create_namespaced_resource("argoproj.io", "v1alpha1", "Rollout", "rollouts")
Canary = create_namespaced_resource("flagger.app", "v1beta1", "Canary", "canaries")
ABSENT = 404


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """Plain objects as the API server has them. The kinds of a controller that is not installed are empty."""

    namespace: str
    route: Json
    service: Json
    deployment: Json
    pods: Sequence[Json] = ()
    """Of the Deployment's selector."""
    routes: Sequence[Json] = ()
    """Every HTTPRoute of the namespace."""
    autoscalers: Sequence[Json] = ()
    scaled_objects: Sequence[Json] = ()
    budgets: Sequence[Json] = ()
    rollouts: Sequence[Json] = ()
    """Of Argo Rollouts."""
    canaries: Sequence[Json] = ()
    """Of Flagger."""


def read_live(client: Client, namespace: str, route: str, service: str, deployment: str) -> Live:
    """Raises ClusterError for an object that is named and not there, or an API server that does not answer."""
    reader = _Reader(client, namespace)
    found = reader.one("Deployment", Deployment, deployment)
    labels = (found["spec"].get("selector") or {}).get("matchLabels") or {}
    return Live(
        namespace=namespace,
        route=reader.one("HTTPRoute", HTTPRoute, route),
        service=reader.one("Service", Service, service),
        deployment=found,
        pods=[one for one in reader.all("pods", Pod) if labels and labels.items() <= labels_of(one).items()],
        routes=reader.all("HTTPRoutes", HTTPRoute),
        autoscalers=reader.all("HorizontalPodAutoscalers", Autoscaler),
        scaled_objects=reader.all("ScaledObjects", ScaledObject),
        budgets=reader.all("PodDisruptionBudgets", Budget),
        rollouts=reader.all("Rollouts of Argo", ArgoRollout),
        canaries=reader.all("Canaries of Flagger", Canary),
    )


def labels_of(found: Json) -> dict[str, str]:
    """Its own labels."""
    return found["metadata"].get("labels") or {}


class _Reader:
    def __init__(self, client: Client, namespace: str) -> None:
        self._client: Any = client
        self._requests = Requests(client)
        self._namespace = namespace

    def one(self, kind: str, resource: Any, name: str) -> Json:  # noqa: ANN401 - a class that lightkube makes
        what = f"{kind} {self._namespace}/{name}"
        found = self._requests.find(what, resource, name, self._namespace)
        if found is None:
            raise ClusterError(
                f"{what} does not exist; name the HTTPRoute first, and what runs by --service and --deployment"
            )
        return plain(found)

    def all(self, what: str, resource: Any) -> list[Json]:  # noqa: ANN401 - as above
        def ask() -> list[Json]:
            try:
                return [plain(one) for one in self._client.list(resource, namespace=self._namespace)]
            except httpx2.HTTPStatusError as error:
                if error.response.status_code == ABSENT:  # the cluster does not know the kind
                    return []
                raise

        return self._requests.ask(f"{what} in {self._namespace}", ask)
