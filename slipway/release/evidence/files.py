"""Reads what a manifest refers to: below one root, regular files only, never more than the limit."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from slipway.release.evidence.errors import EvidenceError


@dataclass(frozen=True, slots=True)
class Content:
    """The bytes of one file and their SHA-256 in hex."""

    path: str
    data: bytes
    sha256: str


def read_below(root: Path, reference: str, limit: int) -> Content:
    """Read `reference`, a relative path with `/`, below `root`.

    Every component is opened without following symbolic links, so neither `..` nor a link leads out, not even
    when the tree changes meanwhile. Raises EvidenceError: `outside`, `missing`, `unreadable`, `empty`, `too-large`.
    """
    parts = _components(reference)
    directory = _open(root, os.O_RDONLY | os.O_DIRECTORY, None, str(root))
    try:
        for part in parts[:-1]:
            below = _open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, directory, reference)
            os.close(directory)
            directory = below
        handle = _open(parts[-1], os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, directory, reference)
    finally:
        os.close(directory)
    try:
        data = _bounded(handle, reference, limit)
    finally:
        os.close(handle)
    return Content(reference, data, hashlib.sha256(data).hexdigest())


def _components(reference: str) -> tuple[str, ...]:
    if not reference.strip() or "\0" in reference or "\\" in reference:
        raise EvidenceError("outside", f"{reference!r} is not a relative path with / between its parts")
    path = PurePosixPath(reference)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise EvidenceError("outside", f"{reference!r} leaves the project; name a file below it")
    return path.parts


def _open(name: str | Path, flags: int, directory: int | None, reference: str) -> int:
    try:
        return os.open(name, flags | os.O_CLOEXEC, dir_fd=directory)
    except FileNotFoundError:
        raise EvidenceError("missing", f"there is no file {reference}") from None
    except OSError as error:
        if error.errno in {errno.ELOOP, errno.ENOTDIR}:
            raise EvidenceError("outside", f"{reference} passes through a symbolic link or a file") from None
        raise EvidenceError("unreadable", f"{reference}: {error.strerror}") from None
    except ValueError:
        raise EvidenceError("outside", f"{reference!r} is not a path") from None


def _bounded(handle: int, reference: str, limit: int) -> bytes:
    status = os.fstat(handle)
    if not stat.S_ISREG(status.st_mode):
        raise EvidenceError("unreadable", f"{reference} is not a regular file")
    if status.st_size > limit:
        raise EvidenceError("too-large", f"{reference} has {status.st_size} bytes, at most {limit} are read")
    chunks, size = [], 0
    try:
        while chunk := os.read(handle, min(1 << 20, limit + 1 - size)):
            chunks.append(chunk)
            size += len(chunk)
    except OSError as error:
        raise EvidenceError("unreadable", f"{reference}: {error.strerror}") from None
    if size > limit:
        raise EvidenceError("too-large", f"{reference} grew beyond {limit} bytes while it was read")
    if not size:
        raise EvidenceError("empty", f"{reference} is empty")
    return b"".join(chunks)


MOST_LISTED = 20_000


def list_below(root: Path, pattern: str) -> list[str]:
    """The regular files below `root` that a pattern matches, sorted: `*`, `?` and `[...]` within one part of a path,
    `**` for any folders. Symbolic links are neither listed nor followed. Raises EvidenceError as `read_below`, and
    `too-large` where too much would have to be looked at."""
    found: list[str] = []
    seen = 0
    waiting: list[tuple[str, tuple[str, ...]]] = [("", _components(pattern))]
    while waiting:
        folder, parts = waiting.pop()
        if parts[0] == "**" and len(parts) > 1:
            waiting.append((folder, parts[1:]))
        for entry in _entries(root / folder):
            seen += 1
            if seen > MOST_LISTED:
                raise EvidenceError("too-large", f"{pattern} looks at more than {MOST_LISTED} files")
            name = f"{folder}/{entry.name}" if folder else entry.name
            if entry.is_dir(follow_symlinks=False):
                if parts[0] == "**":
                    waiting.append((name, parts))
                elif len(parts) > 1 and fnmatchcase(entry.name, parts[0]):
                    waiting.append((name, parts[1:]))
            elif len(parts) == 1 and entry.is_file(follow_symlinks=False) and fnmatchcase(entry.name, parts[0]):
                found.append(name)
    return sorted(set(found))


def is_folder(root: Path, reference: str) -> bool:
    """Whether a reference names a folder below `root`, without a symbolic link on the way."""
    place = root
    for part in _components(reference):
        place = place / part
        if place.is_symlink() or not place.is_dir():
            return False
    return True


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return []
