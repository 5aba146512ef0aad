"""What is left to do after a release, as data: derived from its record, with an owner and a due date. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from slipway.release.manifest.release import Release
from slipway.release.records.release_record import Recorded
from slipway.release.records.releases import rollback_of
from slipway.release.report.model import ActionItem, Priority, WatchPart
from slipway.release.report.words import date_of

DUE_DAYS: dict[Priority, int] = {"high": 2, "medium": 14, "low": 30}
"""Days after the rollout ended, where nothing else says a date."""
UNKNOWN_OWNER = "the service's owner (the manifest could not be read)"


def action_items(one: Recorded, records: Sequence[Recorded], watch: WatchPart | None = None) -> tuple[ActionItem, ...]:
    """Worst first, each once. `watch` is that of the release."""
    release = one.event.release
    owner = f"{release.owner.team}, {release.owner.oncall}" if release is not None else UNKNOWN_OWNER
    found = [
        *_after_the_end(one, records, owner),
        *(_from_the_manifest(one, release, owner) if release is not None else ()),
        *_from_the_gates(one, owner),
        *(_from_the_watch(one, watch, owner) if watch is not None else ()),
    ]
    rank = {"high": 0, "medium": 1, "low": 2}
    unique = {item.id: item for item in found}
    return tuple(sorted(unique.values(), key=lambda item: (rank[item.priority], item.due, item.id)))


def _after_the_end(one: Recorded, records: Sequence[Recorded], owner: str) -> Iterator[ActionItem]:
    event, version = one.event, one.record.subject.version
    if event.ending == "aborted":
        what = f"Find the cause of the abort of {version}"
        then = "; release a fix, or say under retry.reason why it may be tried again" if event.quarantined else ""
        yield _item(one, "cause", f"{what}{then}", event.reason or "it was aborted", owner, "high")
    if event.ending == "rolled-back" and event.leaves is not None and event.drill is None:
        what = f"Find out why {event.leaves.version} had to be left, and what would have shown it before 100%"
        yield _item(one, "left", what, "a guardrail or a test that shows it would have stopped it", owner, "high")
    if event.ending == "interrupted":
        what = f"Release {version} again: it was neither shown to be good nor to be bad"
        yield _item(one, "again", what, event.reason or "the rollout was interrupted", owner, "medium")
    if event.ending == "committed" and (back := rollback_of(records, one)) is not None:
        what = f"Review {version}: it completed and was rolled back to {back.record.subject.version} later"
        yield _item(one, "escaped", what, "its fault was not found during the rollout", owner, "high")
    if event.notes:
        yield _item(one, "notes", "Look into what was noted during the rollout", event.notes[0], owner, "medium")


def _from_the_manifest(one: Recorded, release: Release, owner: str) -> Iterator[ActionItem]:
    if release.hotfix is not None:
        due = release.hotfix.follow_up_due.date().isoformat()
        what = f"Follow up the hotfix {release.hotfix.ticket} through the usual way"
        yield _item(one, "hotfix", what, release.hotfix.reason, owner, "high", due)
    if one.event.ending != "committed":
        return
    for change in release.scope.changes:
        if change.flag:
            what = f"Take the flag {change.flag} out, once {change.id} is on for all users"
            yield _item(one, f"flag-{change.flag}", what, "a flag that stays is a second program", owner, "low")
    missing = [change.id for change in release.scope.changes if change.committed_at is None]
    if missing:
        what = "State scope.changes[].committedAt in the next manifest"
        why = f"the lead time of {', '.join(missing)} is unknown"
        yield _item(one, "committed-at", what, why, owner, "low")


def _from_the_gates(one: Recorded, owner: str) -> Iterator[ActionItem]:
    gates = one.event.gates
    if gates is None:
        return
    for exempted in gates.exempted:
        what = f"Mend what passed by an exemption: {exempted.get('finding', '')}"
        why = f"{exempted.get('ticket', '')}: {exempted.get('reason', '')}"
        due = exempted.get("expires", "")[:10] or None
        yield _item(
            one, f"exempted-{exempted.get('finding', '')}", what, why, exempted.get("owner", owner), "high", due
        )
    if gates.advisory:
        count = len(gates.advisory)
        what = f"Mend {count} advisory finding{'s' if count != 1 else ''} of the gates"
        yield _item(one, "advisory", what, "; ".join(gates.advisory[:5]), owner, "medium")
    if gates.outcome == "not judged":
        yield _item(one, "gates-off", "Turn the gates on again", gates.reason, owner, "high")


def _from_the_watch(one: Recorded, watch: WatchPart, owner: str) -> Iterator[ActionItem]:
    version, said = one.record.subject.version, watch.moments[-1].what
    if watch.phase == "breach":
        what = f"Find the cause of the breach of {version}, and what would have shown it during the rollout"
        yield _item(one, "breach", what, said, owner, "high")
    if watch.phase == "unseen":
        what = f"See to it that the guardrails of the watch of {version} have data throughout"
        yield _item(one, "unseen", what, said, owner, "medium")


def _item(
    one: Recorded, key: str, what: str, why: str, owner: str, priority: Priority, due: str | None = None
) -> ActionItem:
    usual = date.fromisoformat(date_of(one.event.ended)) + timedelta(days=DUE_DAYS[priority])
    return ActionItem(
        id=f"{one.event.rollout}/{key}",
        what=what,
        why=why,
        owner=owner,
        due=due or usual.isoformat(),
        priority=priority,
    )
