"""Apply the migrations of a release in their order, or undo some: each once, whatever was lost or run before."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence

from slipway.release.errors import ClusterError
from slipway.release.evidence.migration_files import Script
from slipway.release.migrations.inputs import DeclaredMigration, MigrationsInputs
from slipway.release.migrations.undoing import Undo
from slipway.release.sql.isolate import classify_isolated
from slipway.rollout.migrations.base import Applied, MigratedDatabase, Step

Tell = Callable[[str], object]


def apply(
    inputs: MigrationsInputs,
    scripts: Mapping[str, Script],
    database: MigratedDatabase,
    tell: Tell,
    cancelled: threading.Event,
) -> tuple[str, ...]:
    """Run what the ledger does not have yet; returns the ids that ran. `scripts` are the ways up by id. Raises
    ClusterError for one that failed, is in doubt, or was applied in other words; those before it stay applied."""
    known = database.applied()
    done: list[str] = []
    for migration in inputs.migrations:
        label = f"{inputs.service}: migration {migration.id} of {inputs.version}"
        if not _is_due(known.get(migration.id), migration, label):
            continue
        text = _same(scripts[migration.id], migration.up_sha256, label)
        entry = Applied(
            migration.id, "applied", inputs.version, inputs.revision, migration.up_sha256, migration.down_sha256
        )
        tell(f"migration {migration.id} ({migration.phase}) runs")
        _run(lambda step: database.up(step, cancelled), Step(entry, text, _is_whole(text, label)), label)
        done.append(migration.id)
    return tuple(done)


def still_applied(wanted: Iterable[Undo], database: MigratedDatabase) -> tuple[Undo, ...]:
    """Those that the ledger has, in the given order."""
    known = database.applied()
    return tuple(undo for undo in wanted if undo.migration.id in known)


def undo(
    service: str, wanted: Sequence[Undo], database: MigratedDatabase, tell: Tell, cancelled: threading.Event
) -> tuple[str, ...]:
    """Run the ways down in the given order; returns the ids that were undone. What the ledger does not have is left
    out. Raises ClusterError; those before the one that failed stay undone."""
    known = database.applied()
    done: list[str] = []
    for one in wanted:
        entry, label = known.get(one.migration.id), f"{service}: {one.label}"
        if entry is None or one.down is None:
            continue
        if entry.state != "applied":
            raise ClusterError(_in_doubt(entry, label))
        if entry.down_sha256 is None:
            raise ClusterError(f"{label}: it was applied without a way down, and {one.down.path} was added since")
        text = _same(one.down, entry.down_sha256, label)
        tell(f"migration {one.migration.id}: its way down runs")
        _run(lambda step: database.down(step, cancelled), Step(entry, text, _is_whole(text, label)), label)
        done.append(one.migration.id)
    return tuple(done)


def _run(run: Callable[[Step], None], step: Step, label: str) -> None:
    try:
        run(step)
    except ClusterError as error:
        raise ClusterError(f"{label}: {error}") from None


def _is_due(entry: Applied | None, migration: DeclaredMigration, label: str) -> bool:
    if entry is None:
        return True
    if entry.state != "applied":
        raise ClusterError(_in_doubt(entry, label))
    if entry.up_sha256 != migration.up_sha256:
        raise ClusterError(f"{label}: {entry.version} applied it from another script; give the changed one a new id")
    return False


def _same(script: Script, sha256: str, label: str) -> str:
    if script.code is not None:
        raise ClusterError(f"{label}: {script.path}: {script.detail}")
    if script.sha256 != sha256:
        raise ClusterError(f"{label}: {script.path} is not the script that was released; restore it")
    return script.text


def _is_whole(text: str, label: str) -> bool:
    found = classify_isolated(text)
    if found.problem is not None:
        raise ClusterError(f"{label}: {found.problem}")
    return not found.outside_transaction


def _in_doubt(entry: Applied, label: str) -> str:
    return (
        f"{label}: its script was {entry.state} outside of a transaction and nothing says how that ended; look, then "
        f"set its state in slipway.migrations to applied, or delete the row"
    )
