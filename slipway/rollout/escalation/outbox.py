"""Where the entries of escalations lie: a protocol with compare-and-swap, in memory and in a folder. The one in the
cluster is slipway.rollout.platforms.kubernetes.outbox."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from slipway.release.errors import ClusterError, Conflict, JournalUnreadable
from slipway.release.escalation.outbox import Entry, parse

TRIES = 8
KEPT = 50
"""Ended entries of one outbox that stay; the oldest go first."""


@dataclass(frozen=True, slots=True)
class Held:
    """An entry as it was read, with its version."""

    entry: Entry
    version: str


class Outbox(Protocol):
    """All entries of one place. Raises ClusterError where it cannot be read or written."""

    def load(self, entry_id: str) -> Held | None:
        """One entry, None when there is none."""
        ...

    def save(self, entry: Entry, expect: str | None) -> str:
        """Compare-and-swap, durable when this returns the new version; `expect` is None for an entry that must not be
        there yet. Raises Conflict. A write whose answer was lost and that stands is a success."""
        ...

    def entries(self) -> list[Entry]:
        """All of them, the oldest first."""
        ...

    def delete(self, entry_id: str) -> None:
        """Remove one, if it is there."""
        ...


def add(outbox: Outbox, entry: Entry) -> None:
    """Write an entry before its first try. One with its id that is there already is the same escalation and stays."""
    with contextlib.suppress(Conflict):
        outbox.save(entry, None)


def change(outbox: Outbox, entry_id: str, make: Callable[[Entry], Entry]) -> Entry | None:
    """Write what `make` makes of the entry as it is now; it is asked again when another process wrote in between.
    None when there is no such entry."""
    for _ in range(TRIES):
        held = outbox.load(entry_id)
        if held is None:
            return None
        wanted = make(held.entry)
        if wanted == held.entry:
            return wanted
        try:
            outbox.save(wanted, held.version)
        except Conflict:
            continue
        return wanted
    raise Conflict(f"the escalation {entry_id} could not be written: others keep writing it")


def prune(outbox: Outbox) -> None:
    """Remove the oldest entries that were ended, beyond those that are kept."""
    ended = [entry for entry in outbox.entries() if entry.closed is not None]
    for entry in ended[: max(0, len(ended) - KEPT)]:
        outbox.delete(entry.id)


class FolderOutbox:
    """A file an entry. Writers take turns by an advisory lock, and a file is replaced as a whole after it is on the
    disk, so that a reader never sees a half one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self, entry_id: str) -> Held | None:
        """One entry, None when there is none."""
        try:
            data = self._path(entry_id).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._failed("read", error) from None
        return Held(self._parsed(entry_id, data), _version(data))

    def save(self, entry: Entry, expect: str | None) -> str:
        """Compare-and-swap. Raises Conflict."""
        data = json.dumps(entry.to_document(), indent=1).encode()
        path = self._path(entry.id)
        try:
            with self._locked():
                there = path.read_bytes() if path.exists() else None
                if (None if there is None else _version(there)) != expect:
                    raise Conflict(f"{path} is another one by now")
                _replace(path, data)
        except OSError as error:
            raise self._failed("written", error) from None
        return _version(data)

    def entries(self) -> list[Entry]:
        """All of them, the oldest first."""
        try:
            ids = [path.stem for path in self._folder.glob("*.json")]
        except OSError as error:
            raise self._failed("read", error) from None
        found = [held.entry for held in map(self.load, ids) if held is not None]
        return sorted(found, key=lambda entry: (entry.escalation.at, entry.id))

    def delete(self, entry_id: str) -> None:
        """Remove one, if it is there."""
        try:
            self._path(entry_id).unlink(missing_ok=True)
        except OSError as error:
            raise self._failed("written", error) from None

    def _path(self, entry_id: str) -> Path:
        return self._folder / f"{entry_id}.json"

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        self._folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(self._folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _parsed(self, entry_id: str, data: bytes) -> Entry:
        try:
            document = json.loads(data)
        except ValueError:
            document = None
        if not isinstance(document, dict):
            raise JournalUnreadable(f"{self._path(entry_id)} holds no JSON object: it was altered, or the disk is bad")
        return parse(document)

    def _failed(self, what: str, error: OSError) -> ClusterError:
        return ClusterError(f"the outbox in {self._folder} cannot be {what}: {error.strerror}")


class MemoryOutbox:
    """Entries in memory, for those who cannot reach another outbox, and for tests."""

    def __init__(self) -> None:
        self._held: dict[str, Held] = {}

    def load(self, entry_id: str) -> Held | None:
        """One entry, None when there is none."""
        return self._held.get(entry_id)

    def save(self, entry: Entry, expect: str | None) -> str:
        """Compare-and-swap. Raises Conflict."""
        there = self._held.get(entry.id)
        if (there.version if there is not None else None) != expect:
            raise Conflict(f"the escalation {entry.id} is another one by now")
        version = str(int(expect or 0) + 1)
        self._held[entry.id] = Held(entry, version)
        return version

    def entries(self) -> list[Entry]:
        """All of them, the oldest first."""
        return sorted((held.entry for held in self._held.values()), key=lambda entry: (entry.escalation.at, entry.id))

    def delete(self, entry_id: str) -> None:
        """Remove one, if it is there."""
        self._held.pop(entry_id, None)


def _version(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _replace(path: Path, data: bytes) -> None:
    part = path.with_suffix(".part")
    with part.open("wb") as handle:
        handle.write(data)
        handle.flush()
        os.fsync(handle.fileno())
    part.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
