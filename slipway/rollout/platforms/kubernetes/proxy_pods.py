"""The proxies of a gateway as pods, read through the API server. Rights: list `pods`, get `pods/proxy`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from lightkube import Client
from lightkube.models.core_v1 import Pod as PodModel
from lightkube.resources.core_v1 import Pod

from slipway.release.errors import ClusterError
from slipway.rollout.metrics.emitters import Listed
from slipway.rollout.metrics.proxies import Page, read_pages
from slipway.rollout.platforms.kubernetes.calls import FAILURES, failure_of
from slipway.rollout.process import clock

STARTED = "Running"


class ProxyPods:
    """Ready pods of one namespace that have these labels, found anew at each look. One that no earlier look listed, not
    even as unready, is new since then."""

    def __init__(
        self,
        client: Client,
        namespace: str,
        selector: Mapping[str, str],
        port: int,
        path: str,
        *,
        now: Callable[[], float] = clock.now,
    ) -> None:
        self._client: Any = client
        self._now, self._listed = now, Listed()
        self._namespace, self._selector, self._port, self._path = namespace, dict(selector), port, path

    def read(self, query: str) -> Sequence[Page]:
        """See slipway.rollout.metrics.proxies.Proxies."""
        names = self._ready()
        paths = {proxy: self._proxied(pod) for proxy, pod in names.items()}
        return [
            replace(page, absent_at=self._listed.absent_at(page.proxy)) for page in read_pages(paths, query, self._get)
        ]

    def cost(self, tick: float) -> str:
        """Each look is one list and one request a proxy, all of them to the API server."""
        count = len(self._ready())
        return f"{count} of namespace {self._namespace}, by {(1 + count) / tick:.3g} requests/s to the API server"

    def _ready(self) -> dict[str, str]:
        """Name of the process -> name of its pod. A pod that begins again keeps its name, and its counters fall."""
        what = f"the proxies in namespace {self._namespace}"
        asked = self._now()
        try:
            found = list(self._client.list(Pod, namespace=self._namespace, labels=self._selector))
        except FAILURES as error:
            raise failure_of(what, error).error from error
        self._listed.take([_process(pod) for pod in found], asked)
        ready = {_process(pod): str(pod.metadata.name) for pod in found if _is_ready(pod)}
        if not ready:
            said = ",".join(f"{name}={value}" for name, value in self._selector.items())
            raise ClusterError(f"{what}: no pod with {said} is ready; correct metrics.proxies.selector")
        return ready

    def _proxied(self, pod: str) -> str:
        return f"/api/v1/namespaces/{self._namespace}/pods/{pod}:{self._port}/proxy{quote(self._path)}"

    def _get(self, path: str) -> str:
        response = self._client._client._client.get(path)
        if response.status_code == 403:
            raise ClusterError(
                f"this account may not get pods/proxy in namespace {self._namespace}; "
                "releases:access declares the right"
            )
        if not response.is_success:
            raise ClusterError(f"HTTP {response.status_code} through the API server")
        return str(response.text)


def _process(pod: PodModel) -> str:
    return f"{pod.metadata.name}/{pod.metadata.uid}" if pod.metadata is not None else ""


def _is_ready(pod: PodModel) -> bool:
    status = pod.status
    if status is None or status.phase != STARTED or pod.metadata is None or pod.metadata.deletionTimestamp is not None:
        return False
    return any(one.type == "Ready" and one.status == "True" for one in status.conditions or [])
