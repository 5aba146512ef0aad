"""The list of a service's releases: from its records, and where they have nothing, from the stack's history. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from slipway.release.manifest.base import FrozenModel
from slipway.release.records.audit import SLACK
from slipway.release.records.release_record import Recorded
from slipway.release.records.rollback import PastUpdate


class ReleaseRow(FrozenModel):
    """One release in a list; `number` is that of its record, None where only the stack's history knows of it."""

    number: int | None
    version: str
    revision: str
    outcome: str
    strategy: str
    by: str
    began: float
    seconds: float | None
    reason: str


def rows_of(records: Sequence[Recorded], updates: Sequence[PastUpdate]) -> list[ReleaseRow]:
    """Newest first. `updates` are those of the service, newest first."""
    rows = [*map(_recorded, records), *_unrecorded(records, updates)]
    return sorted(rows, key=lambda row: -row.began)


def _recorded(one: Recorded) -> ReleaseRow:
    event = one.event
    return ReleaseRow(
        number=one.anchor.seq,
        version=one.record.subject.version,
        revision=one.record.subject.revision,
        outcome=event.ending,
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
