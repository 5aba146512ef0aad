"""The evidence of the watch of one service in a ConfigMap, `slipway-<service>.watch`: written whole, by its version."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from lightkube import Client

from slipway.release.errors import ClusterError, JournalUnreadable
from slipway.rollout.platforms.base import StoredDocument
from slipway.rollout.platforms.kubernetes.objects import Documents, labels_of
from slipway.rollout.platforms.kubernetes.requests import version_of
from slipway.rollout.platforms.lines import line_of
from slipway.rollout.platforms.trying import Patience

WATCH_PART = "watch"
MAX_BYTES = 768 * 1024
"""A ConfigMap holds 1 MiB."""
_KEY = "watch.json"


class ConfigMapWatchDocument:
    """See slipway.rollout.platforms.base.DocumentStore. Not fenced: its writer holds the Lease of the watch, and a
    second one is refused by the version."""

    def __init__(self, client: Client, namespace: str, service: str, patience: Patience | None = None) -> None:
        self._documents = Documents(client, namespace, service, patience=patience)
        self._labels = labels_of(service, WATCH_PART)
        self._name = f"slipway-{service}.{WATCH_PART}"

    def read(self) -> StoredDocument | None:
        """None when there is none. Raises JournalUnreadable for one that was edited."""
        found = self._documents.get(self._name, WATCH_PART)
        if found is None:
            return None
        try:
            content = json.loads((found.data or {})[_KEY])
        except (KeyError, ValueError):
            content = None
        if not isinstance(content, dict):
            raise JournalUnreadable(
                f"{self._documents.named(self._name)}: {_KEY} is missing or no JSON object; delete the ConfigMap, "
                "then the watch begins its evidence anew"
            )
        return StoredDocument(content, version_of(found))

    def write(self, content: Mapping[str, Any], expect: str | None) -> str:
        """Compare-and-swap."""
        text = line_of(content)
        if len(text.encode()) > MAX_BYTES:
            named = self._documents.named(self._name)
            raise ClusterError(f"{named}: the evidence needs {len(text.encode())} bytes, more than {MAX_BYTES}")
        if expect is None:
            return version_of(self._documents.create(self._name, self._labels, {_KEY: text}))
        return version_of(self._documents.replace(self._name, self._labels, {_KEY: text}, expect))

    def delete(self) -> None:
        """Remove it; it is no error when there is none."""
        self._documents.delete(self._name, WATCH_PART)
