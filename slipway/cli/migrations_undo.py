"""The way down of one release that neither serves nor runs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath

import click

from slipway.cli.target import find_target
from slipway.release.declared import read_manifest
from slipway.release.errors import ReleaseRefused
from slipway.release.evidence.errors import EvidenceError
from slipway.release.evidence.migration_files import read_migrations
from slipway.release.evidence.references import Sources
from slipway.release.migrations.undoing import LeftRelease, Undo, released_through, undos
from slipway.release.project_files import project_file
from slipway.release.rollout_inputs import Backend
from slipway.rollout.adapters import Adapters
from slipway.rollout.assemble import connect_adapters
from slipway.rollout.inspection import head_of
from slipway.rollout.migrations import run
from slipway.rollout.migrations.base import Applied, MigratedDatabase


def undo(
    service: str,
    manifest: str,
    folder: Path,
    stack: str | None,
    database: MigratedDatabase,
    agree: Callable[[str], bool],
) -> tuple[str, ...]:
    """Returns the ids that were undone. Raises SlipwayError with one line where it must not be."""
    project = project_file(folder).parent
    try:
        declared = read_manifest(project, manifest)
    except EvidenceError as error:
        raise ReleaseRefused(f"{manifest} cannot be read: {error.detail}") from None
    release = declared.release
    if release.service != service:
        raise ReleaseRefused(f"{manifest} is a release of {release.service}, not of {service}")
    target = find_target(folder, stack, None)
    adapters = connect_adapters(service, target)
    _refuse_in_use(service, declared.revision, release.version, adapters)
    if (running := adapters.workloads.running(Backend.of(release, target))) > 0:
        raise ReleaseRefused(f"{service}: {running} pod(s) of {release.version} run; take it out of the stack first")
    sources = Sources(project, str(PurePosixPath(manifest).parent))
    left = LeftRelease(release, declared.revision, read_migrations(release, sources))
    known = database.applied()
    steps = [one for one in undos([left], None) if one.by_psql and _is_its_own(one, known)]
    if not steps:
        raise ReleaseRefused(f"{service}: {release.version} applied nothing here that has a way down")
    if not agree(", ".join(one.migration.id for one in steps)):
        raise ReleaseRefused(f"{service}: nothing was undone")
    return run.undo(service, steps, database, lambda line: click.echo(line, err=True), threading.Event())


def _is_its_own(one: Undo, known: Mapping[str, Applied]) -> bool:
    """Whether this release was the one to apply it; another may list the same migration."""
    entry = known.get(one.migration.id)
    return entry is not None and entry.revision == one.revision


def _refuse_in_use(service: str, revision: str, version: str, adapters: Adapters) -> None:
    """A release that serves needs its schema, and so does one that was built on it."""
    head = head_of(adapters, service)
    if head is None:
        return
    if head.unfinished:
        raise ReleaseRefused(f"{service}: a rollout is unfinished; run the command again when it has ended")
    serving = head.serving.backend.revision if head.serving is not None else None
    if revision in released_through(serving, [one.revision for one in head.commits]):
        raise ReleaseRefused(f"{service}: {version} serves, or a release after it does: `slipway rollback` goes back")
