"""Where `slipway rollback` goes and what that takes: reads the stack's file and history, the manifests and the
cluster, and lets `slipway.release.records.rollback` decide. Writes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from pathlib import Path

from slipway.cli.engine import Engine
from slipway.cli.engine_records import StackUpdate
from slipway.cli.entry_plan import Plan, Stack, as_they_serve, known_revisions, recall
from slipway.cli.rollback_schema import NO_ANSWERS, Answers, plan_schema, without_standby
from slipway.release.declared import read_manifest
from slipway.release.errors import ReleaseRefused, SlipwayError
from slipway.release.evidence.errors import EvidenceError
from slipway.release.manifest.release import Release
from slipway.release.migrations.undoing import released_after
from slipway.release.records.released import ReleasedVersion
from slipway.release.records.rollback import Destination, Memory, previous_release
from slipway.release.rollout_inputs import Backend
from slipway.rollout.drift import changed_in_place


def plan(
    service: str,
    engine: Engine,
    history: Future[list[StackUpdate]],
    found: Stack,
    to: str | None,
    answers: Answers = NO_ANSWERS,
) -> Plan:
    """Raises SlipwayError with one clear line when there is nowhere to go back to, or a rollout is in flight."""
    recalled = recall(engine, service, found, history, "it began just now; run the command again")
    head, memory, manifests = recalled.head, recalled.memory, recalled.manifests
    previous = previous_release(service, memory, recalled.updates, found.entry, manifests, to)
    target = read_target(engine.project, str(previous.entry["manifest"]), previous.release.revision)
    schema = plan_schema(
        engine.project, service, previous, _left(memory, previous, found, manifests), target, found.database, answers
    )
    previous = without_standby(previous, schema)
    backend = Backend.of(target, found.target)
    readiness = recalled.adapters.workloads.readiness(backend)
    template = head.template_of(backend.revision) if head is not None else None
    changed = changed_in_place(backend, readiness, template)
    return Plan(
        command="rollback",
        service=service,
        stack=found.name,
        where=found.target,
        file=found.file,
        before=found.entry,
        destination=previous,
        target=target,
        readiness=readiness,
        kind="rollback" if head is not None and head.has_completed(previous.release.revision) else "forward",
        source=memory.source,
        warnings=(*filter(None, (changed,)), *warnings_of(engine.project, previous), *schema.notes),
        schema=schema,
        adapters=recalled.adapters,
        beside=as_they_serve(engine.project, found, recalled.past),
        revisions=known_revisions(head, memory.serving, previous.release.revision),
    )


def _left(
    memory: Memory, previous: Destination, found: Stack, manifests: Mapping[str, ReleasedVersion]
) -> tuple[ReleasedVersion, ...]:
    """What is left, newest first: the declared release too where it was aborted."""
    declared = manifests.get(str(found.entry.get("manifest")))
    committed = released_after(memory, previous.release.revision)
    known = {memory.serving, previous.release.revision, *(one.revision for one in committed)}
    return committed if declared is None or declared.revision in known else (declared, *committed)


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
