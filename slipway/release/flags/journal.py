"""What is remembered of a stack's flags: the last `up`, kills and resumes, and how far each exposure has come. Pure:
the store does the I/O, by compare-and-swap, and each function here makes the next head out of the one before.

A kill stands until a newer resume of the same flag. Newer is by the order of the writes, never by clocks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, JsonValue, ValidationError

from slipway.release.errors import JournalUnreadable, ReleaseRefused
from slipway.release.flags.model import DeclaredFlags, FlagKey
from slipway.release.manifest.base import FrozenModel
from slipway.release.units import Weight

FORMAT = 1
"""The newest format that this version reads and writes; see slipway.release.records.journal for the rule."""
RECORDS_KEPT = 200
RECORDS_BYTES = 128 * 1024
"""Of the records together: the oldest go first."""

Action = Literal["kill", "resume"]
DocumentKind = Literal["config-map", "feature-flag"]
"""A ConfigMap, or the FeatureFlag resource of the OpenFeature operator."""
Evidence = dict[str, JsonValue]


class Author(FrozenModel):
    """Who changes flags, when (Unix seconds, for people), and why."""

    by: str
    at: float
    reason: str = ""
    evidence: Evidence = {}
    """What the decision was made from, such as the guardrail, its statistic and the threshold."""

    @property
    def said(self) -> dict[str, Any]:
        """These fields alone."""
        return self.model_dump(include={"by", "at", "reason", "evidence"})


class Change(Author):
    """A kill or a resume of one flag."""

    id: str
    """Made by the writer, so that a write whose answer was lost is recognised."""
    flag: FlagKey
    action: Action


class Reached(Author):
    """How far the exposure of a flag has come. The salt stays while it grows, so that no user who has the new
    behaviour loses it."""

    percent: Annotated[Weight, Field(gt=0)]
    salt: str


class Record(Author):
    """One change of what is in force."""

    number: int
    what: Literal["kill", "resume", "expose", "declare", "delete"]
    flag: FlagKey | None = None
    before: JsonValue = None
    after: JsonValue = None


class Head(FrozenModel):
    """Everything that the effective flags follow from, and the latest records of how it came about."""

    format: int = FORMAT
    name: str
    """Of the set of flags."""
    stack: str | None = None
    """The stack that declares the set."""
    document: DocumentKind = "config-map"
    """Where the document lies."""
    number: int = 0
    """Of the last record."""
    declared: DeclaredFlags = DeclaredFlags()
    changes: dict[FlagKey, Change] = {}
    """The last kill or resume of each flag."""
    reached: dict[FlagKey, Reached] = {}
    records: tuple[Record, ...] = ()
    """Oldest first."""

    def killed(self, flag: str) -> Change | None:
        """The kill of this flag that stands."""
        last = self.changes.get(flag)
        return last if last is not None and last.action == "kill" else None

    def to_document(self) -> dict[str, Any]:
        """As the store keeps it."""
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True) | {"format": self.format}


def parse(document: Mapping[str, Any]) -> Head:
    """Raises JournalUnreadable for what a newer Slipway wrote, and for what is no such journal."""
    written = document.get("format")
    if isinstance(written, int) and written > FORMAT:
        raise JournalUnreadable(f"the journal of flags has format {written}, this Slipway reads {FORMAT}: update it")
    try:
        return Head.model_validate(dict(document), by_alias=True, extra="ignore")
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise JournalUnreadable(f"the journal of flags is damaged at {place}: {first['msg']}") from None


def after_change(head: Head, change: Change) -> Head:
    """With a kill or a resume. A kill ends the exposure: after a resume it begins again, from its first step. The same
    change once more, and a change that changes nothing, is the same head. Raises ReleaseRefused for a resume of a flag
    that was not killed, and for a kill of one that is not declared."""
    last = head.changes.get(change.flag)
    if last is not None and (last.id == change.id or (last.action, change.action) == ("kill", "kill")):
        return head
    if change.action == "resume" and head.killed(change.flag) is None:
        raise ReleaseRefused(f"{change.flag} is not killed: there is nothing to resume")
    if change.action == "kill" and change.flag not in head.declared.flags:
        known = ", ".join(head.declared.flags) or "none"
        raise ReleaseRefused(f"{head.name} has no flag {change.flag}; it has {known}")
    reached = {key: value for key, value in head.reached.items() if key != change.flag}
    return recorded(
        head.model_copy(update={"changes": {**head.changes, change.flag: change}, "reached": reached}),
        change.action,
        change,
        change.flag,
        _state(head, change.flag),
    )


def after_exposure(head: Head, flag: str, percent: float, salt: str, author: Author) -> Head:
    """With the exposure of a flag at `percent`; 0 ends it. Raises ReleaseRefused for a growing exposure of a flag that
    is killed or not declared."""
    now = head.reached.get(flag)
    if (now.percent if now is not None else 0.0) == percent and (now is None or now.salt == salt):
        return head
    if percent > 0 and (killed := head.killed(flag)) is not None:
        raise ReleaseRefused(f"{flag} was killed by {killed.by} ({killed.reason}); `slipway resume {flag}` lifts that")
    if percent > 0 and flag not in head.declared.flags:
        raise ReleaseRefused(f"{head.name} has no flag {flag}")
    reached = {key: value for key, value in head.reached.items() if key != flag}
    if percent > 0:
        reached[flag] = Reached(percent=percent, salt=salt, **author.said)
    changed = head.model_copy(update={"reached": reached})
    return recorded(changed, "expose", author, flag, _state(head, flag))


def recovered(name: str, document: Mapping[str, Any]) -> Head:
    """The journal of a set whose journal is lost: the kills that its document names still stand."""
    flags = document.get("flags")
    killed = {
        key: str(flag["metadata"]["killed"])
        for key, flag in (flags.items() if isinstance(flags, Mapping) else ())
        if isinstance(flag, Mapping) and "killed" in (flag.get("metadata") or {})
    }
    why = {"by": "an unknown writer", "at": 0.0, "reason": "the journal of the kill is lost"}
    changes = {
        key: Change.model_validate({"id": kill, "flag": key, "action": "kill", **why}) for key, kill in killed.items()
    }
    return Head(name=name, changes=changes)


def recorded(
    head: Head, what: str, author: Author, flag: str | None, before: JsonValue, after: JsonValue = None
) -> Head:
    """With one more record; `after` is read from the head itself where it is about one flag."""
    number = head.number + 1
    record = Record.model_validate(
        {
            "number": number,
            "what": what,
            "flag": flag,
            "before": before,
            "after": _state(head, flag) if flag is not None else after,
            **author.said,
        }
    )
    return head.model_copy(update={"number": number, "records": _kept((*head.records, record)[-RECORDS_KEPT:])})


def _kept(records: tuple[Record, ...]) -> tuple[Record, ...]:
    """The latest records that fit; the last one in any case."""
    size, first = 0, len(records)
    for index in reversed(range(len(records))):
        size += len(records[index].model_dump_json(by_alias=True, exclude_defaults=True))
        if size > RECORDS_BYTES:
            break
        first = index
    return records[min(first, len(records) - 1) :]


def _state(head: Head, flag: str) -> JsonValue:
    """One flag's state in short, for its record."""
    reached = head.reached.get(flag)
    return {"killed": head.killed(flag) is not None, "percent": reached.percent if reached is not None else 0.0}
