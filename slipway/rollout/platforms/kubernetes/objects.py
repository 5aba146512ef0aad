"""What the ConfigMaps of a service's rollouts have in common: names, labels, and whose they are."""

from __future__ import annotations

from collections.abc import Callable

from lightkube import Client
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.core_v1 import ConfigMap

from slipway.release.errors import ClusterError
from slipway.release.labels import MANAGED_BY, PART_LABEL, SERVICE_LABEL
from slipway.rollout.platforms.kubernetes.requests import Requests
from slipway.rollout.platforms.trying import Patience
from slipway.rollout.process.fence import UNFENCED, Fence

ROLLOUT_LABEL = "slipway.dev/rollout"


def labels_of(service: str, part: str) -> dict[str, str]:
    """Labels of one object; `part` is `journal`, `exposure`, `records`, `intent`, `watch` or `lease`."""
    return {**MANAGED_BY, SERVICE_LABEL: service, PART_LABEL: part}


class Documents:
    """The ConfigMaps of one service in one namespace; see requests.py for what happens when the API server does not
    answer."""

    def __init__(
        self,
        client: Client,
        namespace: str,
        service: str,
        fence: Fence = UNFENCED,
        patience: Patience | None = None,
    ) -> None:
        self.requests = Requests(client, fence, patience)
        self.namespace = namespace
        self.service = service

    def named(self, name: str) -> str:
        """For messages."""
        return f"ConfigMap {self.namespace}/{name}"

    def get(self, name: str, part: str) -> ConfigMap | None:
        """The object, None when there is none. Raises ClusterError when Slipway did not make it."""
        found = self.requests.find(self.named(name), ConfigMap, name, self.namespace)
        if found is not None:
            self._check_owner(name, part, found.metadata)
        return found

    def create(self, name: str, labels: dict[str, str], data: dict[str, str]) -> ConfigMap:
        """Raises Conflict when it exists."""
        return self.requests.create(self.named(name), ConfigMap(metadata=self._meta(name, labels), data=data))

    def replace(self, name: str, labels: dict[str, str], data: dict[str, str], expect: str) -> ConfigMap:
        """Raises Conflict when it is no longer at `expect`, its resourceVersion, or gone."""
        return self.requests.replace(self.named(name), ConfigMap(metadata=self._meta(name, labels, expect), data=data))

    def add(self, name: str, data: dict[str, str], expect: str) -> ConfigMap:
        """Add to its data. Raises Conflict when it is no longer at `expect`, or gone."""
        change = {"metadata": {"resourceVersion": expect}, "data": data}
        return self.requests.patch(self.named(name), ConfigMap, name, self.namespace, change)

    def delete(self, name: str, part: str) -> None:
        """Remove it, if it is ours and there."""

        def ours(found: ConfigMap) -> bool:
            self._check_owner(name, part, found.metadata)
            return True

        self.requests.remove(self.named(name), ConfigMap, name, self.namespace, ours)

    def _meta(self, name: str, labels: dict[str, str], version: str | None = None) -> ObjectMeta:
        return ObjectMeta(name=name, namespace=self.namespace, labels=labels, resourceVersion=version)

    def _check_owner(self, name: str, part: str, meta: ObjectMeta | None) -> None:
        labels = (meta.labels if meta is not None else None) or {}
        if labels.get(SERVICE_LABEL) != self.service or labels.get(PART_LABEL) != part:
            raise ClusterError(
                f"{self.named(name)} exists, but is not the {part} of service {self.service} (its labels differ); "
                "rename or remove it"
            )


def last_of(start: int, get: Callable[[int], ConfigMap | None]) -> ConfigMap | None:
    """The last of the objects that are numbered without gaps from `start` on, by about 2 log2(n) reads."""
    last, low, high, stride = None, start, start, 1
    while (found := get(high)) is not None:
        last, low, high, stride = found, high + 1, high + stride, stride * 2
    while low < high:
        middle = (low + high) // 2
        if (found := get(middle)) is None:
            high = middle
        else:
            last, low = found, middle + 1
    return last
