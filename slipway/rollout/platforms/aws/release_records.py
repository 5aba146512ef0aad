"""Release records in a DynamoDB table: an item a record, `release#<number>`, numbered without gaps.

They outlive the runner of an update, and the service itself: nothing of Slipway deletes them.
"""

from __future__ import annotations

from slipway.release.errors import Conflict
from slipway.release.records.chain import Line, line_of
from slipway.rollout.platforms.aws.table import Item, Table

_KEY = "release"
_FIRST, _AFTER = f"{_KEY}#", f"{_KEY}$"
"""Between them lie the keys of all records."""
_DIGITS = 10


class TableReleaseRecords:
    """See slipway.release.records.store.RecordStore. Who writes needs no Lease: a number is written once."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def read(self) -> list[str]:
        """All lines, in the order of their numbers."""
        return [item.text for item in self._table.read(_FIRST, _AFTER)]

    def last(self) -> Line | None:
        """Of the last item, by one read."""
        last = self._table.end(_FIRST, _AFTER, last=True)
        return line_of(_number(last), last.text) if last is not None else None

    def append(self, line: str, count: int) -> None:
        """One small write. Raises Conflict when there are not `count` lines any more."""
        last = self._table.end(_FIRST, _AFTER, last=True)
        there = _number(last) + 1 if last is not None else 0
        if last is not None and there == count + 1 and last.text == line:
            return
        if there != count:
            raise Conflict(f"{self._table.service} has {there} release records, not {count}")
        self._table.put(f"{_FIRST}{count:0{_DIGITS}d}", line, None)


def _number(item: Item) -> int:
    return int(item.key.rpartition("#")[2])
