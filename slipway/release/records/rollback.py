"""Which release a rollback goes back to. Pure: records of the cluster and of the stack in, a decision out.

The rule. A service's commits, replayed from the oldest, form a line: a commit of a new revision is added at its end; a
commit of a revision that is in the line already is a way back and cuts off all that came after it. The previous good
release is the nearest one before what serves that completed here and is not quarantined. So

- rolling back twice goes back two releases, and never forward to what a rollback left;
- a revision that is released again after it was left counts as new, and is in front of what it followed;
- aborted and interrupted releases never were in the line, and one that committed in an update that failed for another
  service's sake is;
- where the declared release does not serve (it was aborted, or never started), that release is what is undone: the
  configuration returns to what serves, and no traffic moves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from slipway.release.errors import ReleaseRefused
from slipway.release.records.released import ReleasedVersion

Entry = Mapping[str, Any]
"""A service's entry in the stack's configuration: `manifest`, perhaps `standby`, and whatever else is in it."""
PLACE = "place"
"""The key of an entry that says where the service runs. A way back does not move it: its journal is there."""


@dataclass(frozen=True, slots=True)
class PastUpdate:
    """One update in the stack's history: its start (Unix seconds), whether all of it succeeded, and the service's
    entry in it, None where it had none. Killed updates are missing on some backends."""

    began: float
    succeeded: bool
    entry: Entry | None
    ended: float | None = None


@dataclass(frozen=True, slots=True)
class Memory:
    """What serves (a revision), what completed here, and the revisions of all commits, both newest first.

    `source` is `stack` when the cluster's journal is gone and the stack's state and history stand in for it.
    """

    serving: str | None
    completed: Sequence[ReleasedVersion]
    commits: Sequence[str]
    quarantined: Mapping[str, str]
    """Revision to reason."""
    source: Literal["journal", "stack"] = "journal"


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a service goes, forward or back: `entry` is what its configuration becomes, whole. `leaves` is the release
    that serves now."""

    release: ReleasedVersion
    leaves: ReleasedVersion | None
    entry: dict[str, Any]
    moves_traffic: bool
    passed_over: tuple[str, ...] = ()
    """Releases that were nearer but are not good, one line each."""


def previous_release(
    service: str,
    memory: Memory,
    updates: Sequence[PastUpdate],
    declared: Entry,
    manifests: Mapping[str, ReleasedVersion],
    to: str | None = None,
) -> Destination:
    """Find where a rollback goes, by the rule above; `to` names a version or revision instead.

    `updates` are newest first. `manifests` says by path what the manifests hold that could be read. Raises
    ReleaseRefused with one line when there is nothing to go back to.
    """
    serving = memory.serving
    if serving is None:
        raise ReleaseRefused(f"{service}: no release has completed here, there is nothing to go back to")
    known = {**{one.manifest: one for one in reversed(memory.completed)}, **manifests}
    now = known.get(str(declared.get("manifest")))
    declared_serves = now is not None and now.revision == serving
    passed: list[str] = []
    if to is not None:
        target = _named(service, memory, to)
    elif not declared_serves:
        target = _serving(service, memory)
    else:
        target = _nearest(service, memory, passed)
    if target.revision == serving and declared_serves:
        raise ReleaseRefused(f"{service}: {label_of(target)} serves already, and the configuration names it")
    leaves = now if declared_serves else next((one for one in memory.completed if one.revision == serving), None)
    moves = target.revision != serving
    entry = _entry(target, updates, known, declared)
    if moves:
        entry = with_standby(entry, target, leaves)
    return Destination(target, leaves, entry, moves, tuple(passed))


def serving_entry(
    memory: Memory, updates: Sequence[PastUpdate], declared: Entry, manifests: Mapping[str, ReleasedVersion]
) -> dict[str, Any] | None:
    """The entry of a service as it serves: what is declared where that serves, else what was configured for it last.
    None when nothing serves, or nothing says which manifest it is."""
    target = next((one for one in memory.completed if one.revision == memory.serving), None)
    now = manifests.get(str(declared.get("manifest")))
    if now is not None and now.revision == memory.serving:
        return dict(declared)
    if target is None:
        return None
    return _entry(target, updates, {**{one.manifest: one for one in reversed(memory.completed)}, **manifests}, declared)


def line_of(commits: Iterable[str]) -> list[str]:
    """The line of good releases, oldest first, from the revisions of all commits, newest first."""
    line: list[str] = []
    for revision in reversed(list(commits)):
        if revision in line:
            del line[line.index(revision) + 1 :]
        else:
            line.append(revision)
    return line


