"""Whether the records of a service are whole and complete: against themselves, against the journal of the cluster, and
against the stack's history, in both directions. Pure.

What is missing is named. What cannot be compared is a finding too: no data is no proof.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from slipway.release.records.anchoring import Acknowledged
from slipway.release.records.chain import Anchor, anchor_problem, lines_of, problems
from slipway.release.records.journal import COMMITS_KEPT, Head, Outcome
from slipway.release.records.kinds import known
from slipway.release.records.release_record import Recorded, read_records
from slipway.release.records.rollback import PastUpdate
from slipway.release.units import show_moment

SLACK = 60.0
"""Seconds by which the clocks of a record and of the stack's history may differ."""
SAME = 0.001
"""Seconds within which two times are one: the journal writes the end of a rollout and its commit at once."""

Kind = Literal["altered", "missing", "unknown", "note"]
"""`note` explains something and fails nothing."""


@dataclass(frozen=True, slots=True)
class AuditFinding:
    """One thing that an audit has to say."""

    kind: Kind
    what: str


@dataclass(frozen=True, slots=True)
class Window:
    """From when until when rollouts ended that are looked at, in Unix seconds."""

    since: float
    until: float

    def has(self, at: float) -> bool:
        """Whether this moment is in it."""
        return self.since <= at <= self.until


@dataclass(frozen=True, slots=True)
class Sources:
    """What the records are held against. `updates` are newest first, None where the history was not asked, with the
    reason in `no_updates`; `whole_history` when they go back to the stack's first."""

    head: Head | None
    updates: Sequence[PastUpdate] | None
    anchors: Sequence[tuple[str, Anchor]] = ()
    whole_history: bool = False
    no_updates: str = ""
    acknowledged: Sequence[Acknowledged] = ()
    """Those of this chain."""


def audit(texts: Sequence[str], sources: Sources, window: Window) -> list[AuditFinding]:
    """Everything that is not as it should be; empty, or only notes, when all agrees."""
    records = read_records(lines_of(texts))
    found = chain_findings(texts, sources.anchors, sources.acknowledged)
    found += _journal(records, sources.head, window)
    found += _history(records, sources, window)
    return found


def chain_findings(
    texts: Sequence[str], anchors: Sequence[tuple[str, Anchor]], acknowledged: Sequence[Acknowledged] = ()
) -> list[AuditFinding]:
    """What a chain says by itself, and what the anchors say of it. What a person has acknowledged fails nothing."""
    found = [AuditFinding("altered", what) for what in problems(texts)]
    found += _anchor_findings(texts, anchors, acknowledged)
    count = len(texts) - known(lines_of(texts))
    if count and not found:
        found.append(AuditFinding("note", f"{count} record(s) are of a kind that this version does not know"))
    if not anchors:
        what = "no anchor is known: whether the end of the chain was cut off cannot be told"
        found.append(AuditFinding("unknown" if texts else "note", what))
    return found


def _anchor_findings(
    texts: Sequence[str], anchors: Sequence[tuple[str, Anchor]], acknowledged: Sequence[Acknowledged]
) -> Iterator[AuditFinding]:
    lines = lines_of(texts)
    for place, anchor in dict.fromkeys(anchors):
        if (what := anchor_problem(lines, place, anchor)) is None:
            continue
        known = next((one for one in acknowledged if one.is_about(anchor)), None)
        if known is None:
            yield AuditFinding("altered", what)
        else:
            yield AuditFinding("note", f"{what}; acknowledged by {known.by}: {known.reason}")


