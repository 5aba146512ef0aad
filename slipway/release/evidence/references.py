"""Which files a manifest names as evidence, where, and as what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from slipway.release.evidence.errors import EvidenceError
from slipway.release.evidence.facts import Kind
from slipway.release.evidence.files import Content, is_folder, list_below, read_below
from slipway.release.evidence.limits import LARGEST, LARGEST_STATEMENT
from slipway.release.manifest.release import Release

_SECTIONS: tuple[tuple[str, str, Kind | None], ...] = (
    ("tests", "tests", "tests"),
    ("coverage", "coverage", "coverage"),
    ("static_analysis", "staticAnalysis", "static-analysis"),
    ("security_scan", "securityScan", "security-scan"),
    ("vex", "vex", "vex"),
    ("migration_lint", "migrationLint", "migration-lint"),
    ("provenance", "provenance", "provenance"),
    ("statements", "statements", None),
)


SECTIONS: Mapping[Kind, str] = {kind: alias for _, alias, kind in _SECTIONS if kind is not None}
"""Kind -> its section of the manifest's evidence."""


@dataclass(frozen=True, slots=True)
class Reference:
    """One file that the manifest names; `kind` is None for statements of any kind."""

    field: str
    path: str
    kind: Kind | None
    pattern: str = ""
    """The folder or pattern that the manifest names, where it stands for several files."""


_SUFFIXES: Mapping[Kind | None, tuple[str, ...]] = {
    "tests": (".xml",),
    "coverage": (".xml",),
    "static-analysis": (".sarif", ".json"),
    "security-scan": (".sarif", ".json"),
}
_OTHERWISE = (".json", ".jsonl")
"""Of a folder, the files of a section are those with these endings."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Where references are looked up: first in the manifest's folder, then in the project."""

    root: Path
    """The project; nothing outside of it is read."""
    folder: str = "."
    """The manifest's folder, relative to `root`."""

    def read(self, path: str, limit: int) -> Content:
        """Raises EvidenceError as `read_below` does."""
        beside = str(PurePosixPath(self.folder) / path) if not PurePosixPath(path).is_absolute() else path
        try:
            return read_below(self.root, beside, limit)
        except EvidenceError as error:
            if error.code != "missing" or beside == path:
                raise
            return read_below(self.root, path, limit)

    def expand(self, path: str, kind: Kind | None) -> list[str]:
        """The files that a folder or a pattern (`*`, `**`, `?`) stands for, below `root`; `[path]` for a plain path and
        where there is none. Raises EvidenceError."""
        if PurePosixPath(path).is_absolute():
            return [path]
        for beside in dict.fromkeys((str(PurePosixPath(self.folder) / path), path)):
            if any(mark in path for mark in "*?["):
                found = list_below(self.root, beside)
            elif is_folder(self.root, beside):
                suffixes = _SUFFIXES.get(kind, _OTHERWISE)
                found = [name for name in list_below(self.root, f"{beside}/*") if name.endswith(suffixes)]
            else:
                continue
            if found:
                return [self._as_named(name) for name in found]
        return [path]

    def _as_named(self, name: str) -> str:
        """Relative to the manifest's folder where it is below that, as a manifest would name it."""
        if self.folder == ".":
            return name
        return name.removeprefix(f"{self.folder}/")


def expanded(release: Release, sources: Sources) -> Iterator[Reference]:
    """Every file that the manifest names, folders and patterns written out; one that cannot be is handed on as it is,
    and reading it says why."""
    for reference in references(release):
        try:
            paths = sources.expand(reference.path, reference.kind)
        except EvidenceError:
            paths = [reference.path]
        for path in paths:
            pattern = reference.path if paths != [reference.path] else ""
            yield Reference(reference.field, path, reference.kind, pattern)


def references(release: Release) -> Iterator[Reference]:
    """Every reference in the manifest, in its order, as it is written there."""
    for attribute, alias, kind in _SECTIONS:
        for number, path in enumerate(getattr(release.evidence, attribute)):
            yield Reference(f"evidence.{alias}[{number}]", path, kind)
    if release.qa is not None and release.qa.statement is not None:
        yield Reference("qa.statement", release.qa.statement, "qa")
    for number, approval in enumerate(release.approvals):
        if approval.statement is not None:
            yield Reference(f"approvals[{number}].statement", approval.statement, "approval")


def limit_of(reference: Reference) -> int:
    """The size limit in bytes; a signed statement may stand for any report."""
    return LARGEST_STATEMENT if reference.kind is None else LARGEST.get(reference.kind, LARGEST_STATEMENT)
