"""The list of what happened to a service: from its records, and where they have nothing, from the stack's history;
and that of what happened to a set of flags. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from slipway.release.manifest.base import FrozenModel
from slipway.release.records.audit import SLACK
from slipway.release.records.chain import Line
from slipway.release.records.kinds import DrillRecord, FlagRecord, RefusalRecord, WatchRecord
from slipway.release.records.release_record import Recorded, read_kind
from slipway.release.records.rollback import PastUpdate
from slipway.release.units import show_share


class ReleaseRow(FrozenModel):
    """One release, drill, refusal by the gates or watch in a list; `number` is that of its record, None where only the
    stack's history knows of it. `strategy` is the procedure of a drill."""

    number: int | None
    version: str
    revision: str
    outcome: str
    strategy: str
    by: str
    began: float
    seconds: float | None
    reason: str


class FlagRow(FrozenModel):
    """One change of a set of flags in a list."""

    number: int
    what: str
    flag: str
    by: str
    at: float
    reason: str


def rows_of(records: Sequence[Recorded], updates: Sequence[PastUpdate], lines: Sequence[Line] = ()) -> list[ReleaseRow]:
    """Newest first. `updates` are those of the service, newest first; `lines` are those of its chain, for what is no
    rollout."""
    rows = [
        *map(_recorded, records),
        *_unrecorded(records, updates),
        *_drills(lines),
        *_refusals(lines),
        *_watches(lines),
    ]
    return sorted(rows, key=lambda row: -row.began)


def flag_rows(lines: Sequence[Line]) -> list[FlagRow]:
    """The changes of a set of flags, newest first."""
    rows = [
        FlagRow(
            number=anchor.seq,
            what=record.event.what,
            flag=record.event.flag or "",
            by=record.by,
            at=record.at,
            reason=record.event.reason,
        )
        for anchor, record in read_kind(lines, FlagRecord)
    ]
    return rows[::-1]


def _drills(lines: Sequence[Line]) -> Iterator[ReleaseRow]:
    for anchor, record in read_kind(lines, DrillRecord):
        event = record.event
        failed = f"{event.failed_requests} of {event.requests} requests failed" if event.failed_requests else ""
        yield ReleaseRow(
            number=anchor.seq,
            version=record.subject.version,
            revision=record.subject.revision,
            outcome=f"drill {event.outcome}",
            strategy=event.procedure if event.flag is None else f"{event.procedure} {event.flag}",
            by=record.by,
            began=record.at - event.seconds,
            seconds=event.seconds,
            reason=event.problem or failed,
        )


def _refusals(lines: Sequence[Line]) -> Iterator[ReleaseRow]:
    for anchor, record in read_kind(lines, RefusalRecord):
        found = record.event.findings
        gates = ", ".join(dict.fromkeys(f"{one.gate}/{one.code}" for one in found))
        yield ReleaseRow(
            number=anchor.seq,
            version=record.subject.version,
            revision=record.subject.revision,
            outcome="gates refused",
            strategy="",
            by=record.by,
            began=record.at,
            seconds=None,
            reason=f"{len(found)} finding(s): {gates}",
        )


def _watches(lines: Sequence[Line]) -> Iterator[ReleaseRow]:
    """How each ended; one that has not says that it was opened."""
    latest = {record.event.rollout: (anchor, record) for anchor, record in read_kind(lines, WatchRecord)}
    for anchor, record in latest.values():
        event = record.event
        yield ReleaseRow(
            number=anchor.seq,
            version=record.subject.version,
            revision=record.subject.revision,
            outcome=f"watch {event.phase}",
            strategy="" if event.holdback is None else f"hold-back {show_share(event.holdback)}",
            by=record.by,
            began=event.opened,
            seconds=record.at - event.opened if event.phase not in ("opened", "silent") else None,
            reason=event.reason,
        )


def _recorded(one: Recorded) -> ReleaseRow:
    event = one.event
    return ReleaseRow(
        number=one.anchor.seq,
        version=one.record.subject.version,
        revision=one.record.subject.revision,
        outcome=event.ending if event.drill is None else f"{event.ending} (drill)",
        strategy=event.strategy,
        by=one.record.by,
        began=event.began,
        seconds=event.seconds,
        reason=event.reason,
    )


def _unrecorded(records: Sequence[Recorded], updates: Sequence[PastUpdate]) -> Iterator[ReleaseRow]:
    """Updates that named another manifest than the one before and that no record began in."""
    before: str | None = None
    for update in reversed(updates):
        manifest = str(update.entry.get("manifest")) if update.entry is not None else None
        changed = manifest is not None and manifest != before
        before = manifest if update.succeeded else before
        if not changed or any(_within(update, one.event.began) for one in records):
            continue
        yield ReleaseRow(
            number=None,
            version=manifest or "",
            revision="",
            outcome="update succeeded" if update.succeeded else "update failed",
            strategy="",
            by="",
            began=update.began,
            seconds=update.ended - update.began if update.ended is not None else None,
            reason="only the stack's history knows of it",
        )


def _within(update: PastUpdate, at: float) -> bool:
    ended = update.ended if update.ended is not None else update.began
    return update.began - SLACK <= at <= ended + SLACK
