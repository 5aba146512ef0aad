"""The outbox of escalations in ConfigMaps beside the journal: one object an escalation, of all services of a
namespace."""

from __future__ import annotations

import json
from typing import Any

from lightkube import Client
from lightkube.resources.core_v1 import ConfigMap

from slipway.release.errors import JournalUnreadable
from slipway.release.escalation.outbox import Entry, parse
from slipway.release.labels import MANAGED_BY, PART_LABEL, SERVICE_LABEL
from slipway.rollout.escalation.outbox import Held
from slipway.rollout.platforms.kubernetes.objects import Documents, labels_of
from slipway.rollout.platforms.kubernetes.requests import version_of
from slipway.rollout.platforms.trying import Patience

PAGE = 32
_KEY = "escalation.json"
_PART = "escalation"
OUTBOX = "escalations"
"""Stands for a service in the labels: entries may be about flags, which have none."""


class ConfigMapOutbox:
    """See slipway.rollout.escalation.outbox.Outbox. Who writes needs no Lease: each write compares versions."""

    def __init__(self, client: Client, namespace: str, patience: Patience | None = None) -> None:
        self._client = client
        self._documents = Documents(client, namespace, OUTBOX, patience=patience)

    def load(self, entry_id: str) -> Held | None:
        """One entry, None when there is none."""
        found = self._documents.get(_name(entry_id), _PART)
        return None if found is None else Held(self._parsed(found), version_of(found))

    def save(self, entry: Entry, expect: str | None) -> str:
        """Compare-and-swap; see slipway.rollout.platforms.kubernetes.requests for lost answers."""
        data = {_KEY: json.dumps(entry.to_document(), separators=(",", ":"), allow_nan=False)}
        name, labels = _name(entry.id), labels_of(OUTBOX, _PART)
        if expect is None:
            return version_of(self._documents.create(name, labels, data))
        return version_of(self._documents.replace(name, labels, data, expect))

    def entries(self) -> list[Entry]:
        """All of them, the oldest first."""
        namespace = self._documents.namespace
        labels: dict[str, Any] = {**MANAGED_BY, SERVICE_LABEL: OUTBOX, PART_LABEL: _PART}

        def read() -> list[ConfigMap]:
            return list(self._client.list(ConfigMap, namespace=namespace, labels=labels, chunk_size=PAGE))

        found = self._documents.requests.ask(f"ConfigMaps of the escalations in {namespace}", read)
        return sorted(map(self._parsed, found), key=lambda entry: (entry.escalation.at, entry.id))

    def delete(self, entry_id: str) -> None:
        """Remove one, if it is there."""
        self._documents.delete(_name(entry_id), _PART)

    def _parsed(self, found: ConfigMap) -> Entry:
        try:
            document = json.loads((found.data or {})[_KEY])
        except (KeyError, ValueError):
            document = None
        if not isinstance(document, dict):
            name = (found.metadata.name if found.metadata is not None else None) or ""
            raise JournalUnreadable(f"{self._documents.named(name)}: {_KEY} is missing or no JSON object; delete it")
        return parse(document)


def _name(entry_id: str) -> str:
    return f"slipway-escalation.{entry_id}"
