"""The release records that a command is about, and where they lie."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from slipway.cli.target import find_target, only_stack
from slipway.release.errors import EngineError, ReleaseRefused
from slipway.release.flags.journal import Head
from slipway.release.project_files import (
    FLAGS,
    acknowledged_of,
    config_of,
    project_file,
    records_of,
    services_of,
    stack_file,
)
from slipway.release.records.anchoring import Acknowledged, of_chain
from slipway.release.records.chain import Anchor, Line, lines_of
from slipway.release.records.find import find_record
from slipway.release.records.kinds import read_any
from slipway.release.records.release_record import RecordBase, Recorded, read_records
from slipway.release.records.store import RecordsSetting
from slipway.release.target import Target
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
    setting: RecordsSetting
    project: Path | None
    stack: str | None
    declared: tuple[str, ...]
    """The services of the stack's file."""
    has_flags: bool = True
    """Whether the stack's file declares flags; with a namespace alone there may be some."""
    acknowledged: tuple[Acknowledged, ...] = ()
    """What the stack's file says that people know to be missing of the records."""

    def known(self, chain: str) -> tuple[Acknowledged, ...]:
        """What of this chain is acknowledged."""
        return of_chain(self.acknowledged, chain)

    def chain(self, service: str) -> Chain:
        """Read. Raises ClusterError."""
        texts = open_records(service, self.target, self.setting, self.project or Path()).read()
        return Chain(service, texts, read_records(lines_of(texts)))

    def services(self) -> list[str]:
        """Declared in the stack's file or released here. Raises ClusterError."""
        return sorted({*self.declared, *services_recorded(self.target, self.setting, self.project or Path())})

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
    target = find_target(folder, stack, namespace)
    if namespace is not None:
        return Place(target, RecordsSetting(), None, None, ())
    name = stack or only_stack(folder)
    path = stack_file(folder, name)
    config = config_of(path)
    try:
        declared = tuple(services_of(config, path))
    except EngineError:  # a stack without services has records of what it released before
        declared = ()
    return Place(
        target=target,
        setting=records_of(config, path),
        project=project_file(folder).parent,
        stack=name,
        declared=declared,
        has_flags=FLAGS in config,
        acknowledged=acknowledged_of(config, path),
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
    refused = ReleaseRefused(f"no release is recorded in {place.target}")
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
