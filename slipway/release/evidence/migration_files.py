"""The scripts of a release's migrations, read with the same care as any other reference."""

from __future__ import annotations

from dataclasses import dataclass

from slipway.release.evidence.errors import Code, EvidenceError
from slipway.release.evidence.limits import LARGEST_SQL
from slipway.release.evidence.references import Sources
from slipway.release.manifest.release import Release


@dataclass(frozen=True, slots=True)
class Script:
    """One script: its text and SHA-256, or why it cannot be read."""

    path: str
    text: str = ""
    sha256: str = ""
    code: Code | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class MigrationSource:
    """The scripts of the migration `id`; `down` is None when none is declared."""

    id: str
    up: Script
    down: Script | None


def read_migrations(release: Release, sources: Sources) -> tuple[MigrationSource, ...]:
    """Read every script. Never raises for what a file contains: the gate reports it."""
    return tuple(
        MigrationSource(
            migration.id,
            read_script(migration.up, sources),
            None if migration.down is None else read_script(migration.down, sources),
        )
        for migration in release.migrations
    )


def read_script(path: str, sources: Sources) -> Script:
    """One script. Never raises for what it contains."""
    try:
        content = sources.read(path, LARGEST_SQL)
        text = content.data.decode("utf-8-sig")
    except EvidenceError as error:
        return Script(path, code=error.code, detail=error.detail)
    except UnicodeDecodeError as error:
        return Script(path, code="malformed", detail=f"not UTF-8 (byte {error.start})")
    return Script(path, text, content.sha256)
