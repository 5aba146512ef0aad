"""The records of rollouts in ConfigMaps: full ones in chunks that only grow, old ones condensed in an archive.

etcd keeps every version of an object until it compacts, and one append rewrites its whole chunk: at one record a
second, chunks of CHUNK_BYTES cost it about 2 MiB a minute. The limit of an object is 1 MiB.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any, TypeVar

from lightkube import Client
from lightkube.resources.core_v1 import ConfigMap

from slipway.release.errors import ClusterError, Conflict
from slipway.release.labels import PART_LABEL, SERVICE_LABEL
from slipway.rollout.platforms.base import Condense, Document
from slipway.rollout.platforms.kubernetes.objects import ROLLOUT_LABEL, Documents, labels_of, last_of
from slipway.rollout.platforms.kubernetes.requests import version_of
from slipway.rollout.platforms.lines import CHUNK_BYTES, batches, check_rollout_id, documents_in, line_of

T = TypeVar("T")
FULL_CHUNKS = 40
"""Chunks that stay as they were written at most (2.5 MiB); then the older half of them is condensed."""
ARCHIVE_BYTES = 256 * 1024
"""An archive object of this size is followed by another one; what is condensed at once may be OBJECT_BYTES."""
OBJECT_BYTES = 768 * 1024
PAGE = 16
"""Objects in one answer of the API server: at most 1 MiB of chunks."""
ATTEMPTS = 5
RECORDS = "records"
_ARCHIVE = "old-"


@dataclass(frozen=True, slots=True)
class _End:
    """Where the next text goes: object `number`, whose `version` is None while it does not exist."""

    number: int = 0
    keys: int = 0
    size: int = 0
    version: str | None = None

    def with_text(self, text: str, version: str) -> _End:
        """After this text was written."""
        return _End(self.number, self.keys + 1, self.size + len(text.encode()), version)


@dataclass(frozen=True, slots=True)
class _Ends:
    """Of one rollout: the oldest chunk that is not condensed, the last chunk and the last archive object."""

    first: int
    chunk: _End
    archive: _End


class RecordChunks:
    """The records of one service's rollouts. Not for several threads at once; several processes may append."""

    def __init__(self, client: Client, documents: Documents) -> None:
        self._documents = documents
        self._client = client
        self._namespace = documents.namespace
        self._service = documents.service
        self._ends: dict[str, _Ends] = {}
        self._hints: dict[str, _Ends] = {}
        """Where the ends were when they were last known: a search begins there."""
        self._covered: dict[str, range] = {}
        """Chunks that were condensed or about to be, and may still be there."""

    def append(self, rollout_id: str, records: Sequence[Mapping[str, Any]]) -> None:
        """Add records; each call is one small write, however full the chunk is. Exactly once unless it raises."""
        check_rollout_id(rollout_id)
        for batch in batches(records):
            self._append(rollout_id, batch)

    def all(self, rollout_id: str) -> list[Document]:
        """All records of a rollout in order, what was condensed first."""
        archived: dict[int, str] = {}
        chunks: dict[int, Mapping[str, str]] = {}
        for found in self._list(rollout_id, lambda found: found):
            if (number := _number(found)) is None:
                archived |= {int(key.partition(".")[0]): text for key, text in (found.data or {}).items()}
            else:
                chunks[number] = found.data or {}
        covered = max(archived, default=-1)
        texts = [archived[number] for number in sorted(archived)]
        for number in sorted(chunks):
            # What is in the archive already was about to be deleted.
            texts += [text for _, text in sorted(chunks[number].items()) if number > covered]
        return documents_in(rollout_id, texts)

    def latest(self, rollout_id: str) -> Document | None:
        """The last record, found without reading the others; None when there are none."""
        chunk, archive = self._last_objects(rollout_id, _Ends(0, _End(), _End()))
        for found in (chunk, archive):
            texts = [text for _, text in sorted((found.data or {}).items())] if found is not None else []
            if texts:
                return documents_in(rollout_id, texts[-1:])[-1]
        return None

    def condense(self, rollout_id: str, condense: Condense) -> None:
        """Put the older half of the full chunks through `condense` once there are more than FULL_CHUNKS. Reads and
        writes nothing before that. A failure loses nothing: the next call goes on."""
        ends = self._ends.get(rollout_id)
        if ends is None or ends.chunk.number - ends.first < FULL_CHUNKS:
            return
        try:
            self._sweep(rollout_id, ends.first)
            count, text = self._condense(rollout_id, ends.first, condense)
            self._covered[rollout_id] = range(ends.first, ends.first + count)
            archive = self._archive(rollout_id, ends.archive, ends.first + count - 1, text)
        except ClusterError:
            self._forget(rollout_id)
            raise
        self._ends[rollout_id] = _Ends(ends.first + count, ends.chunk, archive)
        self._sweep(rollout_id, ends.first + count)

    def prune(self, keep: AbstractSet[str]) -> None:
        """Delete the records of all rollouts but these."""
        for meta in self._list(None, lambda found: found.metadata):
            if meta is not None and meta.name is not None and (meta.labels or {}).get(ROLLOUT_LABEL) not in keep:
                self._documents.requests.delete(self._documents.named(meta.name), ConfigMap(metadata=meta))
        for known in (self._ends, self._hints, self._covered):
            for rollout in [rollout for rollout in known if rollout not in keep]:
                del known[rollout]

    def _append(self, rollout_id: str, text: str) -> None:
        for _ in range(ATTEMPTS):
            ends = self._ends.get(rollout_id) or self._find_ends(rollout_id)
            end = ends.chunk
            if end.version is not None and end.size + len(text.encode()) > CHUNK_BYTES:
                end = _End(end.number + 1)
            try:
                version = self._write(rollout_id, str(end.number), end, f"{end.keys:06d}", text)
            except Conflict:
                self._forget(rollout_id)
            except ClusterError:
                # It may have been written all the same; the next append looks before it writes.
                self._forget(rollout_id)
                raise
            else:
                self._ends[rollout_id] = _Ends(ends.first, end.with_text(text, version), ends.archive)
                return
        raise Conflict(f"records of rollout {rollout_id}: another process keeps writing them")

    def _archive(self, rollout_id: str, end: _End, last: int, text: str) -> _End:
        """Keep the condensed text of the chunks up to `last`."""
        if end.version is not None and end.size + len(text.encode()) > ARCHIVE_BYTES:
            end = _End(end.number + 1)
        version = self._write(rollout_id, f"{_ARCHIVE}{end.number}", end, f"{last:06d}", text)
        return end.with_text(text, version)

    def _write(self, rollout_id: str, suffix: str, end: _End, key: str, text: str) -> str:
        """Add one text to an object of which `end.version` was seen last. Raises Conflict when it is another now."""
        name = self._name(rollout_id, suffix)
        data = {f"{key}.jsonl": text}
        if end.version is None:
            labels = {**labels_of(self._service, RECORDS), ROLLOUT_LABEL: rollout_id}
            return version_of(self._documents.create(name, labels, data))
        return version_of(self._documents.add(name, data, end.version))

    def _condense(self, rollout_id: str, first: int, condense: Condense) -> tuple[int, str]:
        """How many chunks from `first` on fit into one object when they are condensed, and their text."""
        chunks = [self._get(rollout_id, str(number)) for number in range(first, first + FULL_CHUNKS // 2)]
        texts = [[text for _, text in sorted((found.data or {}).items())] if found else [] for found in chunks]
        count = len(texts)
        while True:
            records = documents_in(rollout_id, [text for chunk in texts[:count] for text in chunk])
            text = "".join(f"{line_of(record)}\n" for record in condense(records))
            if count == 1 or len(text.encode()) <= OBJECT_BYTES:
                return count, text
            count //= 2

    def _sweep(self, rollout_id: str, first: int) -> None:
        """Delete what was condensed, all of it older than `first`."""
        for number in self._covered.get(rollout_id, ()):
            if number < first:
                self._documents.delete(self._name(rollout_id, str(number)), RECORDS)
        self._covered.pop(rollout_id, None)

    def _forget(self, rollout_id: str) -> None:
        if (ends := self._ends.pop(rollout_id, None)) is not None:
            self._hints[rollout_id] = ends

    def _find_ends(self, rollout_id: str) -> _Ends:
        hint = self._hints.get(rollout_id, _Ends(0, _End(), _End()))
        chunk, archive = self._last_objects(rollout_id, hint)
        first = _covered(archive) + 1
        return _Ends(first, _end(chunk, max(hint.chunk.number, first)), _end(archive, hint.archive.number))

    def _last_objects(self, rollout_id: str, hint: _Ends) -> tuple[ConfigMap | None, ConfigMap | None]:
        """The last chunk and the last archive object, by a few reads of single objects."""
        archive = last_of(hint.archive.number, lambda n: self._get(rollout_id, f"{_ARCHIVE}{n}"))
        start = max(hint.chunk.number, _covered(archive) + 1)
        return last_of(start, lambda n: self._get(rollout_id, str(n))), archive

    def _get(self, rollout_id: str, suffix: str) -> ConfigMap | None:
        return self._documents.get(self._name(rollout_id, suffix), RECORDS)

    def _name(self, rollout_id: str, suffix: str) -> str:
        return f"slipway-{self._service}.{rollout_id}.{suffix}"

    def _list(self, rollout_id: str | None, part: Callable[[ConfigMap], T]) -> list[T]:
        """A part of each object, read in pages, so that no answer has more than PAGE objects."""
        labels: dict[str, Any] = {SERVICE_LABEL: self._service, PART_LABEL: RECORDS}
        if rollout_id is not None:
            labels[ROLLOUT_LABEL] = rollout_id

        def read() -> list[T]:
            pages = self._client.list(ConfigMap, namespace=self._namespace, labels=labels, chunk_size=PAGE)
            return [part(found) for found in pages]

        return self._documents.requests.ask(f"ConfigMaps of the journal of {self._service} in {self._namespace}", read)


def _end(found: ConfigMap | None, number: int) -> _End:
    """The end of an object; of none the one to create, `number`."""
    if found is None:
        return _End(number)
    data = found.data or {}
    size = sum(len(text.encode()) for text in data.values())
    return _End(int(_suffix(found).removeprefix(_ARCHIVE)), len(data), size, version_of(found))


def _covered(archive: ConfigMap | None) -> int:
    """The last chunk whose condensed text is in the archive; -1 when none is."""
    keys = (archive.data or {}) if archive is not None else {}
    return max((int(key.partition(".")[0]) for key in keys), default=-1)


def _number(found: ConfigMap) -> int | None:
    """The number of a chunk; None for an object of the archive."""
    suffix = _suffix(found)
    return None if suffix.startswith(_ARCHIVE) else int(suffix)


def _suffix(found: ConfigMap) -> str:
    name = (found.metadata.name if found.metadata is not None else None) or ""
    return name.rpartition(".")[2]
