"""The journal in ConfigMaps: a head that is compared and swapped, and the records of the rollouts beside it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from lightkube import Client
from lightkube.resources.core_v1 import ConfigMap

from slipway.release.errors import ClusterError, JournalUnreadable
from slipway.release.labels import PART_LABEL, SERVICE_LABEL
from slipway.rollout.platforms.base import StoredDocument
from slipway.rollout.platforms.kubernetes.objects import Documents, labels_of
from slipway.rollout.platforms.kubernetes.records import RecordChunks
from slipway.rollout.platforms.kubernetes.requests import Requests, version_of
from slipway.rollout.platforms.lines import line_of
from slipway.rollout.platforms.rollout_records import StoreWithRecords
from slipway.rollout.platforms.trying import Patience
from slipway.rollout.process.fence import UNFENCED, Fence

HEAD_BYTES = 512 * 1024
_HEAD_KEY = "head.json"
_HEAD = "journal"
EXPOSURE = "exposure"
"""The part that is the journal of a flag's exposures, which is no service's."""


class ConfigMapJournalStore(StoreWithRecords):
    """See slipway.rollout.platforms.base.JournalStore. Not for several threads at once; several processes are fine.
    `part` says whose journal it is: a service's, unless it is EXPOSURE."""

    def __init__(
        self,
        client: Client,
        namespace: str,
        service: str,
        fence: Fence = UNFENCED,
        patience: Patience | None = None,
        part: str = _HEAD,
    ) -> None:
        self._part = part
        self._documents = Documents(client, namespace, service, fence, patience)
        super().__init__(RecordChunks(client, self._documents))
        self._service = service
        self._name = f"slipway-{service}"

    def load(self) -> StoredDocument | None:
        """The head, None when there is none."""
        found = self._documents.get(self._name, self._part)
        if found is None:
            return None
        try:
            head = json.loads((found.data or {})[_HEAD_KEY])
        except (KeyError, ValueError):
            head = None
        if not isinstance(head, dict):
            raise JournalUnreadable(
                f"{self._documents.named(self._name)}: {_HEAD_KEY} is missing or no JSON object, so it was edited; "
                "restore it, or delete the ConfigMap and let the stack's state say what serves"
            )
        return StoredDocument(head, version_of(found))

    def save(self, head: Mapping[str, Any], expect: str | None) -> str:
        """Compare-and-swap; returns the new version."""
        text = line_of(head)
        if len(text.encode()) > HEAD_BYTES:
            raise ClusterError(f"{self._documents.named(self._name)}: the head would have {len(text.encode())} bytes")
        labels = labels_of(self._service, self._part)
        if expect is None:
            return version_of(self._documents.create(self._name, labels, {_HEAD_KEY: text}))
        return version_of(self._documents.replace(self._name, labels, {_HEAD_KEY: text}, expect))

    def delete(self) -> None:
        """Delete head and records."""
        self.prune(frozenset())
        self._documents.delete(self._name, self._part)


def services_with_journal(client: Client, namespace: str) -> list[str]:
    """The services that have a journal in this namespace. Raises ClusterError."""
    found = Requests(client).ask(
        f"ConfigMaps in {namespace}",
        lambda: list(client.list(ConfigMap, namespace=namespace, labels={PART_LABEL: _HEAD})),
    )
    labels = [(one.metadata.labels if one.metadata is not None else None) or {} for one in found]
    return sorted({one[SERVICE_LABEL] for one in labels if SERVICE_LABEL in one})
