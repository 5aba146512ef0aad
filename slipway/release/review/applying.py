"""What the open items of a review come to in the files of the project, as whole new texts. Reads, and writes nothing.

Every text is read by its own reader before it is offered: what the gates or the program would refuse is refused here.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from slipway.release.editing import APPEND, edited, location_of, value_at
from slipway.release.errors import InputError, Problem
from slipway.release.evidence.errors import EvidenceError
from slipway.release.evidence.files import read_below
from slipway.release.flags import load as flag_files
from slipway.release.gating import configuration
from slipway.release.manifest import load as manifests
from slipway.release.manifest.document import MAX_BYTES, Location, read_document
from slipway.release.review.model import FileChange, Review, ReviewItem

FOLDER = "policies/config/"
"""Where the settings of gates are."""


@dataclass(frozen=True, slots=True)
class Patch:
    """One file as it is and as it becomes; the same text twice where all of it was applied before."""

    path: str
    before: str
    after: str

    @property
    def diff(self) -> str:
        """As `diff -u` shows it; empty where nothing changes."""
        sides = (self.before.splitlines(keepends=True), self.after.splitlines(keepends=True))
        return "".join(_whole(difflib.unified_diff(*sides, f"a/{self.path}", f"b/{self.path}")))


def patches_of(project: Path, review: Review, released: Collection[str]) -> tuple[Patch, ...]:
    """The patch of each file that an open item names. `released` are the manifests on record, which never change.
    Raises InputError with every problem."""
    before: dict[str, str] = {}
    after: dict[str, str] = {}
    problems: list[Problem] = []
    for number, item in enumerate(review.items):
        if item.change is None or item.done is not None:
            continue
        path, place = item.change.file, f"items[{number}].change"
        try:
            if path in released:
                raise InputError(path, [Problem("file", "was released, and what was released never changes", NEXT)])
            if path not in before:
                before[path] = after[path] = _text(project, path)
            after[path] = _applied(after[path], item, item.change)
        except InputError as error:
            problems += [Problem(f"{place}: {path}: {p.path}", p.message, p.remedy, p.line) for p in error.problems]
    for path, text in after.items():
        problems += _wrong(project, path, text) if text != before[path] else []
    if problems:
        raise InputError(f"review of {review.version}", problems)
    return tuple(Patch(path, before[path], text) for path, text in after.items())


NEXT = "Name the manifest of the next release"


def _text(project: Path, path: str) -> str:
    try:
        return read_below(project, path, MAX_BYTES).data.decode()
    except (EvidenceError, UnicodeDecodeError) as error:
        detail = error.detail if isinstance(error, EvidenceError) else "is no UTF-8 text"
        raise InputError(path, [Problem("file", detail, "Name a file in the project")]) from None


def _applied(text: str, item: ReviewItem, change: FileChange) -> str:
    """The text with the change and its reason; unchanged where it stands there already."""
    at, data = location_of(change.set), read_document(text, change.file).data
    if _stands(data, at, change.to):
        return text
    reason = f"{item.what} ({item.id})"
    made = edited(text, change.file, at, change.to, reason)
    if change.file.endswith(".json") and change.file.startswith(FOLDER) and len(at) > 1:
        known = value_at(data, (at[0], configuration.REASON))
        told = f"{known}; {reason}" if isinstance(known, str) and known else reason
        made = edited(made, change.file, (at[0], configuration.REASON), told)
    return made


def _stands(data: object, at: Location, value: JsonValue) -> bool:
    if at[-1] == APPEND:
        items = value_at(data, at[:-1])
        return isinstance(items, list) and value in items
    return value is not None and value_at(data, at) == value


def _wrong(project: Path, path: str, text: str) -> Iterator[Problem]:
    """What the reader of this kind of file says against it."""
    document = read_document(text, path)
    kind = document.data.get("kind") if isinstance(document.data, dict) else None
    try:
        if kind == "Release":
            manifests.parse(text, path)
        elif kind == "Flags":
            flag_files.parse(text, path)
        elif path.startswith(FOLDER):
            configuration.parse(document, (project / path).parent, path)
        else:
            yield Problem(path, "is neither gate settings, nor a manifest, nor flags", "Change it by hand")
    except InputError as error:
        yield from (Problem(f"{path}: {p.path}", p.message, p.remedy, p.line) for p in error.problems)


def _whole(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
