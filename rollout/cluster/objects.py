"""What the ConfigMaps of a service's rollouts have in common: names, labels, and whose they are."""

from __future__ import annotations

from lightkube import Client
from lightkube.models.core_v1 import ConfigMap as ConfigMapModel
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.core_v1 import ConfigMap

from release.errors import ClusterError, Conflict
from release.labels import SERVICE_LABEL
from rollout.cluster.calls import absent, calling

MANAGED_BY = {"app.kubernetes.io/managed-by": "slipway"}
PART_LABEL = "slipway.dev/part"
ROLLOUT_LABEL = "slipway.dev/rollout"


def labels_of(service: str, part: str) -> dict[str, str]:
    """Labels of one object; `part` is `journal`, `records`, `intent` or `lease`."""
    return {**MANAGED_BY, SERVICE_LABEL: service, PART_LABEL: part}


class Documents:
    """The ConfigMaps of one service in one namespace."""

    def __init__(self, client: Client, namespace: str, service: str) -> None:
        self.client = client
        self.namespace = namespace
        self.service = service

    def named(self, name: str) -> str:
        """For messages."""
        return f"ConfigMap {self.namespace}/{name}"

    def get(self, name: str, part: str) -> ConfigMap | None:
        """The object, None when there is none. Raises ClusterError when somebody else made it."""
        found: ConfigMap | None = None
        with calling(self.named(name)), absent():
            found = self.client.get(ConfigMap, name, namespace=self.namespace)
        if found is not None:
            self._check_owner(name, part, found.metadata)
        return found

    def create(self, name: str, labels: dict[str, str], data: dict[str, str]) -> ConfigMap:
        """Raises Conflict when it exists."""
        with calling(self.named(name)):
            return self.client.create(ConfigMap(metadata=self._meta(name, labels), data=data))

    def replace(self, name: str, labels: dict[str, str], data: dict[str, str], expect: str) -> ConfigMap:
        """Raises Conflict when it is no longer at `expect`, its resourceVersion, or gone."""
        with calling(self.named(name)), absent():
            return self.client.replace(ConfigMap(metadata=self._meta(name, labels, expect), data=data))
        raise Conflict(f"{self.named(name)}: somebody deleted it in between")

    def delete(self, name: str, part: str) -> None:
        """Remove it, if it is ours and there."""
        if self.get(name, part) is None:
            return
        with calling(self.named(name)), absent():
            self.client.delete(ConfigMap, name, namespace=self.namespace)

    def _meta(self, name: str, labels: dict[str, str], version: str | None = None) -> ObjectMeta:
        return ObjectMeta(name=name, namespace=self.namespace, labels=labels, resourceVersion=version)

    def _check_owner(self, name: str, part: str, meta: ObjectMeta | None) -> None:
        labels = (meta.labels if meta is not None else None) or {}
        if labels.get(SERVICE_LABEL) != self.service or labels.get(PART_LABEL) != part:
            raise ClusterError(
                f"{self.named(name)} exists, but is not the {part} of service {self.service} (its labels differ); "
                "rename or remove it"
            )


def version_of(found: ConfigMapModel) -> str:
    """The resourceVersion, which the API server always sets."""
    version = found.metadata.resourceVersion if found.metadata is not None else None
    if version is None:
        raise ClusterError("the API server sent an object without a resourceVersion")
    return version
