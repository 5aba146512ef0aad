"""Where release records lie: a protocol, and the append that every writer uses.

A store keeps the lines of each service apart, adds lines and never changes one. The folder is the implementation
without a cluster: a file a service, one line a record.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Protocol

from pydantic import Field, model_validator

from slipway.release.errors import ClusterError, Conflict
from slipway.release.manifest.base import FrozenModel
from slipway.release.records.chain import Line, line_of, lines_of, sealed

TRIES = 5


class RecordsSetting(FrozenModel):
    """The stack setting `records`: where the release records of its services lie."""

    kind: Annotated[
        Literal["cluster", "folder", "s3"],
        Field(
            description="ConfigMaps beside the journal, which outlive a CI runner, files in a folder, or objects in a "
            "bucket of Amazon S3 whose object lock keeps them from any change."
        ),
    ] = "cluster"
    path: Annotated[
        str | None, Field(min_length=1, description="The folder, absolute or below the project's; for `folder` only.")
    ] = None
    bucket: Annotated[
        str | None,
        Field(
            pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$",
            description="The bucket, with versions and a default retention of its object lock; for `s3` only.",
        ),
    ] = None
    region: Annotated[
        str | None, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$", description="Of the bucket; for `s3` only.")
    ] = None
    prefix: Annotated[
        str | None,
        Field(
            pattern=r"^[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*$",
            description="What the keys in the bucket begin with; another for each stack, as services are kept by their "
            "names.",
        ),
    ] = None

    @model_validator(mode="after")
    def _a_place_is_whole(self) -> RecordsSetting:
        given = {name for name in ("path", "bucket", "region", "prefix") if getattr(self, name) is not None}
        needed = _NEEDED[self.kind]
        if missing := [name for name in needed if name not in given]:
            raise ValueError(f"records of kind {self.kind} need {' and '.join(missing)}")
        if other := sorted(given - set(needed)):
            raise ValueError(f"{' and '.join(other)} cannot be said of records of kind {self.kind}")
        return self


_NEEDED: Final[Mapping[str, tuple[str, ...]]] = {
    "cluster": (),
    "folder": ("path",),
    "s3": ("bucket", "region", "prefix"),
}


class RecordStore(Protocol):
    """The records of one service. Raises ClusterError where it cannot be read or written."""

    def read(self) -> list[str]:
        """All lines that were appended as a whole, the oldest first."""
        ...

    def last(self) -> Line | None:
        """The last line, without reading the whole chain where the store can do without; None while there is none."""
        ...

    def append(self, line: str, count: int) -> None:
        """Add a line, durable when this returns. `count` is how many lines were read; raises Conflict when there are
        others by now. A write whose answer was lost and that stands is a success."""
        ...


Content = Mapping[str, Any]
Make = Callable[[list[Line]], Content | None]
"""The content of the next record by the lines that are there; None when nothing is to be added."""
MakeNext = Callable[[Line | None], Content | None]
"""The same by the last line alone."""


def append(store: RecordStore, make: Make) -> Line | None:
    """Add what `make` wants to add, and return the last line of the chain then; None while there is none. It is asked
    again when another process wrote in between. Raises ClusterError."""

    def look() -> tuple[Line | None, Content | None]:
        lines = lines_of(store.read())
        return (lines[-1] if lines else None), make(lines)

    return _append(store, look)


def append_next(store: RecordStore, make: MakeNext) -> Line | None:
    """The same where the last line says what the next one is: the chain is not read."""

    def look() -> tuple[Line | None, Content | None]:
        last = store.last()
        return last, make(last)

    return _append(store, look)


def _append(store: RecordStore, look: Callable[[], tuple[Line | None, Content | None]]) -> Line | None:
    for _ in range(TRIES):
        last, content = look()
        if content is None:
            return last
        text, count = sealed(content, last), 0 if last is None else last.seq + 1
        try:
            store.append(text, count)
        except Conflict:
            continue
        return line_of(count, text)
    raise Conflict("the release records could not be written: others keep writing them")


class FolderRecords:
    """Lines in `<folder>/<service>.jsonl`. One process writes at a time (an advisory lock), and a line counts once its
    line feed is on the disk: what a crash left behind it is cut off by the next writer."""

    def __init__(self, folder: Path, service: str) -> None:
        self._path = folder / f"{service}.jsonl"

    def read(self) -> list[str]:
        """The whole lines; a last one without a line feed was never finished."""
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise self._failed("read", error) from None
        return _whole(data)

    def last(self) -> Line | None:
        """The last of them."""
        return _last(self.read())

    def append(self, line: str, count: int) -> None:
        """Write and sync. Raises Conflict when the file has not `count` lines."""
        try:
            with self._open() as handle:
                data = _bytes_of(handle)
                lines = _whole(data)
                if len(lines) == count + 1 and lines[-1] == line:
                    return
                if len(lines) != count:
                    raise Conflict(f"{self._path} has {len(lines)} records, not {count}")
                os.ftruncate(handle, data.rfind(b"\n") + 1)
                _write(handle, f"{line}\n".encode())
        except OSError as error:
            raise self._failed("written", error) from None

    @contextmanager
    def _open(self) -> Iterator[int]:
        new = not self._path.exists()
        self._path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            if new:
                _sync_folder(self._path.parent)
            yield handle
        finally:
            os.close(handle)

    def _failed(self, what: str, error: OSError) -> ClusterError:
        return ClusterError(f"the release records in {self._path} cannot be {what}: {error.strerror}")


class MemoryRecords:
    """Lines in memory, for tests and for plans."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def read(self) -> list[str]:
        """All of them."""
        return list(self.lines)

    def last(self) -> Line | None:
        """The last of them."""
        return _last(self.lines)

    def append(self, line: str, count: int) -> None:
        """Raises Conflict when there are not `count` lines."""
        if len(self.lines) != count:
            raise Conflict(f"there are {len(self.lines)} records, not {count}")
        self.lines.append(line)


def _last(texts: Sequence[str]) -> Line | None:
    return line_of(len(texts) - 1, texts[-1]) if texts else None


def _whole(data: bytes) -> list[str]:
    return data[: data.rfind(b"\n") + 1].decode("utf-8", "replace").split("\n")[:-1]


def _bytes_of(handle: int) -> bytes:
    size = os.fstat(handle).st_size
    return os.pread(handle, size, 0) if size else b""


def _write(handle: int, data: bytes) -> None:
    while data:
        data = data[os.write(handle, data) :]
    os.fsync(handle)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
