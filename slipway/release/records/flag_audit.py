"""Whether the records of a set of flags and its journal agree, in both directions. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from slipway.release.flags.journal import Head
from slipway.release.records.anchoring import Acknowledged
from slipway.release.records.audit import AuditFinding, Window, chain_findings
from slipway.release.records.chain import Anchor, lines_of
from slipway.release.records.flag_changes import key_of
from slipway.release.records.kinds import FlagRecord
from slipway.release.records.release_record import read_kind
from slipway.release.units import show_moment


def audit_flags(
    texts: Sequence[str],
    head: Head | None,
    window: Window,
    anchors: Sequence[tuple[str, Anchor]] = (),
    acknowledged: Sequence[Acknowledged] = (),
) -> list[AuditFinding]:
    """Everything that is not as it should be: the chain by itself and by its anchors, and against the journal in both
    directions. `head` is None where there is no journal."""
    records = read_kind(lines_of(texts), FlagRecord)
    found = [*chain_findings(texts, anchors, acknowledged)]
    if head is None:
        what = "there is no journal that the records could be held against"
        return [*found, *([AuditFinding("unknown", what)] if records else [])]
    return [*found, *_without_record(records, head, window), *_without_change(records, head, window)]


Records = Sequence[tuple[Anchor, FlagRecord]]


def _without_record(records: Records, head: Head, window: Window) -> Iterator[AuditFinding]:
    known = {key_of(record) for _, record in records}
    for one in head.records:
        if (one.number, one.at) not in known and window.has(one.at):
            what = f"change {one.number} ({one.what} {one.flag or head.name}) at {show_moment(one.at)} has no record"
            yield AuditFinding("missing", f"{what}: only the journal has it, the next change writes it")


def _without_change(records: Records, head: Head, window: Window) -> Iterator[AuditFinding]:
    """What the journal has forgotten by now proves nothing."""
    journaled = {(one.number, one.at) for one in head.records}
    oldest = min((one.at for one in head.records), default=float("inf"))
    for anchor, record in records:
        if record.at >= oldest and key_of(record) not in journaled and window.has(record.at):
            event = record.event
            what = f"record {anchor.seq} says {event.what} {event.flag or record.flags} by {record.by}"
            yield AuditFinding("missing", f"{what}: the journal has no such change")