def memory_of_stack(
    serving: str | None, updates: Sequence[PastUpdate], manifests: Mapping[str, ReleasedVersion]
) -> Memory:
    """What the stack alone remembers, for a service whose journal is gone: updates that succeeded as a whole."""
    released = [
        manifests[str(update.entry["manifest"])]
        for update in updates
        if update.succeeded and update.entry is not None and str(update.entry.get("manifest")) in manifests
    ]
    unique = {one.revision: one for one in reversed(released)}
    order = dict.fromkeys(one.revision for one in released)
    return Memory(serving, [unique[revision] for revision in order], [one.revision for one in released], {}, "stack")


def _nearest(service: str, memory: Memory, passed: list[str]) -> ReleasedVersion:
    line = line_of([*([memory.serving] if memory.serving is not None else []), *memory.commits])
    completed = {one.revision: one for one in reversed(memory.completed)}
    for revision in reversed(line[:-1]):
        one = completed.get(revision)
        if one is None:
            passed.append(f"{revision}: completed too long ago, nothing more is known of it")
        elif revision in memory.quarantined:
            passed.append(f"{label_of(one)}: quarantined since, {memory.quarantined[revision]}")
        else:
            return one
    raise ReleaseRefused(f"{service}: no earlier good release is known here{_choice(memory, passed)}")


def _named(service: str, memory: Memory, to: str) -> ReleasedVersion:
    found = {one.revision: one for one in memory.completed if to in (one.revision, one.version)}
    if not found:
        raise ReleaseRefused(f"{service}: {to} never completed here{_choice(memory, [])}")
    if len(found) > 1:
        raise ReleaseRefused(f"{service}: version {to} is several revisions, name one: {', '.join(sorted(found))}")
    target = next(iter(found.values()))
    if target.revision in memory.quarantined and target.revision != memory.serving:
        reason = memory.quarantined[target.revision]
        raise ReleaseRefused(f"{service}: {label_of(target)} is quarantined: {reason}; release it with a retry.reason")
    return target


def _serving(service: str, memory: Memory) -> ReleasedVersion:
    for one in memory.completed:
        if one.revision == memory.serving:
            return one
    raise ReleaseRefused(
        f"{service}: revision {memory.serving} serves, but nothing says which manifest it is; "
        "name its manifest in the configuration"
    )


def _choice(memory: Memory, passed: Sequence[str]) -> str:
    others = [label_of(one) for one in memory.completed if one.revision not in {memory.serving, *memory.quarantined}]
    reasons = f" ({'; '.join(passed)})" if passed else ""
    return f"{reasons}; --to can name {', '.join(others)}" if others else f"{reasons}; only {memory.serving} completed"


def _entry(
    target: ReleasedVersion, updates: Sequence[PastUpdate], known: Mapping[str, ReleasedVersion], declared: Entry
) -> dict[str, Any]:
    """The target's entry as it last was, in the place where the service is now; updates that succeeded as a whole are
    believed first."""

    def holds(update: PastUpdate) -> bool:
        one = known.get(str(update.entry.get("manifest"))) if update.entry is not None else None
        return one is not None and one.revision == target.revision

    for update in sorted(filter(holds, updates), key=lambda update: not update.succeeded):
        entry = {key: value for key, value in (update.entry or {}).items() if key != PLACE}
        break
    else:
        entry = {"manifest": target.manifest}
        if "standby" in declared:
            entry["standby"] = declared["standby"]
    if PLACE in declared:
        entry[PLACE] = declared[PLACE]
    kept = known.get(str(entry.get("standby")))
    if kept is not None and _same(kept, target):
        del entry["standby"]
    return entry


def with_standby(entry: dict[str, Any], target: ReleasedVersion, leaves: ReleasedVersion | None) -> dict[str, Any]:
    """What is left stays warm, so nothing is deleted and the way forward again is short."""
    kept = {key: value for key, value in entry.items() if key != "standby"}
    if leaves is None or _same(leaves, target):
        return kept
    return {**kept, "standby": leaves.manifest}


def _same(one: ReleasedVersion, other: ReleasedVersion) -> bool:
    return one.revision == other.revision or one.version == other.version


def label_of(one: ReleasedVersion) -> str:
    """Version and revision, for people."""
    return f"{one.version} ({one.revision})"
