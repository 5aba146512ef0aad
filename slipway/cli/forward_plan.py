"""What `slipway release` does and what that takes: reads the manifest, the stack's file and history, and the cluster,
and lets `slipway.release.records.forward` decide. Writes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path

from slipway.cli.engine import Engine
from slipway.cli.engine_records import StackUpdate
from slipway.cli.entry_plan import Plan, Stack, as_they_serve, known_revisions, recall
from slipway.cli.rollback_plan import read_target
from slipway.release.declared import DeclaredRelease, read_manifest
from slipway.release.errors import InputError, Problem, ReleaseRefused
from slipway.release.evidence.errors import EvidenceError
from slipway.release.manifest.plan import Kind
from slipway.release.manifest.release import Release
from slipway.release.records.forward import next_release
from slipway.release.records.rollback import Destination, Memory
from slipway.release.rollout_inputs import Backend

NO_STANDBY = "or keep nothing warm: --no-standby"


def read_declared(project: Path, service: str, path: str) -> DeclaredRelease:
    """The manifest that is to be released. Raises InputError with every problem of it."""
    try:
        declared = read_manifest(project, path)
    except EvidenceError as error:
        problem = Problem("file", error.detail, "Name a manifest inside the project's folder")
        raise InputError(path, [problem]) from None
    if (named := declared.release.service) != service:
        raise InputError(path, [Problem("service", f"is a release of {named}", f"Name a manifest of {service}")])
    return declared


def plan(
    engine: Engine,
    history: Future[list[StackUpdate]],
    found: Stack,
    declared: DeclaredRelease,
    *,
    keeps_standby: bool = True,
) -> Plan:
    """Raises SlipwayError with one clear line when the release serves already, its standby cannot be kept, or a rollout
    is in flight."""
    service, release = declared.release.service, declared.release
    remedy = f"wait for its end, or end it with `slipway abort {service}`"
    recalled = recall(engine, service, found, history, remedy)
    memory = recalled.memory
    to = next_release(service, memory, found.entry, recalled.manifests, declared.released, keeps_standby=keeps_standby)
    _check_standby(engine.project, to)
    return Plan(
        command="release",
        service=service,
        stack=found.name,
        where=found.target,
        file=found.file,
        before=found.entry,
        destination=to,
        target=release,
        readiness=recalled.adapters.workloads.readiness(Backend.of(release, found.target)),
        kind=_kind(memory, declared.revision),
        source=memory.source,
        warnings=tuple(_warnings(release, memory, to)),
        adapters=recalled.adapters,
        beside=as_they_serve(engine.project, found, recalled.past),
        revisions=known_revisions(recalled.head, memory.serving, declared.revision),
    )


def is_first_of_stack(updates: Sequence[StackUpdate]) -> bool:
    """Whether no update of the stack succeeded: what it declares beside its services is not there yet."""
    return not any(update.succeeded for update in updates)


def _check_standby(project: Path, to: Destination) -> None:
    """What is kept warm has to be what serves now, or the update would start something else as the standby."""
    if to.leaves is None or "standby" not in to.entry:
        return
    try:
        read_target(project, str(to.entry["standby"]), to.leaves.revision)
    except InputError as error:
        raise ReleaseRefused(f"{error}\n{NO_STANDBY}") from None
    except ReleaseRefused as error:
        raise ReleaseRefused(f"{error}, {NO_STANDBY}") from None


def _kind(memory: Memory, revision: str) -> Kind:
    if memory.serving is None:
        return "first"
    return "rollback" if any(one.revision == revision for one in memory.completed) else "forward"


def _warnings(release: Release, memory: Memory, to: Destination) -> Iterator[str]:
    """What cannot be undone by a rollback, and what is not kept. Shown; the gates judge it."""
    if memory.serving is not None and to.leaves is None:
        yield f"revision {memory.serving} serves, but nothing says which manifest it is: it is kept as no standby"
    for migration in release.migrations:
        if migration.phase == "contract" or migration.down is None:
            action = migration.compensation or "no compensating action is named"
            yield f"migration {migration.id} stays applied after a rollback ({migration.phase}): {action}"
