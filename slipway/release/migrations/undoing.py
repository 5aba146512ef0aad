"""What a rollback has to undo in the database. Pure: records and manifests in, steps and refusals out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from slipway.release.evidence.migration_files import MigrationSource, Script
from slipway.release.manifest.migrations import Migration
from slipway.release.manifest.release import Release
from slipway.release.records.released import ReleasedVersion
from slipway.release.records.rollback import Memory, line_of


@dataclass(frozen=True, slots=True)
class LeftRelease:
    """A release that a rollback leaves, with the scripts of its migrations."""

    release: Release
    revision: str
    sources: tuple[MigrationSource, ...]


@dataclass(frozen=True, slots=True)
class Undo:
    """One migration to undo; `down` is None when there is no way down."""

    version: str
    revision: str
    migration: Migration
    down: Script | None

    @property
    def label(self) -> str:
        """For messages."""
        return f"migration {self.migration.id} of {self.version}"

    @property
    def by_psql(self) -> bool:
        """Whether its script is one that Slipway can run."""
        return self.migration.dialect == "postgresql" and self.down is not None


def released_after(memory: Memory, target: str) -> tuple[ReleasedVersion, ...]:
    """The releases that completed after the revision `target` and are still in the line of good ones, newest first:
    what a rollback to `target` leaves. None for one that is not in the line: that is a way forward."""
    line = released_through(memory.serving, memory.commits)
    if target not in line:
        return ()
    completed = {one.revision: one for one in reversed(memory.completed)}
    return tuple(completed[one] for one in reversed(line[line.index(target) + 1 :]) if one in completed)


def released_through(serving: str | None, commits: Sequence[str]) -> list[str]:
    """The line of good releases up to what serves, oldest first: their schema is in use. `commits` are newest first."""
    return line_of([*([serving] if serving is not None else []), *commits])


def undos(left: Iterable[LeftRelease], target: Release | None) -> Iterator[Undo]:
    """The last migration of the newest release first. One that `target` has as well stays."""
    kept = {migration.id for migration in target.migrations} if target is not None else set[str]()
    for one in left:
        scripts = {source.id: source for source in one.sources}
        for migration in reversed(one.release.migrations):
            if migration.id not in kept:
                kept.add(migration.id)
                yield Undo(one.release.version, one.revision, migration, scripts[migration.id].down)


def refusal(service: str, wanted: Sequence[Undo], compensated: Iterable[str], runbook: str) -> str | None:
    """Why the traffic may not go back before something was done by hand; None when it may. The version before was never
    tried on what an irreversible migration left."""
    done = set(compensated)
    bare = [undo for undo in wanted if undo.down is None and undo.migration.id not in done]
    if not bare:
        return None
    told = "; ".join(
        f"{undo.label} ({undo.migration.phase}) has no way down, its compensation is: "
        f"{undo.migration.compensation or 'none is named'}"
        for undo in bare
    )
    options = " ".join(f"--compensated {undo.migration.id}" for undo in bare)
    return f"{service}: {told}. Carry that out ({runbook}), then run the command again with {options}"
