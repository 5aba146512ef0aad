"""A growing file read piece by piece: from its end on, through truncation and rotation, in bounded steps."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from glob import glob, has_magic
from pathlib import Path
from typing import Any, BinaryIO

from slipway.release.errors import ClusterError

LOOK_BYTES = 4 * 1024 * 1024
"""Read at most so much in one look, of all files together: about 25,000 records."""
LINE_BYTES = 64 * 1024
"""A line that is longer is given up."""
FILES_MOST = 64
BEHIND_BYTES = 64 * 1024 * 1024
"""Further behind than this the reader is too slow for the file, and says so."""

Identity = tuple[int, int]
"""Which file it is, whatever its name is now: device and inode."""


class Tail:
    """One file. A writer that empties it and goes on at the front is noticed by the file being shorter than what
    was read already. What stood behind the last look in a file that was emptied is lost, on both sides alike."""

    def __init__(self, path: str, *, from_end: bool) -> None:
        if not stat.S_ISREG(Path(path).stat().st_mode):
            raise OSError(errno.EINVAL, "it is no regular file")  # To open a pipe would wait for its writer.
        self._file: BinaryIO = Path(path).open("rb")  # noqa: SIM115 - held open, so that a renamed file is read to its end
        self._offset = os.fstat(self._file.fileno()).st_size if from_end else 0
        self._rest = b""
        self._skipping = from_end and self._offset > 0 and not self._ends_with_newline()
        self.overlong = 0
        """Lines that were given up."""

    @property
    def identity(self) -> Identity:
        """Of the file that is being read."""
        return _identity(os.fstat(self._file.fileno()))

    @property
    def behind(self) -> int:
        """Bytes that were written and not read yet."""
        return max(0, os.fstat(self._file.fileno()).st_size - self._offset)

    def lines(self, limit: int) -> Iterator[bytes]:
        """The whole lines among the next `limit` bytes; an unfinished last one waits for its end."""
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

    @property
    def reached(self) -> tuple[int, bool]:
        """Where the first line begins that was not handed on, and whether it is the rest of one that is given up."""
        return self._offset - len(self._rest), self._skipping

    def go_on(self, offset: int, skipping: bool) -> None:
        """From where another process was in this file."""
        self._offset, self._rest, self._skipping = offset, b"", skipping

    def close(self) -> None:
        """Give the file back."""
        self._file.close()

    def _ends_with_newline(self) -> bool:
        self._file.seek(self._offset - 1)
        return self._file.read(1) == b"\n"


class Tails:
    """All files that ever had a name of the pattern, each read once whatever it is called later: those of the
    beginning from their ends on, later ones whole. One that was renamed or deleted is held and read on, since its
    writer may not know it yet."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._tails: dict[Identity, Tail] | None = None
        self._given_up = 0
        self._left: dict[Identity, tuple[int, bool]] | None = None
        """Where another process was, when this one goes on."""

    def reached(self) -> list[list[Any]] | None:
        """Device, inode, offset of each file, and whether a line is skipped; None before the first look."""
        if self._tails is None:
            return None
        return [[*identity, *tail.reached] for identity, tail in self._tails.items()]

    def go_on(self, reached: Sequence[Sequence[Any]] | None) -> None:
        """From where another process was: a file that it did not know beside one that it did is read whole, one that
        has lost its name is not read any more. Raises ValueError or TypeError."""
        if reached is not None:
            self._left = {(int(dev), int(ino)): (int(offset), bool(skips)) for dev, ino, offset, skips in reached}

    def lines(self) -> list[bytes]:
        """What was written since the last look; nothing on the first. Raises ClusterError when no file can be read,
        or when reading does not keep up with writing."""
        tails = self._open()
        found: list[bytes] = []
        left = LOOK_BYTES
        for tail in tails.values():
            before = tail.behind
            try:
                found += tail.lines(left)
            except OSError as error:
                raise self._unreadable(self._pattern, error) from error
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
        return self._given_up + sum(tail.overlong for tail in (self._tails or {}).values())

    def _open(self) -> dict[Identity, Tail]:
        paths = sorted(glob(self._pattern)) if has_magic(self._pattern) else [self._pattern]  # noqa: PTH207
        if len(paths) > FILES_MOST:
            raise ClusterError(f"the access log {self._pattern} stands for {len(paths)} files, more than {FILES_MOST}")
        left = (self._left or {}) if self._tails is None else {}
        # On another host, or once all were renamed, no file is known: then reading begins anew.
        from_end = self._tails is None and not any(_identity_at(path) in left for path in paths)
        tails = self._tails or {}
        named = set()
        for path in paths:
            try:
                identity = _identity(Path(path).stat())
                named.add(identity)
                if identity not in tails:
                    tails[identity] = Tail(path, from_end=from_end)
                    if identity in left:
                        tails[identity].go_on(*left[identity])
            except OSError as error:
                if not (tails and isinstance(error, FileNotFoundError)):  # Renamed, and the next is not there yet.
                    raise self._unreadable(path, error) from error
        if not tails:
            raise ClusterError(f"there is no access log {self._pattern}; check releases:metrics accessLog.path")
        self._tails = tails
        self._make_room(tails, named)
        return tails

    def _make_room(self, tails: dict[Identity, Tail], named: set[Identity]) -> None:
        for identity, tail in list(tails.items()):
            if len(tails) > FILES_MOST and identity not in named and not tail.behind:
                self._given_up += tail.overlong
                tails.pop(identity).close()

    @staticmethod
    def _unreadable(path: str, error: OSError) -> ClusterError:
        return ClusterError(
            f"the access log {path} cannot be read ({error.strerror}); check releases:metrics accessLog.path"
        )


def _identity_at(path: str) -> Identity | None:
    try:
        return _identity(Path(path).stat())
    except OSError:
        return None


def _identity(found: os.stat_result) -> Identity:
    return found.st_dev, found.st_ino
