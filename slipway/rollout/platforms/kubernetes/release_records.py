"""Release records in ConfigMaps beside the journal: each object is filled with lines and followed by the next one.

They outlive the runner of an update, and the service itself: nothing of Slipway deletes them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lightkube import Client
from lightkube.resources.core_v1 import ConfigMap

from slipway.release.errors import ClusterError, Conflict
from slipway.release.labels import PART_LABEL, SERVICE_LABEL
from slipway.rollout.platforms.kubernetes.objects import Documents, labels_of
from slipway.rollout.platforms.kubernetes.requests import version_of
from slipway.rollout.platforms.trying import Patience

CHUNK_BYTES = 512 * 1024
"""An object is followed by another one before it is larger. The limit of an object is 1 MiB."""
PAGE = 8
"""Objects in one answer of the API server: at most 4 MiB."""
_PART = "releases"


class ConfigMapRecords:
    """See slipway.release.records.store.RecordStore. Who writes needs no Lease: each write compares versions."""

    def __init__(self, client: Client, namespace: str, service: str, patience: Patience | None = None) -> None:
        self._client = client
        self._documents = Documents(client, namespace, service, patience=patience)
        self._service = service

    def read(self) -> list[str]:
        """All lines, in the order of their numbers."""
        return [text for found in self._objects() for _, text in _texts(found)]

    def append(self, line: str, count: int) -> None:
        """One small write. Raises Conflict when there are not `count` lines any more."""
        objects = self._objects()
        texts = [text for found in objects for _, text in _texts(found)]
        if len(texts) == count + 1 and texts[-1] == line:
            return
        if len(texts) != count:
            raise Conflict(f"{self._service} has {len(texts)} release records, not {count}")
        data = {f"{count:06d}.json": line}
        last = objects[-1] if objects else None
        if last is not None and _size(last) + len(line) <= CHUNK_BYTES:
            self._documents.add(_name(last), data, version_of(last))
            return
        if len(line) > CHUNK_BYTES:
            raise ClusterError(f"a release record of {self._service} would have {len(line)} bytes")
        number = 0 if last is None else _number(last) + 1
        name = f"slipway-{self._service}.{_PART}.{number}"
        self._documents.create(name, labels_of(self._service, _PART), data)

    def _objects(self) -> list[ConfigMap]:
        """In the order of their numbers."""
        labels: dict[str, Any] = {SERVICE_LABEL: self._service, PART_LABEL: _PART}
        namespace = self._documents.namespace

        def read() -> list[ConfigMap]:
            return list(self._client.list(ConfigMap, namespace=namespace, labels=labels, chunk_size=PAGE))

        found: Iterable[ConfigMap] = self._documents.requests.ask(
            f"ConfigMaps of the release records of {self._service} in {namespace}", read
        )
        return sorted(found, key=_number)


def _texts(found: ConfigMap) -> list[tuple[str, str]]:
    return sorted((found.data or {}).items())


def _size(found: ConfigMap) -> int:
    return sum(len(text) for _, text in _texts(found))


def _name(found: ConfigMap) -> str:
    return (found.metadata.name if found.metadata is not None else None) or ""


def _number(found: ConfigMap) -> int:
    number = _name(found).rpartition(".")[2]
    return int(number) if number.isdigit() else -1
