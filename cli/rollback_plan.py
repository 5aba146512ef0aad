"""Where `slipway rollback` goes and what that takes: reads the stack's file and history, the manifests and the
cluster, and lets `release.history` decide. Writes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.changes import ROLLOUT
from cli.cluster import head_of, watched, world_of
from cli.engine import Engine
from cli.engine_records import StackUpdate, State
from cli.stack_file import NAMESPACE, StackFile, config_of, services_of, stack_file
from release.errors import EngineError, InputError, ReleaseRefused, SlipwayError
from release.history import Known, Memory, PastUpdate, PreviousRelease, memory_of_stack, previous_release
from release.manifest.load import load
from release.manifest.release import Release
from release.plan import Kind, describe
from release.revision import revision_of
from release.rollout_inputs import Backend
from release.strategy import chosen, resolve
from rollout.cluster.base import Readiness
from rollout.journal import Head
from rollout.outputs import recorded_serving
from rollout.world import World


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
    world: World

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
    namespace: str
    entry: Mapping[str, Any]

    @classmethod
    def read(cls, folder: Path, name: str, service: str) -> Stack:
        """Raises EngineError when file, namespace or entry is missing."""
        path = stack_file(folder, name)
        file = StackFile.read(path)
        config = config_of(path)
        services = services_of(config, path)
        if service not in services:
            known = ", ".join(sorted(services)) or "none"
            raise EngineError(f"{path.name} configures no service {service}; there are: {known}")
        namespace = config.get(NAMESPACE)
        if not isinstance(namespace, str):
            raise EngineError(f"{path.name} has no {NAMESPACE}")
        return cls(name, file, namespace, services[service])


def plan(service: str, engine: Engine, history: Future[list[StackUpdate]], found: Stack, to: str | None) -> Plan:
    """The stack's `history` is awaited after the cluster was asked. Raises SlipwayError with one clear line when
    there is nowhere to go back to, or a rollout is in flight."""
    world = world_of(service, found.namespace)
    head = head_of(world, service)
    _refuse_in_flight(service, head, world)
    updates = [update.of(service) for update in history.result()]
    manifests = known_manifests(engine.project, paths_of(updates, found.entry), head)
    memory = memory_of(head) if head is not None else _without_journal(engine, service, updates, manifests)
    previous = previous_release(service, memory, updates, found.entry, manifests, to)
    target = read_target(engine.project, previous)
    return Plan(
        service=service,
        stack=found.name,
        namespace=found.namespace,
        file=found.file,
        before=found.entry,
        previous=previous,
        target=target,
        readiness=world.workloads.readiness(Backend.of(target)),
        kind="return" if head is not None and head.has_completed(previous.release.revision) else "forward",
        source=memory.source,
        warnings=tuple(warnings_of(engine.project, previous)),
        world=world,
    )


def _refuse_in_flight(service: str, head: Head | None, world: World) -> None:
    if head is None or head.attempt is None or not head.unfinished:
        return
    if watched(world.lease).alive:
        candidate = head.attempt.candidate
        raise ReleaseRefused(
            f"{service}: a rollout to {candidate.version} ({candidate.revision}) is in flight; "
            f"`slipway abort {service} --wait` puts its traffic back first"
        )


# -- what is remembered ------------------------------------------------------------------------------------------


def memory_of(head: Head) -> Memory:
    """The cluster's journal in the words of the decision."""
    commits = [one.revision for one in head.commits] or [one.revision for one in head.completed]
    return Memory(
        serving=head.serving.backend.revision if head.serving is not None else None,
        completed=[Known(one.revision, one.version, one.image, one.manifest) for one in head.completed],
        commits=commits,
        quarantined={revision: entry.reason for revision, entry in head.quarantined.items()},
    )


def _without_journal(
    engine: Engine, service: str, updates: Sequence[PastUpdate], manifests: Mapping[str, Known]
) -> Memory:
    return memory_of_stack(serving_in(engine.state(), service), updates, manifests)


def serving_in(state: State, service: str) -> str | None:
    """The revision that the outputs of the service's Rollout name."""
    for one in state.resources:
        if one.type == ROLLOUT and one.outputs.get("service") == service:
            serving = recorded_serving(one.outputs)
            return serving.backend.revision if serving is not None else None
    return None


def paths_of(updates: Iterable[PastUpdate], declared: Mapping[str, Any]) -> Iterator[str]:
    """Every manifest that is named anywhere, once, what is declared first."""
    entries = [declared, *(update.entry for update in updates if update.entry is not None)]
    named = [entry.get(role) for entry in entries for role in ("manifest", "standby")]
    yield from dict.fromkeys(path for path in named if isinstance(path, str))


def known_manifests(project: Path, paths: Iterable[str], head: Head | None) -> dict[str, Known]:
    """What the files hold now. Of those that completed the journal says it already, except what is declared (the
    first), which the program will read; files that cannot be read are left out."""
    journaled = {one.manifest for one in head.completed} if head is not None else set()
    found: dict[str, Known] = {}
    for number, path in enumerate(paths):
        if number > 0 and path in journaled:
            continue
        try:
            release = read_manifest(project, path)
        except InputError:
            continue
        found[path] = Known(revision_of(release), release.version, release.artifact.image, path)
    return found


def read_manifest(project: Path, path: str) -> Release:
    """A manifest of the project, its strategy resolved. Raises InputError."""
    return resolve(load(project / path, subject=path))


def read_target(project: Path, previous: PreviousRelease) -> Release:
    """The manifest that is gone back to. Raises ReleaseRefused when it no longer says what was released."""
    path = str(previous.entry["manifest"])
    release = read_manifest(project, path)
    if (revision := revision_of(release)) != previous.release.revision:
        raise ReleaseRefused(
            f"{path} was edited since it was released: it was revision {previous.release.revision}, now it is "
            f"{revision}; restore it from version control"
        )
    return release


def warnings_of(project: Path, previous: PreviousRelease) -> Iterator[str]:
    """What the release that is left says about undoing it. Shown, never a reason to refuse."""
    if previous.leaves is None or not previous.moves_traffic:
        return
    try:
        left = read_manifest(project, previous.leaves.manifest)
    except SlipwayError:
        return
    yield from (f"rollback constraint of {left.version}: {text}" for text in left.rollback.constraints)
    for migration in left.migrations:
        if migration.phase == "contract" or migration.down is None:
            action = migration.compensation or "no compensating action is named"
            yield f"migration {migration.id} of {left.version} stays applied ({migration.phase}): {action}"
