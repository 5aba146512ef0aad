"""Schema migrations of a release, and what its artifact uses of the database."""

from __future__ import annotations

from typing import Literal

from slipway.release.manifest.base import FrozenModel, Name


class Migration(FrozenModel):
    """A schema migration that belongs to this release."""

    id: Name
    up: str
    down: str | None = None
    phase: Literal["expand", "contract", "data"]
    dialect: Literal["postgresql", "other"] = "postgresql"
    """`other` cannot be classified, so it needs the receipt of a round trip, or, with a compensation, of the previous
    artifact's tests."""
    compensation: str | None = None
    """The named compensating action when there is no way down."""

    @property
    def one_way(self) -> bool:
        """Whether moving the traffic alone does not undo the release: the previous artifact may not work with a
        contracted schema, and what has no way down stays."""
        return self.phase == "contract" or self.down is None


class Database(FrozenModel):
    """Which database objects this artifact uses, so that the next release knows what a contract would break."""

    uses: tuple[Name, ...]
    """`table` (any of its columns), `table.column` or `schema.table.column`. `[]` is an answer."""
