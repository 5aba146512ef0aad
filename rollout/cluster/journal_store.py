"""The journal in ConfigMaps: a head that is compared and swapped, and records in chunks that only grow."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from lightkube import Client
from lightkube.resources.core_v1 import ConfigMap

from release.errors import ClusterError, Conflict, JournalUnreadable
from release.labels import SERVICE_LABEL
from rollout.cluster.base import Document
from rollout.cluster.objects import PART_LABEL, ROLLOUT_LABEL, Documents, labels_of
from rollout.cluster.requests import Patience, version_of
from rollout.fence import UNFENCED, Fence

CHUNK_BYTES = 64 * 1024
"""etcd keeps every version of an object until it compacts, and one append rewrites its whole chunk: at one record
a second, chunks of this size cost it about 2 MiB a minute. The limit of an object is 1 MiB."""
HEAD_BYTES = 512 * 1024
ATTEMPTS = 5
_HEAD_KEY = "head.json"
_HEAD, _RECORDS = "journal", "records"
_ID = re.compile(r"[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class _End:
    """Where the next record goes: chunk `number`, whose `version` is None while it does not exist."""

    number: int
    keys: int
    size: int
    version: str | None


class ConfigMapJournalStore:
    """See rollout.cluster.base.JournalStore. Not for several threads at once; several processes are fine."""

    def __init__(
        self,
        client: Client,
        namespace: str,
        service: str,
        fence: Fence = UNFENCED,
        patience: Patience | None = None,
    ) -> None:
        self._documents = Documents(client, namespace, service, fence, patience)
        self._client = client
        self._namespace = namespace
        self._service = service
        self._name = f"slipway-{service}"
        self._ends: dict[str, _End] = {}

    def load(self) -> tuple[Document, str] | None:
        """The head and its version."""
        found = self._documents.get(self._name, _HEAD)
        if found is None:
            return None
        try:
            head = json.loads((found.data or {})[_HEAD_KEY])
        except (KeyError, ValueError):
            head = None
        if not isinstance(head, dict):
            raise JournalUnreadable(
                f"{self._documents.named(self._name)}: {_HEAD_KEY} is missing or no JSON object, somebody edited it; "
                "restore it, or delete the ConfigMap and let the stack's state say what serves"
            )
        return head, version_of(found)

    def save(self, head: Mapping[str, Any], expect: str | None) -> str:
        """Compare-and-swap; returns the new version."""
        text = _line(head)
        if len(text.encode()) > HEAD_BYTES:
            raise ClusterError(f"{self._documents.named(self._name)}: the head would have {len(text.encode())} bytes")
        labels = labels_of(self._service, _HEAD)
        if expect is None:
            return version_of(self._documents.create(self._name, labels, {_HEAD_KEY: text}))
        return version_of(self._documents.replace(self._name, labels, {_HEAD_KEY: text}, expect))

    def append(self, rollout_id: str, records: Sequence[Mapping[str, Any]]) -> None:
        """Add records; each call is one small write, however full the chunk is. Exactly once unless it raises."""
        if not _ID.fullmatch(rollout_id):
            raise ClusterError(f"rollout id {rollout_id!r} must be a DNS label of at most 40 characters")
        for batch in _batches([_line(record) for record in records]):
            self._append(rollout_id, batch)

    def records(self, rollout_id: str) -> list[Document]:
        """All records of a rollout in order."""
        lines: list[str] = []
        for chunk in sorted(self._chunks(rollout_id), key=_number):
            lines += [line for _, text in sorted((chunk.data or {}).items()) for line in text.splitlines()]
        try:
            return [json.loads(line) for line in lines]
        except ValueError as error:
            raise ClusterError(f"the records of rollout {rollout_id} are damaged: {error}") from error

    def prune(self, keep: AbstractSet[str]) -> None:
        """Delete the records of all rollouts but these."""
        for chunk in self._chunks(None):
            meta = chunk.metadata
            if meta is None or meta.name is None or (meta.labels or {}).get(ROLLOUT_LABEL) in keep:
                continue
            self._documents.requests.delete(self._documents.named(meta.name), chunk)
        self._ends = {rollout: end for rollout, end in self._ends.items() if rollout in keep}

    def delete(self) -> None:
        """Delete head and records."""
        self.prune(frozenset())
        self._documents.delete(self._name, _HEAD)

    def _append(self, rollout_id: str, text: str) -> None:
        for _ in range(ATTEMPTS):
            end = self._ends.get(rollout_id) or self._find_end(rollout_id)
            if end.version is not None and end.size + len(text.encode()) > CHUNK_BYTES:
                end = _End(end.number + 1, 0, 0, None)
            try:
                version = self._write(rollout_id, end, text)
            except Conflict:
                self._ends.pop(rollout_id, None)
            except ClusterError:
                # It may have been written all the same; the next append looks before it writes.
                self._ends.pop(rollout_id, None)
                raise
            else:
                self._ends[rollout_id] = _End(end.number, end.keys + 1, end.size + len(text.encode()), version)
                return
        raise Conflict(f"records of rollout {rollout_id}: somebody else keeps writing them")

    def _write(self, rollout_id: str, end: _End, text: str) -> str:
        name = f"{self._name}.{rollout_id}.{end.number}"
        data = {f"{end.keys:06d}.jsonl": text}
        if end.version is None:
            labels = {**labels_of(self._service, _RECORDS), ROLLOUT_LABEL: rollout_id}
            return version_of(self._documents.create(name, labels, data))
        return version_of(self._documents.add(name, data, end.version))

    def _find_end(self, rollout_id: str) -> _End:
        chunks = sorted(self._chunks(rollout_id), key=_number)
        if not chunks:
            return _End(0, 0, 0, None)
        last = chunks[-1]
        data = last.data or {}
        return _End(_number(last), len(data), sum(len(text.encode()) for text in data.values()), version_of(last))

    def _chunks(self, rollout_id: str | None) -> list[ConfigMap]:
        labels: dict[str, Any] = {SERVICE_LABEL: self._service, PART_LABEL: _RECORDS}
        if rollout_id is not None:
            labels[ROLLOUT_LABEL] = rollout_id
        return self._documents.requests.ask(
            f"ConfigMaps of the journal of {self._service} in {self._namespace}",
            lambda: list(self._client.list(ConfigMap, namespace=self._namespace, labels=labels)),
        )


def _batches(lines: list[str]) -> list[str]:
    """The lines joined into as few texts as fit into a chunk each."""
    batches: list[list[str]] = []
    size = CHUNK_BYTES + 1
    for line in lines:
        length = len(line.encode()) + 1
        if size + length > CHUNK_BYTES:
            batches.append([])
            size = 0
        batches[-1].append(line)
        size += length
    return ["".join(f"{line}\n" for line in batch) for batch in batches]


def _line(document: Mapping[str, Any]) -> str:
    return json.dumps(document, separators=(",", ":"), allow_nan=False, ensure_ascii=True)


def _number(chunk: ConfigMap) -> int:
    name = (chunk.metadata.name if chunk.metadata is not None else None) or ""
    return int(name.rpartition(".")[2])
