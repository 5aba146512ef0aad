"""The release records that a command is about, and where they lie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from slipway.cli.target import only_stack, targets_configured
from slipway.release.errors import ReleaseRefused
from slipway.release.flags.journal import Head
from slipway.release.project_files import (
    FLAGS,
    SERVICES,
    acknowledged_of,
    place_of_service,
    project_file,
    records_of,
    services_of,
)
from slipway.release.records.anchoring import Acknowledged, of_chain
from slipway.release.records.chain import Anchor, Line, lines_of
from slipway.release.records.find import find_record
from slipway.release.records.kinds import read_any
from slipway.release.records.release_record import RecordBase, Recorded, read_records
from slipway.release.records.store import RecordsSetting, RecordStore
from slipway.release.target import KubernetesTarget, Target
from slipway.rollout.assemble import connect_flags, flag_sets_in, open_records, services_recorded


@dataclass(frozen=True, slots=True)
class Chain:
    """The records of one service, as they are stored and as they are understood, the oldest first."""

    service: str
    texts: Sequence[str]
    records: Sequence[Recorded]

    @property
    def lines(self) -> list[Line]:
        """All of them, whatever kind of record they are."""
        return lines_of(self.texts)


@dataclass(frozen=True, slots=True)
class FlagSet:
    """One set of flags: its journal, and the lines of its chain."""

    name: str
    head: Head
    texts: Sequence[str]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a command looks: `stack` and `project` are None with a namespace alone."""

    target: Target
    """Of the stack's own place, where its flags are."""
    setting: RecordsSetting
    project: Path | None
    stack: str | None
    declared: Mapping[str, Target]
    """The services of the stack's file, with the targets of their places."""
    has_flags: bool = True
    """Whether the stack's file declares flags; with a namespace alone there may be some."""
    acknowledged: tuple[Acknowledged, ...] = ()
    """What the stack's file says that people know to be missing of the records."""
    others: Mapping[str, Target] = field(default_factory=dict)
    """The targets of the stack's other places, by their names."""

    @property
    def targets(self) -> tuple[Target, ...]:
        """Those of all places."""
        return (self.target, *self.others.values())

    def target_of(self, service: str) -> Target:
        """Where a service runs: in its place, or where its records are. Raises ClusterError."""
        if service in self.declared or not self.others:
            return self.declared.get(service, self.target)
        return self._recorded().get(service, self.target)

    def open(self, service: str, setting: RecordsSetting | None = None) -> RecordStore:
        """The records of a service, those beside its journal or elsewhere; as the stack says where `setting` is left
        out. Raises ClusterError."""
        return open_records(service, self.target_of(service), setting or self.setting, self.project or Path())

    def _recorded(self) -> dict[str, Target]:
        """The services that have records, with the first place that has some of them."""
        project, found = self.project or Path(), dict[str, Target]()
        for target in self.targets:
            for service in services_recorded(target, self.setting, project):
                found.setdefault(service, target)
        return found

    def known(self, chain: str) -> tuple[Acknowledged, ...]:
        """What of this chain is acknowledged."""
        return of_chain(self.acknowledged, chain)

    def chain(self, service: str) -> Chain:
        """Read. Raises ClusterError."""
        texts = self.open(service).read()
        return Chain(service, texts, read_records(lines_of(texts)))

    def services(self) -> list[str]:
        """Declared in the stack's file or released here. Raises ClusterError."""
        return sorted({*self.declared, *self._recorded()})

    def chains(self, service: str | None = None) -> list[Chain]:
        """Of one service, or of all."""
        names = [service] if service is not None else self.services()
        with ThreadPoolExecutor(max_workers=8) as pool:
            return list(pool.map(self.chain, names))

    def flag_sets(self) -> list[FlagSet]:
        """The sets of flags of this place with their journals and records, which lie in the cluster. Raises
        ClusterError."""
        found = []
        for name in flag_sets_in(self.target) if self.has_flags else ():
            writer = connect_flags(self.target, name)
            store = writer.records
            found.append(FlagSet(name, writer.load(), store.read() if store is not None else []))
        return found


def find_place(folder: Path, stack: str | None, namespace: str | None) -> Place:
    """The namespace that was named and the cluster's records, else what the stack's file says. Raises EngineError."""
    if namespace is not None:
        return Place(KubernetesTarget(namespace=namespace), RecordsSetting(), None, None, {})
    name = stack or only_stack(folder)
    targets, config, path = targets_configured(folder, name)
    # A stack without services has records of what it released before.
    names = services_of(config, path) if isinstance(config.get(SERVICES), dict) else {}
    declared = {service: targets[place_of_service(config, path, service)] for service in names}
    return Place(
        target=targets.pop(None),
        setting=records_of(config, path),
        project=project_file(folder).parent,
        stack=name,
        declared=declared,
        has_flags=FLAGS in config,
        acknowledged=acknowledged_of(config, path),
        others={str(name): one for name, one in targets.items()},
    )


def find_numbered(place: Place, service: str | None, flags: str | None, number: int) -> tuple[Anchor, RecordBase]:
    """The record with this number, of whatever kind, in one service or in all, or in a set of flags. Raises
    ReleaseRefused."""
    if flags is not None:
        named = {found.name: lines_of(found.texts) for found in place.flag_sets()}
        chains = {flags: named[flags]} if flags in named else {}
    else:
        chains = {chain.service: chain.lines for chain in place.chains(service)}
    found = {name: lines[number] for name, lines in chains.items() if number < len(lines)}
    if not found:
        longest = ", ".join(f"{name} has {len(lines)}" for name, lines in chains.items()) or "nothing is recorded"
        raise ReleaseRefused(f"no record #{number}: {longest}; `slipway history` lists them")
    if len(found) > 1:
        raise ReleaseRefused(f"several services have a record #{number}, name one with --service: {', '.join(found)}")
    (line,) = found.values()
    record = read_any(line.content)
    if record is None:
        raise ReleaseRefused(f"record #{number} is of a kind that this version does not know")
    return line.anchor, record


def find_release(place: Place, service: str | None, name: str | None) -> tuple[Chain, Recorded]:
    """The record that `name` means, in one service or in all; without a name the newest. Raises ReleaseRefused."""
    chains = [chain for chain in place.chains(service) if chain.records]
    found: list[tuple[Chain, Recorded]] = []
    refused = ReleaseRefused(f"no release is recorded in {', '.join(map(str, place.targets))}")
    for chain in chains:
        try:
            one = chain.records[-1] if name is None else find_record(chain.records, name)
        except ReleaseRefused as error:
            refused = error
            continue
        found.append((chain, one))
    if not found:
        raise refused
    if name is not None and len(found) > 1:
        names = ", ".join(chain.service for chain, _ in found)
        raise ReleaseRefused(f"{name} is a release of several services, name one with --service: {names}")
    return max(found, key=lambda pair: pair[1].record.event.ended)
