"""Where `slipway rollback` goes and what that takes: reads the stack's file and history, the manifests and the
cluster, and lets `slipway.release.records.rollback` decide. Writes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

from slipway.cli.engine import Engine
from slipway.cli.engine_records import StackUpdate
from slipway.cli.entry_plan import Plan, Stack, as_they_serve, known_revisions, refuse_in_flight
from slipway.cli.rollback_memory import known_manifests, memory_of, paths_of, without_journal
from slipway.release.declared import read_manifest
from slipway.release.errors import ReleaseRefused, SlipwayError
from slipway.release.evidence.errors import EvidenceError
from slipway.release.manifest.release import Release
from slipway.release.records.rollback import Destination, previous_release
from slipway.release.rollout_inputs import Backend
from slipway.rollout.assemble import connect_world
from slipway.rollout.inspection import head_of


def plan(service: str, engine: Engine, history: Future[list[StackUpdate]], found: Stack, to: str | None) -> Plan:
    """The stack's `history` is awaited after the cluster was asked. Raises SlipwayError with one clear line when
    there is nowhere to go back to, or a rollout is in flight."""
    world = connect_world(service, found.target)
    head = head_of(world, service)
    refuse_in_flight(service, head, world, "it began just now; run the command again")
    past = history.result()
    updates = [update.of(service) for update in past]
    manifests = known_manifests(engine.project, paths_of(updates, found.entry), head)
    memory = memory_of(head) if head is not None else without_journal(engine, service, updates, manifests)
    previous = previous_release(service, memory, updates, found.entry, manifests, to)
    target = read_target(engine.project, str(previous.entry["manifest"]), previous.release.revision)
    return Plan(
        command="rollback",
        service=service,
        stack=found.name,
        namespace=found.target.namespace,
        file=found.file,
        before=found.entry,
        destination=previous,
        target=target,
        readiness=world.workloads.readiness(Backend.of(target)),
        kind="rollback" if head is not None and head.has_completed(previous.release.revision) else "forward",
        source=memory.source,
        warnings=tuple(warnings_of(engine.project, previous)),
        world=world,
        beside=as_they_serve(engine.project, found, past),
        revisions=known_revisions(head, memory.serving, previous.release.revision),
    )


def read_target(project: Path, path: str, released: str) -> Release:
    """The manifest of a revision that was released before. Raises ReleaseRefused when it cannot be read, or no longer
    says what was released."""
    try:
        declared = read_manifest(project, path)
    except EvidenceError as error:
        raise ReleaseRefused(f"{path} cannot be read: {error.detail}; restore it from version control") from None
    if (revision := declared.revision) != released:
        raise ReleaseRefused(
            f"{path} was edited since it was released: it was revision {released}, now it is "
            f"{revision}; restore it from version control"
        )
    return declared.release


def warnings_of(project: Path, previous: Destination) -> Iterator[str]:
    """What the release that is left says about undoing it. Shown, never a reason to refuse."""
    if previous.leaves is None or not previous.moves_traffic:
        return
    try:
        left = read_manifest(project, previous.leaves.manifest).release
    except SlipwayError:
        return
    yield from (f"rollback constraint of {left.version}: {text}" for text in left.rollback.constraints)
    for migration in left.migrations:
        if migration.phase == "contract" or migration.down is None:
            action = migration.compensation or "no compensating action is named"
            yield f"migration {migration.id} of {left.version} stays applied ({migration.phase}): {action}"