def _journal(records: Sequence[Recorded], head: Head | None, window: Window) -> Iterator[AuditFinding]:
    if head is None:
        if records:
            yield AuditFinding("unknown", "there is no journal in the cluster that the records could be held against")
        return
    yield from _commits_without_record(records, head, window)
    yield from _records_without_commit(records, head, window)
    attempt, known = head.attempt, {one.event.rollout for one in records}
    if attempt is not None and attempt.outcome is Outcome.RUNNING:
        yield AuditFinding("note", f"rollout {attempt.id} to {attempt.candidate.version} is in flight")
    elif attempt is not None and attempt.id not in known and window.has(attempt.ended or attempt.began):
        what = f"rollout {attempt.id} to {attempt.candidate.version} ({attempt.outcome.value}) has no record"
        yield AuditFinding("missing", f"{what}; the next update writes it")
    for revision, held in sorted(head.quarantined.items()):
        if held.rollout not in known and window.has(held.at) and (attempt is None or held.rollout != attempt.id):
            what = f"the abort of {held.version} ({revision}) at {show_moment(held.at)} has no record"
            yield AuditFinding("missing", f"{what}: the journal has it as rollout {held.rollout}")


def _commits_without_record(records: Sequence[Recorded], head: Head, window: Window) -> Iterator[AuditFinding]:
    attempt = head.attempt
    for commit in head.commits:
        last = attempt is not None and attempt.ended is not None and abs(attempt.ended - commit.at) < SAME
        if (
            window.has(commit.at)
            and not last
            and not any(_is_commit(one, commit.revision, commit.at) for one in records)
        ):
            what = f"the commit of revision {commit.revision} at {show_moment(commit.at)} has no record"
            yield AuditFinding("missing", f"{what}: only the journal has it")


def _records_without_commit(records: Sequence[Recorded], head: Head, window: Window) -> Iterator[AuditFinding]:
    """Commits that the journal has forgotten by now prove nothing."""
    full = len(head.commits) >= COMMITS_KEPT
    oldest = min((commit.at for commit in head.commits), default=0.0) if full else 0.0
    for one in records:
        event, revision = one.event, one.record.subject.revision
        if event.ending not in ("committed", "rolled-back") or not window.has(event.ended) or event.ended < oldest:
            continue
        if not any(_is_commit(one, commit.revision, commit.at) for commit in head.commits):
            what = f"record {one.anchor.seq} says that {one.record.subject.version} ({revision}) committed at"
            yield AuditFinding("missing", f"{what} {show_moment(event.ended)}: the journal has no such commit")


def _is_commit(one: Recorded, revision: str, at: float) -> bool:
    return one.record.subject.revision == revision and abs(one.event.ended - at) < SAME


def _history(records: Sequence[Recorded], sources: Sources, window: Window) -> Iterator[AuditFinding]:
    if sources.updates is None:
        yield AuditFinding("unknown", f"the stack's history was not compared: {sources.no_updates}")
        return
    yield from _updates_without_record(records, sources.updates, window)
    oldest = min((update.began for update in sources.updates), default=float("inf"))
    for one in records:
        event = one.event
        covered = sources.whole_history or event.began >= oldest
        if not covered or event.ending == "refused" or not window.has(event.ended):
            continue
        if any(_spans(update, event.began) for update in sources.updates):
            continue
        name = f"record {one.anchor.seq} ({one.record.subject.version}, {event.ending})"
        if event.ending == "interrupted":
            yield AuditFinding("note", f"{name} has no update in the stack's history: it was killed")
        else:
            yield AuditFinding("missing", f"{name} has no update in the stack's history: it was killed, or it is gone")


def _updates_without_record(
    records: Sequence[Recorded], updates: Sequence[PastUpdate], window: Window
) -> Iterator[AuditFinding]:
    """Updates that succeeded with another manifest than before, of which no record knows the manifest."""
    recorded = {one.record.subject.manifest for one in records}
    before: str | None = None
    for update in reversed(updates):
        manifest = str(update.entry.get("manifest")) if update.entry is not None else None
        if not update.succeeded or manifest is None:
            continue
        if manifest != before and manifest not in recorded and window.has(update.began):
            what = f"the update at {show_moment(update.began)} released {manifest}, of which there is no record"
            yield AuditFinding("missing", what)
        before = manifest


def _spans(update: PastUpdate, at: float) -> bool:
    ended = update.ended if update.ended is not None else update.began
    return update.began - SLACK <= at <= ended + SLACK
