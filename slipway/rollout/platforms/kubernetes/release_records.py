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
from slipway.release.records.chain import Line, line_of
from slipway.rollout.platforms.kubernetes.objects import Documents, labels_of, last_of
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
        self._known = 0
        """An object that there was: the last one is looked for from there on."""

    def read(self) -> list[str]:
        """All lines, in the order of their numbers."""
        return [text for found in self._objects() for _, text in _texts(found)]

    def last(self) -> Line | None:
        """Of the last object, which is found by a few reads of single ones."""
        found = self._last_object()
        if found is None:
            return None
        number, text = self._end(found)
        return line_of(number, text)

    def append(self, line: str, count: int) -> None:
        """One small write. Raises Conflict when there are not `count` lines any more."""
        last = self._last_object()
        number, text = self._end(last) if last is not None else (-1, "")
        if (number, text) == (count, line):
            return
        if number + 1 != count:
            raise Conflict(f"{self._service} has {number + 1} release records, not {count}")
        data = {f"{count:06d}.json": line}
        if last is not None and _size(last) + len(line) <= CHUNK_BYTES:
            self._documents.add(_name(last), data, version_of(last))
            return
        if len(line) > CHUNK_BYTES:
            raise ClusterError(f"a release record of {self._service} would have {len(line)} bytes")
        self._documents.create(
            self._name_of(0 if last is None else _number(last) + 1), labels_of(self._service, _PART), data
        )

    def _last_object(self) -> ConfigMap | None:
        """Where the first one is missing, it is looked for among all."""
        found = last_of(self._known, lambda number: self._documents.get(self._name_of(number), _PART))
        if found is None:
            objects = self._objects()
            found = objects[-1] if objects else None
        if found is not None:
            self._known = max(0, _number(found))
        return found

    def _end(self, found: ConfigMap) -> tuple[int, str]:
        """Number and text of an object's last line. Raises ClusterError where there is none, which nothing of Slipway
        leaves so."""
        key, text = max(_texts(found), default=("", ""))
        number = key.partition(".")[0]
        if not number.isdecimal():
            raise ClusterError(f"{self._documents.named(_name(found))} ends with no release record: it was edited")
        return int(number), text

    def _name_of(self, number: int) -> str:
        return f"slipway-{self._service}.{_PART}.{number}"

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
