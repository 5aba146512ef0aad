"""The records of a set of flags: which of its journal's changes the chain lacks. Pure.

The journal keeps the latest changes only, the chain all of them. A change is known by its number and its time: a
journal that was lost and begun anew counts from one again.
"""

from __future__ import annotations

from slipway.release.flags.journal import Head, Record
from slipway.release.records.kinds import FlagEvent, FlagRecord

Key = tuple[int, float]


def next_record(last: FlagRecord | None, head: Head, target: str) -> FlagRecord | None:
    """The change of the journal that follows the last one of the chain; None when that is the journal's last. A chain
    that ends with a change that the journal does not have lacks all that it has: it has forgotten that one, or was
    begun anew."""
    keys = [(one.number, one.at) for one in head.records]
    place = keys.index(key_of(last)) + 1 if last is not None and key_of(last) in keys else 0
    return _record_of(head.records[place], head, target) if place < len(keys) else None


def key_of(record: FlagRecord) -> Key:
    """By what a change is known."""
    return record.event.number, record.at


def _record_of(one: Record, head: Head, target: str) -> FlagRecord:
    event = FlagEvent(
        number=one.number, what=one.what, flag=one.flag, before=one.before, after=one.after, reason=one.reason
    )
    return FlagRecord(at=one.at, by=one.by, stack=head.stack or "", target=target, flags=head.name, event=event)
