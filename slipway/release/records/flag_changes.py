"""The records of a set of flags: which of its journal's changes the chain lacks. Pure.

The journal keeps the latest changes only, the chain all of them. A change is known by its number and its time: a
journal that was lost and begun anew counts from one again.
"""

from __future__ import annotations

from collections.abc import Sequence

from slipway.release.flags.journal import Head, Record
from slipway.release.records.chain import Line
from slipway.release.records.kinds import FlagEvent, FlagRecord
from slipway.release.records.release_record import read_kind

Key = tuple[int, float]


def next_record(lines: Sequence[Line], head: Head, target: str) -> FlagRecord | None:
    """The oldest change of the journal that the chain lacks; None when it has all of them."""
    known = {key_of(record) for _, record in read_kind(lines, FlagRecord)}
    missing = next((one for one in head.records if (one.number, one.at) not in known), None)
    return None if missing is None else _record_of(missing, head, target)


def key_of(record: FlagRecord) -> Key:
    """By what a change is known."""
    return record.event.number, record.at


def _record_of(one: Record, head: Head, target: str) -> FlagRecord:
    event = FlagEvent(
        number=one.number, what=one.what, flag=one.flag, before=one.before, after=one.after, reason=one.reason
    )
    return FlagRecord(at=one.at, by=one.by, stack=head.stack or "", target=target, flags=head.name, event=event)
