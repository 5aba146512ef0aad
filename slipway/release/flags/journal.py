"""What is remembered of a stack's flags: the last `up`, kills and resumes, and how far each exposure has come. Pure:
the store does the I/O, by compare-and-swap, and each function here makes the next head out of the one before.

A kill stands until a newer resume of the same flag. Newer is by the order of the writes, never by clocks. The document
names each kill that stands by its id, and is written before the journal; see slipway.rollout.flags.writer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, JsonValue, ValidationError

from slipway.release.errors import ReleaseRefused
from slipway.release.flags.model import DeclaredFlags
from slipway.release.manifest.base import FlagKey, FrozenModel
from slipway.release.stored import parse_stored
from slipway.release.units import Weight

FORMAT = 1
"""The newest format that this version reads and writes; see slipway.release.records.journal for the rule."""
RECORDS_KEPT = 200
ENDED_KEPT = 200
RECORDS_BYTES = 128 * 1024
"""Of the records together: the oldest go first."""

Action = Literal["kill", "resume"]
DocumentKind = Literal["config-map", "feature-flag", "app-config"]
"""A ConfigMap, or the FeatureFlag resource of the OpenFeature operator."""
Evidence = dict[str, JsonValue]
KILL_METADATA = {"by": "killedBy", "at": "killedAt", "reason": "killedReason"}
"""Beside `killed`, the id: what the document says of a kill in the flag's metadata, for the journal."""


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
    ends: str | None = None
    """The id of the kill that a resume is for; None for whatever kill stands."""


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

    def is_about(self, flag: str) -> bool:
        """Whether it changed this flag."""
        changed = self.after if isinstance(self.after, dict) else {}
        return self.flag == flag or (self.what == "declare" and flag in changed)


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
    ended: tuple[str, ...] = ()
    """The ids of kills that no longer stand, the last ones that ended. They are not carried out again."""
    reached: dict[FlagKey, Reached] = {}
    records: tuple[Record, ...] = ()
    """Oldest first."""

    def killed(self, flag: str) -> Change | None:
        """The kill of this flag that stands."""
        last = self.changes.get(flag)
        return last if last is not None and last.action == "kill" else None

    def changed_last(self, flag: str) -> Record | None:
        """The last record that changed what is in force of a flag; None when it is older than the records that are
        kept."""
        return next((record for record in reversed(self.records) if record.is_about(flag)), None)

    def to_document(self) -> dict[str, Any]:
        """As the store keeps it."""
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True) | {"format": self.format}


def parse(document: Mapping[str, Any]) -> Head:
    """Raises JournalUnreadable for what a newer Slipway wrote, and for what is no such journal."""
    return parse_stored(Head, document, FORMAT, "the journal of flags")


def after_change(head: Head, change: Change) -> Head:
    """With a kill or a resume. A kill ends the exposure: after a resume it begins again, from its first step. The same
    change once more, and a change that changes nothing, is the same head. Raises ReleaseRefused for a resume of a flag
    that was not killed or was killed anew, and for a kill of one that is not declared."""
    return _after_kill(head, change) if change.action == "kill" else _after_resume(head, change)


def _after_kill(head: Head, kill: Change) -> Head:
    last = head.changes.get(kill.flag)
    if last is not None and last.id == kill.id and kill.evidence and not last.evidence:  # from the document: see below
        return head.model_copy(update={"changes": {**head.changes, kill.flag: kill}})
    if head.killed(kill.flag) is not None or kill.id in head.ended:
        return head
    if kill.flag not in head.declared.flags:
        known = ", ".join(head.declared.flags) or "none"
        raise ReleaseRefused(f"{head.name} has no flag {kill.flag}; it has {known}")
    return _changed(head, kill)


def _after_resume(head: Head, resume: Change) -> Head:
    last, killed = head.changes.get(resume.flag), head.killed(resume.flag)
    if last is not None and last.id == resume.id:
        return head
    if killed is None and resume.ends is not None and resume.ends in head.ended:
        return head
    if killed is None:
        raise ReleaseRefused(f"{resume.flag} is not killed: there is nothing to resume")
    if resume.ends not in (None, killed.id):
        raise ReleaseRefused(
            f"{resume.flag} was killed anew by {killed.by} ({killed.reason}); resume it again if that is over too"
        )
    ended = (*head.ended, killed.id)[-ENDED_KEPT:]
    return _changed(head.model_copy(update={"ended": ended}), resume)


def _changed(head: Head, change: Change) -> Head:
    """With a change, whatever the flag was."""
    reached = {key: value for key, value in head.reached.items() if key != change.flag}
    changed = head.model_copy(update={"changes": {**head.changes, change.flag: change}, "reached": reached})
    return recorded(changed, change.action, change, change.flag, _state(head, change.flag))


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


def named(document: Mapping[str, Any]) -> list[Change]:
    """The kills that a document names. Their evidence is not in it."""
    flags = document.get("flags")
    found = (_named(key, flag) for key, flag in (flags.items() if isinstance(flags, Mapping) else ()))
    return [kill for kill in found if kill is not None]


def unsettled(head: Head, document: Mapping[str, Any]) -> list[Change]:
    """The kills that a document names and that the journal neither has nor knows to have ended: their writer died, or
    is about to write them into the journal."""
    return [kill for kill in named(document) if head.killed(kill.flag) is None and kill.id not in head.ended]


def settled(head: Head, unsettled: Iterable[Change]) -> Head:
    """With these kills, declared or not."""
    for kill in unsettled:
        head = _changed(head, kill)
    return head


def kills(before: Head, after: Head) -> bool:
    """Whether a flag is killed after a change that was not killed before it."""
    return any(after.killed(key) is not None and before.killed(key) is None for key in after.changes)


def recovered(name: str, document: Mapping[str, Any]) -> Head:
    """The journal of a set whose journal is lost: the kills that its document names still stand."""
    return Head(name=name, changes={kill.flag: kill for kill in named(document)})


def _named(key: str, flag: object) -> Change | None:
    about = flag.get("metadata") if isinstance(flag, Mapping) else None
    if not isinstance(about, Mapping) or not about.get("killed"):
        return None
    said = {"by": "an unknown writer", "at": 0.0, "reason": "only the document names this kill"}
    said |= {field: about[name] for field, name in KILL_METADATA.items() if name in about}
    try:
        return Change.model_validate({**said, "id": str(about["killed"]), "flag": key, "action": "kill"})
    except ValidationError:  # no kill of Slipway's
        return None


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
