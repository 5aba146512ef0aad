"""Which files a manifest names as evidence, where, and as what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from release.evidence.errors import EvidenceError
from release.evidence.facts import Kind
from release.evidence.files import Content, read_below
from release.evidence.limits import LARGEST, LARGEST_STATEMENT
from release.manifest.release import Release

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


def references(release: Release) -> Iterator[Reference]:
    """Every reference in the manifest, in its order."""
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
