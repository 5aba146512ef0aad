"""The inputs of the resource `slipway:index:Migrations`: what a release applies to its database."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any, Literal

from slipway.release.declared import DeclaredRelease
from slipway.release.evidence.migration_files import MigrationSource
from slipway.release.manifest.base import FrozenModel
from slipway.release.migrations.databases import Database


class DeclaredMigration(FrozenModel):
    """One migration in its order: paths as in the manifest, SHA-256 of the scripts as they were read."""

    id: str
    phase: Literal["expand", "contract", "data"]
    up: str
    up_sha256: str
    down: str | None = None
    down_sha256: str | None = None


class MigrationsInputs(FrozenModel):
    """The migrations of one release, and the database that they run in."""

    service: str
    version: str
    revision: str
    folder: str
    """Of the manifest, in the project: where the paths begin."""
    database: Database
    migrations: tuple[DeclaredMigration, ...]

    @classmethod
    def of(
        cls, declared: DeclaredRelease, database: Database | None, sources: Sequence[MigrationSource]
    ) -> MigrationsInputs | None:
        """What the program declares; None where the stack names no database of the service, or the release has no
        migration that runs there."""
        release = declared.release
        scripts = {source.id: source for source in sources}
        found = [
            DeclaredMigration(
                id=one.id,
                phase=one.phase,
                up=one.up,
                up_sha256=scripts[one.id].up.sha256,
                down=one.down,
                down_sha256=down.sha256 if (down := scripts[one.id].down) is not None else None,
            )
            for one in release.migrations
            if one.dialect == "postgresql"
        ]
        if database is None or not found:
            return None
        return cls(
            service=release.service,
            version=release.version,
            revision=declared.revision,
            folder=str(PurePosixPath(declared.path).parent),
            database=database,
            migrations=tuple(found),
        )

    def to_wire(self) -> dict[str, Any]:
        """Plain JSON values with camelCase keys, None left out."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)
