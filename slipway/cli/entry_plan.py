"""What a change of one service's entry in the stack's file takes, forward or back: the file, the cluster, the other
services as they serve. Reads only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from slipway.cli.engine import Engine
from slipway.cli.engine_records import StackUpdate
from slipway.cli.rollback_memory import known_manifests, memory_of, paths_of, without_journal
from slipway.cli.rollback_schema import NOTHING_TO_UNDO, SchemaPlan
from slipway.cli.stack_file import StackFile
from slipway.release.errors import ClusterError, EngineError, ReleaseRefused
from slipway.release.manifest.plan import Kind, describe
from slipway.release.manifest.release import Release
from slipway.release.migrations.databases import Database, database_of
from slipway.release.project_files import SERVICES, config_of, place_of_service, services_of, stack_file, targets_of
from slipway.release.records.journal import Head
from slipway.release.records.released import ReleasedVersion
from slipway.release.records.rollback import Destination, Memory, PastUpdate, serving_entry
from slipway.release.strategy import chosen
from slipway.release.target import Target
from slipway.rollout.adapters import Adapters
from slipway.rollout.assemble import connect_adapters
from slipway.rollout.inspection import head_of
from slipway.rollout.platforms.base import Readiness
from slipway.rollout.safety.holder import watch_lease


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that is known before anything is written. `command` is the one that planned it."""

    command: Literal["release", "rollback"]
    service: str
    stack: str
    where: Target
    file: StackFile
    before: Mapping[str, Any]
    """The service's entry as it is configured now."""
    destination: Destination
    target: Release
    readiness: Readiness
    kind: Kind
    source: str
    warnings: tuple[str, ...]
    adapters: Adapters
    beside: Mapping[str, Mapping[str, Any] | None]
    """The entries of the other services as they serve, None for one of which nothing serves: what the engine is told
    in place of what is declared, so that nothing of theirs stands in the way."""
    revisions: tuple[str, ...]
    """Of the service, as far as they are known: its workloads are named after them."""
    schema: SchemaPlan = NOTHING_TO_UNDO

    @property
    def namespace(self) -> str:
        """What answers and messages call the place."""
        return self.where.scope

    @property
    def warm(self) -> bool:
        """Whether every replica of the target is ready now, so that only the traffic has to move."""
        return self.readiness.endpoints_ready >= self.target.workload.least_replicas

    @property
    def steps(self) -> str:
        """What the Rollout will do, in one line."""
        if not self.destination.moves_traffic:
            return "no rollout, it serves already"
        return describe(chosen(self.target), self.target.workload.least_replicas, self.kind)


@dataclass(frozen=True, slots=True)
class Stack:
    """One stack's configuration, and one service's entry in it."""

    name: str
    file: StackFile
    target: Target
    entry: Mapping[str, Any]
    """Empty for a service that the file does not name yet."""
    others: Mapping[str, Mapping[str, Any]]
    """The entries of the other services."""
    targets: Mapping[str, Target]
    """Those of the other services."""
    database: Database | None = None

    @classmethod
    def read(cls, folder: Path, name: str, service: str, *, new: bool = False) -> Stack:
        """Raises EngineError when file or target is missing, or the entry of a service that may not be `new`."""
        path = stack_file(folder, name)
        file = StackFile.read(path)
        config = config_of(path)
        services = {} if new and SERVICES not in config else services_of(config, path)
        if service not in services and not new:
            known = ", ".join(sorted(services)) or "none"
            raise EngineError(f"{path.name} configures no service {service}; there are: {known}")
        others = {other: entry for other, entry in services.items() if other != service}
        database = database_of(config, service, path)
        places = targets_of(config, path)
        found = {one: places[place_of_service(config, path, one)] for one in (*others, service)}
        return cls(name, file, found.pop(service), services.get(service, {}), others, found, database)


@dataclass(frozen=True, slots=True)
class Recalled:
    """What the cluster, the stack's history and the project's files remember of one service. `manifests` by path."""

    adapters: Adapters
    head: Head | None
    past: Sequence[StackUpdate]
    updates: Sequence[PastUpdate]
    """The same updates, as far as they concern the service."""
    manifests: Mapping[str, ReleasedVersion]
    memory: Memory


def recall(engine: Engine, service: str, found: Stack, history: Future[list[StackUpdate]], remedy: str) -> Recalled:
    """The stack's `history` is awaited after the cluster was asked. Raises ReleaseRefused, with the `remedy`, while a
    rollout of the service is in flight, and ClusterError."""
    adapters = connect_adapters(service, found.target)
    head = head_of(adapters, service)
    refuse_in_flight(service, head, adapters, remedy)
    past = history.result()
    updates = [update.of(service) for update in past]
    manifests = known_manifests(engine.project, paths_of(updates, found.entry), head)
    memory = memory_of(head) if head is not None else without_journal(engine, service, updates, manifests)
    return Recalled(adapters, head, past, updates, manifests, memory)


def as_they_serve(project: Path, found: Stack, updates: Sequence[StackUpdate]) -> dict[str, Mapping[str, Any] | None]:
    """The entries of the other services as they serve; None also for one whose journal cannot be read."""

    def entry_of(service: str) -> Mapping[str, Any] | None:
        try:
            head = head_of(connect_adapters(service, found.targets[service]), service)
        except ClusterError:
            return None
        if head is None or head.serving is None:
            return None
        past = [update.of(service) for update in updates]
        manifests = known_manifests(project, paths_of(past, found.others[service]), head)
        return serving_entry(memory_of(head), past, found.others[service], manifests)

    with ThreadPoolExecutor(max_workers=8) as pool:
        return dict(zip(found.others, pool.map(entry_of, found.others), strict=True))


def known_revisions(head: Head | None, *known: str | None) -> tuple[str, ...]:
    """Every revision of a service that the journal names, and these, each once."""
    found = [one for one in known if one is not None]
    if head is not None:
        found += [one.revision for one in head.completed] + list(head.quarantined)
        found += [head.attempt.candidate.revision] if head.attempt is not None else []
    return tuple(dict.fromkeys(found))


def refuse_in_flight(service: str, head: Head | None, adapters: Adapters, remedy: str) -> None:
    """Raises ReleaseRefused while a process that lives carries a rollout of the service out."""
    if head is None or head.attempt is None or not head.unfinished:
        return
    if watch_lease(adapters.lease).alive:
        candidate = head.attempt.candidate
        raise ReleaseRefused(f"{service}: a rollout to {candidate.label} is in flight; {remedy}")
