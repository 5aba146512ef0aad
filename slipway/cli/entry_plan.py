"""What a change of one service's entry in the stack's file takes, forward or back: the file, the cluster, the other
services as they serve. Reads only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from slipway.cli.engine_records import StackUpdate
from slipway.cli.rollback_memory import known_manifests, memory_of, paths_of
from slipway.cli.rollback_schema import NOTHING_TO_UNDO, SchemaPlan
from slipway.cli.stack_file import StackFile
from slipway.release.errors import ClusterError, EngineError, ReleaseRefused
from slipway.release.manifest.plan import Kind, describe
from slipway.release.manifest.release import Release
from slipway.release.migrations.databases import Database, database_of
from slipway.release.project_files import SERVICES, config_of, services_of, stack_file, target_of
from slipway.release.records.journal import Head
from slipway.release.records.rollback import Destination, serving_entry
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
        return cls(name, file, target_of(config, path), services.get(service, {}), others, database)


def as_they_serve(project: Path, found: Stack, updates: Sequence[StackUpdate]) -> dict[str, Mapping[str, Any] | None]:
    """The entries of the other services as they serve; None also for one whose journal cannot be read."""

    def entry_of(service: str) -> Mapping[str, Any] | None:
        try:
            head = head_of(connect_adapters(service, found.target), service)
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
