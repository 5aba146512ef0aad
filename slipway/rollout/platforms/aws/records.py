"""The records of rollouts as items: one for each append, old ones condensed in an archive.

Keys: `records#<rollout>#<number>`, numbered without gaps as they are appended, and `archive#<rollout>#<number>`, which
stands for every record of that number or a lower one that no earlier archive item has. The archive item is written
before what it stands for is deleted, so a reader takes the records first and the archive after them: what it finds in
both counts once, and nothing is in neither.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from slipway.release.errors import ClusterError, Conflict
from slipway.rollout.platforms.aws.table import ITEM_BYTES, Item, Table
from slipway.rollout.platforms.base import Condense, Document
from slipway.rollout.platforms.lines import batches, check_rollout_id, documents_in, line_of

FULL_ITEMS = 1000
"""Items that stay as they were written at most; then the older half of them is condensed."""
ATTEMPTS = 5
_RECORDS, _ARCHIVE = "records", "archive"
_DIGITS = 10
_AFTER = "$"
"""The character after `#`: every key that begins with `x#` lies between `x#` and `x$`."""


@dataclass(frozen=True, slots=True)
class _Ends:
    """Of one rollout: the oldest item that is not condensed, and the next one to write."""

    first: int
    next: int


class TableRecords:
    """The records of one service's rollouts. Not for several threads at once; several processes may append."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._ends: dict[str, _Ends] = {}

    def append(self, rollout_id: str, records: Sequence[Mapping[str, Any]]) -> None:
        """Add records; each call is one small write. Exactly once unless it raises."""
        check_rollout_id(rollout_id)
        for text in batches(records):
            self._append(rollout_id, text)

    def all(self, rollout_id: str) -> list[Document]:
        """All records of a rollout in order, what was condensed first."""
        full = self._table.read(*_within(_RECORDS, rollout_id))
        archived = self._table.read(*_within(_ARCHIVE, rollout_id))
        covered = _number(archived[-1]) if archived else -1
        texts = [item.text for item in archived] + [item.text for item in full if _number(item) > covered]
        return documents_in(rollout_id, texts)

    def latest(self, rollout_id: str) -> Document | None:
        """The last record, found without reading the others; None when there are none."""
        for part in (_RECORDS, _ARCHIVE):
            found = self._table.end(*_within(part, rollout_id), last=True)
            if found is not None and found.text:
                return documents_in(rollout_id, [found.text])[-1]
        return None

    def condense(self, rollout_id: str, condense: Condense) -> None:
        """Put the older half of the items through `condense` once there are more than FULL_ITEMS. Reads and writes
        nothing before that. A failure loses nothing: the next call goes on."""
        ends = self._ends.get(rollout_id)
        if ends is None or ends.next - ends.first <= FULL_ITEMS:
            return
        try:
            # Those that an earlier attempt had condensed, but not deleted.
            self._discard(rollout_id, 0, ends.first - 1)
            last = self._archive(rollout_id, ends.first, condense)
        except ClusterError:
            self._ends.pop(rollout_id, None)
            raise
        self._ends[rollout_id] = _Ends(last + 1, ends.next)
        self._discard(rollout_id, ends.first, last)

    def prune(self, keep: AbstractSet[str]) -> None:
        """Delete the records of all rollouts but these; of those that stay one item is read."""
        for part in (_RECORDS, _ARCHIVE):
            low, high = f"{part}#", f"{part}{_AFTER}"
            while (found := self._table.end(low, high, last=False)) is not None:
                rollout_id = found.key.split("#")[1]
                if rollout_id not in keep:
                    self._table.discard(self._table.keys(*_within(part, rollout_id)))
                    self._ends.pop(rollout_id, None)
                low = f"{part}#{rollout_id}{_AFTER}"

    def _append(self, rollout_id: str, text: str) -> None:
        for _ in range(ATTEMPTS):
            ends = self._ends.pop(rollout_id, None) or self._find_ends(rollout_id)
            try:
                # When it fails, the next append looks where the end is: it may have been written all the same.
                self._table.put(_key(_RECORDS, rollout_id, ends.next), text, None)
            except Conflict:
                continue
            self._ends[rollout_id] = _Ends(ends.first, ends.next + 1)
            return
        raise Conflict(f"records of rollout {rollout_id}: another process keeps writing them")

    def _archive(self, rollout_id: str, first: int, condense: Condense) -> int:
        """Write what stands for the items from `first` on, as many as fit; returns the last of them."""
        last = first + FULL_ITEMS // 2 - 1
        items = self._table.read(_key(_RECORDS, rollout_id, first), _key(_RECORDS, rollout_id, last))
        count = len(items)
        while True:
            records = documents_in(rollout_id, [item.text for item in items[:count]])
            text = "".join(f"{line_of(record)}\n" for record in condense(records))
            if count <= 1 or len(text.encode()) <= ITEM_BYTES:
                break
            count //= 2
        self._table.put(_key(_ARCHIVE, rollout_id, first + count - 1), text, None)
        return first + count - 1

    def _discard(self, rollout_id: str, first: int, last: int) -> None:
        if last >= first:
            keys = self._table.keys(_key(_RECORDS, rollout_id, first), _key(_RECORDS, rollout_id, last))
            self._table.discard(keys)

    def _find_ends(self, rollout_id: str) -> _Ends:
        full = self._table.end(*_within(_RECORDS, rollout_id), last=True)
        archived = self._table.end(*_within(_ARCHIVE, rollout_id), last=True)
        first = _number(archived) + 1 if archived is not None else 0
        return _Ends(first, max(first, _number(full) + 1 if full is not None else 0))


def _key(part: str, rollout_id: str, number: int) -> str:
    return f"{part}#{rollout_id}#{number:0{_DIGITS}d}"


def _within(part: str, rollout_id: str) -> tuple[str, str]:
    """Between which keys the items of one rollout lie."""
    return f"{part}#{rollout_id}#", f"{part}#{rollout_id}{_AFTER}"


def _number(item: Item) -> int:
    return int(item.key.rpartition("#")[2])
