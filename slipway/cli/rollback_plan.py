"""Where `slipway rollback` goes and what that takes: reads the stack's file and history, the manifests and the
cluster, and lets `slipway.release.records.rollback` decide. Writes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slipway.cli.engine import Engine
from slipway.cli.engine_records import StackUpdate
from slipway.cli.rollback_memory import known_manifests, memory_of, paths_of, without_journal
from slipway.cli.stack_file import StackFile
from slipway.release.declared import read_manifest
from slipway.release.errors import ClusterError, EngineError, ReleaseRefused, SlipwayError
from slipway.release.evidence.errors import EvidenceError
from slipway.release.manifest.plan import Kind, describe
from slipway.release.manifest.release import Release
from slipway.release.project_files import config_of, services_of, stack_file, target_of
from slipway.release.records.journal import Head
from slipway.release.records.rollback import PreviousRelease, previous_release, serving_entry
from slipway.release.rollout_inputs import Backend
from slipway.release.strategy import chosen
from slipway.release.target import Target
from slipway.rollout.adapters import Adapters
from slipway.rollout.assemble import connect_world
from slipway.rollout.inspection import head_of
from slipway.rollout.platforms.base import Readiness
from slipway.rollout.safety.holder import watch_lease


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that is known before anything is written."""

    service: str
    stack: str
    namespace: str
    file: StackFile
    before: Mapping[str, Any]
    """The service's entry as it is configured now."""
    previous: PreviousRelease
    target: Release
    readiness: Readiness
    kind: Kind
    source: str
    warnings: tuple[str, ...]
    world: Adapters
    beside: Mapping[str, Mapping[str, Any] | None]
    """The entries of the other services as they serve, None for one of which nothing serves: what the engine is told
    in place of what is declared, so that nothing of theirs stands in the way."""
    revisions: tuple[str, ...]
    """Of the service, as far as they are known: its workloads are named after them."""

    @property
    def warm(self) -> bool:
        """Whether every replica of the target is ready now, so that only the traffic has to move."""
        return self.readiness.endpoints_ready >= self.target.workload.replicas

    @property
    def steps(self) -> str:
        """What the Rollout will do, in one line."""
        if not self.previous.moves_traffic:
            return "no rollout, it serves already"
        return describe(chosen(self.target), self.target.workload.replicas, self.kind)


@dataclass(frozen=True, slots=True)
class Stack:
    """One stack's configuration, and one service's entry in it."""

    name: str
    file: StackFile
    target: Target
    entry: Mapping[str, Any]
    others: Mapping[str, Mapping[str, Any]]
    """The entries of the other services."""

    @classmethod
    def read(cls, folder: Path, name: str, service: str) -> Stack:
        """Raises EngineError when file, target or entry is missing."""
        path = stack_file(folder, name)
        file = StackFile.read(path)
        config = config_of(path)
        services = services_of(config, path)
        if service not in services:
            known = ", ".join(sorted(services)) or "none"
            raise EngineError(f"{path.name} configures no service {service}; there are: {known}")
        others = {other: entry for other, entry in services.items() if other != service}
        return cls(name, file, target_of(config, path), services[service], others)


def plan(service: str, engine: Engine, history: Future[list[StackUpdate]], found: Stack, to: str | None) -> Plan:
    """The stack's `history` is awaited after the cluster was asked. Raises SlipwayError with one clear line when
    there is nowhere to go back to, or a rollout is in flight."""
    world = connect_world(service, found.target)
    head = head_of(world, service)
    _refuse_in_flight(service, head, world)
    past = history.result()
    updates = [update.of(service) for update in past]
    manifests = known_manifests(engine.project, paths_of(updates, found.entry), head)
    memory = memory_of(head) if head is not None else without_journal(engine, service, updates, manifests)
    previous = previous_release(service, memory, updates, found.entry, manifests, to)
    target = read_target(engine.project, previous)
    return Plan(
        service=service,
        stack=found.name,
        namespace=found.target.namespace,
        file=found.file,
        before=found.entry,
        previous=previous,
        target=target,
        readiness=world.workloads.readiness(Backend.of(target)),
        kind="rollback" if head is not None and head.has_completed(previous.release.revision) else "forward",
        source=memory.source,
        warnings=tuple(warnings_of(engine.project, previous)),
        world=world,
        beside=as_they_serve(engine.project, found, past),
        revisions=_revisions(head, memory.serving, previous.release.revision),
    )


def as_they_serve(project: Path, found: Stack, updates: Sequence[StackUpdate]) -> dict[str, Mapping[str, Any] | None]:
    """The entries of the other services as they serve; None also for one whose journal cannot be read."""

    def entry_of(service: str) -> Mapping[str, Any] | None:
        try:
            head = head_of(connect_world(service, found.target), service)
        except ClusterError:
            return None
        if head is None or head.serving is None:
            return None
        past = [update.of(service) for update in updates]
        manifests = known_manifests(project, paths_of(past, found.others[service]), head)
        return serving_entry(memory_of(head), past, found.others[service], manifests)

    with ThreadPoolExecutor(max_workers=8) as pool:
        return dict(zip(found.others, pool.map(entry_of, found.others), strict=True))


def _revisions(head: Head | None, *known: str | None) -> tuple[str, ...]:
    found = [one for one in known if one is not None]
    if head is not None:
        found += [one.revision for one in head.completed] + list(head.quarantined)
        found += [head.attempt.candidate.revision] if head.attempt is not None else []
    return tuple(dict.fromkeys(found))


def _refuse_in_flight(service: str, head: Head | None, world: Adapters) -> None:
    if head is None or head.attempt is None or not head.unfinished:
        return
    if watch_lease(world.lease).alive:
        candidate = head.attempt.candidate
        raise ReleaseRefused(
            f"{service}: a rollout to {candidate.label} is in flight; it began just now; run the command again"
        )


def read_target(project: Path, previous: PreviousRelease) -> Release:
    """The manifest that is gone back to. Raises ReleaseRefused when it cannot be read, or no longer says what
    was released."""
    path = str(previous.entry["manifest"])
    try:
        declared = read_manifest(project, path)
    except EvidenceError as error:
        raise ReleaseRefused(f"{path} cannot be read: {error.detail}; restore it from version control") from None
    if (revision := declared.revision) != previous.release.revision:
        raise ReleaseRefused(
            f"{path} was edited since it was released: it was revision {previous.release.revision}, now it is "
            f"{revision}; restore it from version control"
        )
    return declared.release


def warnings_of(project: Path, previous: PreviousRelease) -> Iterator[str]:
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
