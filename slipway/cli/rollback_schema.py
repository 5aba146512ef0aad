"""The database in a rollback: what is left of the releases that are left is undone once nothing of them runs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from slipway.release.declared import read_manifest
from slipway.release.errors import ClusterError, ReleaseRefused, SlipwayError
from slipway.release.evidence.migration_files import read_migrations
from slipway.release.evidence.references import Sources
from slipway.release.manifest.release import Release
from slipway.release.migrations.databases import Database
from slipway.release.migrations.undoing import LeftRelease, Undo, refusal, undos
from slipway.release.records.released import ReleasedVersion
from slipway.release.records.rollback import Destination
from slipway.release.rollout_inputs import Backend
from slipway.release.sql.isolate import classify_isolated
from slipway.release.target import Target
from slipway.rollout.migrations import run
from slipway.rollout.migrations.base import MigratedDatabase
from slipway.rollout.migrations.postgresql import PostgreSql
from slipway.rollout.platforms.base import Workloads

GONE_WITHIN = 60.0
"""Seconds beyond the pods' own grace until nothing of a release runs any more."""
POLL = 1.0

Tell = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Answers:
    """What the operator says of the database: what was compensated by hand, and whether the schema stays as it is."""

    compensated: tuple[str, ...] = ()
    keep_schema: bool = False


NO_ANSWERS = Answers()


@dataclass(frozen=True, slots=True)
class SchemaPlan:
    """`steps` are undone in this order after the traffic is back and the workloads of all releases that were `left` are
    gone."""

    service: str
    steps: tuple[Undo, ...] = ()
    left: tuple[Release, ...] = ()
    notes: tuple[str, ...] = ()
    database: MigratedDatabase | None = None

    def carry_out(
        self, where: Target, workloads: Workloads, tell: Tell, pause: Callable[[float], None] = time.sleep
    ) -> None:
        """Undo the steps; the workloads are in the target `where`. Raises ClusterError; what was undone before stays
        so, and the same command goes on."""
        if self.database is None or not self.steps:
            return
        for release in self.left:
            self._await_gone(Backend.of(release, where), release, workloads, tell, pause)
        run.undo(self.service, self.steps, self.database, tell, threading.Event())

    def _await_gone(
        self, backend: Backend, release: Release, workloads: Workloads, tell: Tell, pause: Callable[[float], None]
    ) -> None:
        for number in range(round((GONE_WITHIN + release.workload.drain.grace) / POLL) + 1):
            running = workloads.running(backend)
            if running == 0:
                return
            if number == 0:
                tell(f"waiting until the pods of {release.version} are gone")
            pause(POLL)
        raise ClusterError(
            f"{self.service}: {running} pod(s) of {release.version} still run, so its migrations stay applied; "
            f"`slipway migrations {self.service} --undo MANIFEST` undoes them later"
        )


NOTHING_TO_UNDO = SchemaPlan("")


def plan_schema(
    project: Path,
    service: str,
    previous: Destination,
    left: Sequence[ReleasedVersion],
    target: Release,
    database: Database | None,
    answers: Answers,
    connect: Callable[[str, Database], MigratedDatabase] = PostgreSql,
) -> SchemaPlan:
    """Raises ReleaseRefused for a migration that is irreversible and was not compensated, and ClusterError when the
    database cannot be asked what is applied."""
    releases = tuple(_read(project, left))
    wanted = list(undos(releases, target))
    reached = connect(service, database) if database is not None and wanted else None
    if reached is not None:
        wanted = [*run.still_applied(wanted, reached), *(undo for undo in wanted if undo.migration.dialect == "other")]
    runbook = releases[0].release.owner.runbook if releases else ""
    if previous.moves_traffic and (why := refusal(service, wanted, answers.compensated, runbook)) is not None:
        raise ReleaseRefused(why)
    unknown = len(left) - len(releases)
    runs = reached is not None and not answers.keep_schema and not unknown
    steps = tuple(undo for undo in wanted if undo.by_psql) if runs else ()
    notes = list(_notes(wanted, steps, answers.compensated))
    if unknown:
        notes.append(f"{unknown} manifest(s) of what is left cannot be read or were edited: no migration is undone")
    return SchemaPlan(service, steps, tuple(one.release for one in releases), tuple(notes), reached)


def without_standby(previous: Destination, schema: SchemaPlan) -> Destination:
    """A release whose migrations are undone cannot stay warm: its pods would run on a schema that they do not know."""
    if not schema.steps:
        return previous
    return replace(previous, entry={key: value for key, value in previous.entry.items() if key != "standby"})


def _read(project: Path, left: Sequence[ReleasedVersion]) -> Iterator[LeftRelease]:
    """Those whose manifests still say what was released."""
    for one in left:
        try:
            declared = read_manifest(project, one.manifest)
        except SlipwayError:
            continue
        if declared.revision == one.revision:
            sources = Sources(project, str(PurePosixPath(one.manifest).parent))
            yield LeftRelease(declared.release, declared.revision, read_migrations(declared.release, sources))


def _notes(wanted: Sequence[Undo], steps: Sequence[Undo], compensated: Collection[str]) -> Iterator[str]:
    for undo in wanted:
        phase = undo.migration.phase
        if undo in steps:
            yield f"{undo.label} is undone once nothing of it runs{_taken_away(undo)}"
        elif undo.migration.id in compensated:
            yield f"{undo.label} ({phase}) stays applied, compensated: {undo.migration.compensation}"
        elif undo.down is None:
            action = undo.migration.compensation or "no compensating action is named"
            yield f"{undo.label} stays applied ({phase}): {action}"
        else:
            yield f"{undo.label} stays applied ({phase}); its way down is {undo.down.path}"


def _taken_away(undo: Undo) -> str:
    script = classify_isolated(undo.down.text) if undo.down is not None else None
    lost = [operation.what for operation in script.operations if operation.loses_data] if script is not None else []
    return f", which takes data away: {'; '.join(lost[:3])}" if lost else ""
