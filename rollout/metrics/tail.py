"""A growing file read piece by piece: from its end on, through truncation and rotation, in bounded steps."""

from __future__ import annotations

import os
from collections.abc import Iterator
from glob import glob, has_magic
from pathlib import Path
from typing import BinaryIO

from release.errors import ClusterError

LOOK_BYTES = 4 * 1024 * 1024
"""Read at most so much in one look, of all files together: about 25,000 records."""
LINE_BYTES = 64 * 1024
"""A line that is longer is given up."""
FILES_MOST = 64
BEHIND_BYTES = 64 * 1024 * 1024
"""Further behind than this the reader is too slow for the file, and says so."""


class Tail:
    """One file. A writer that empties it and goes on at the front is noticed by the file being shorter than what
    was read already; one that puts another file in its place, by the inode. What stood behind the last look in a file
    that was emptied is lost, on both sides alike."""

    def __init__(self, path: str, *, from_end: bool) -> None:
        self._path = path
        self._file: BinaryIO = Path(path).open("rb")  # noqa: SIM115 - held open, so that a renamed file is read to its end
        self._offset = os.fstat(self._file.fileno()).st_size if from_end else 0
        self._rest = b""
        self._skipping = from_end and self._offset > 0 and not self._ends_with_newline()
        self.overlong = 0
        """Lines that were given up."""

    @property
    def identity(self) -> tuple[int, int]:
        """Which file is being read, whatever its name is now."""
        mine = os.fstat(self._file.fileno())
        return mine.st_dev, mine.st_ino

    @property
    def behind(self) -> int:
        """Bytes that were written and not read yet."""
        return max(0, os.fstat(self._file.fileno()).st_size - self._offset)

    def lines(self, limit: int) -> Iterator[bytes]:
        """The whole lines among the next `limit` bytes; an unfinished last one waits for its end."""
        yield from self._piece(limit)
        if self.behind == 0 and self._replaced():
            self._file.close()
            self._file, self._offset, self._rest = Path(self._path).open("rb"), 0, b""  # noqa: SIM115
            self._skipping = False
            yield from self._piece(limit)

    def close(self) -> None:
        """Give the file back."""
        self._file.close()

    def _piece(self, limit: int) -> Iterator[bytes]:
        if os.fstat(self._file.fileno()).st_size < self._offset:
            self._offset, self._rest, self._skipping = 0, b"", False
        self._file.seek(self._offset)
        piece = self._file.read(limit)
        self._offset += len(piece)
        *whole, self._rest = (self._rest + piece).split(b"\n")
        for line in whole:
            if self._skipping:
                self._skipping = False  # The rest of a line whose beginning is gone.
            elif line:
                yield line
        if len(self._rest) > LINE_BYTES:
            self._rest, self._skipping = b"", True
            self.overlong += 1

    def _ends_with_newline(self) -> bool:
        self._file.seek(self._offset - 1)
        return self._file.read(1) == b"\n"

    def _replaced(self) -> bool:
        try:
            there = Path(self._path).stat()
        except FileNotFoundError:
            return False  # Renamed, and the new one is not there yet.
        return (there.st_dev, there.st_ino) != self.identity


class Tails:
    """All files of one pattern: those of the beginning from their ends on, later ones whole."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._tails: dict[str, Tail] | None = None

    def lines(self) -> list[bytes]:
        """What was written since the last look; nothing on the first. Raises ClusterError when no file can be read,
        or when reading does not keep up with writing."""
        first = self._tails is None
        tails = self._open(first)
        found: list[bytes] = []
        left = LOOK_BYTES
        for tail in tails.values():
            before = tail.behind
            found += tail.lines(left)
            left = max(LINE_BYTES, left - before)
        behind = sum(tail.behind for tail in tails.values())
        if behind > BEHIND_BYTES:
            raise ClusterError(
                f"the access log {self._pattern} grows faster than it can be read ({behind >> 20} MiB behind); "
                "log fewer fields, or use source: bitmap"
            )
        return found

    @property
    def overlong(self) -> int:
        """Lines that were too long to be read."""
        return sum(tail.overlong for tail in (self._tails or {}).values())

    def _open(self, first: bool) -> dict[str, Tail]:
        paths = sorted(glob(self._pattern)) if has_magic(self._pattern) else [self._pattern]  # noqa: PTH207
        if len(paths) > FILES_MOST:
            raise ClusterError(f"the access log {self._pattern} stands for {len(paths)} files, more than {FILES_MOST}")
        tails = self._tails or {}
        for path in paths:
            if path in tails:
                continue
            try:
                there = Path(path).stat()
                # One that was renamed within the pattern is read already.
                if (there.st_dev, there.st_ino) not in {tail.identity for tail in tails.values()}:
                    tails[path] = Tail(path, from_end=first)
            except OSError as error:
                raise ClusterError(
                    f"the access log {path} cannot be read ({error.strerror}); check releases:metrics accessLog.path"
                ) from error
        if not tails:
            raise ClusterError(f"there is no access log {self._pattern}; check releases:metrics accessLog.path")
        self._tails = tails
        return tails
