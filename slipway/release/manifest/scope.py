"""What changes: the smaller, the safer."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from slipway.release.manifest.base import FrozenModel

Level = Literal["low", "medium", "high"]


class Change(FrozenModel):
    """One tracked change."""

    id: Annotated[str, Field(min_length=1)]
    kind: Literal["feature", "fix", "hotfix", "refactor", "dependency", "configuration", "migration", "infrastructure"]
    risk: Level = "medium"
    flag: str | None = None
    """The feature flag or kill switch that guards it."""
    committed_at: AwareDatetime | None = None
    """When the change was committed to the main branch: from then on its lead time counts."""


class Size(FrozenModel):
    """Of the difference to the previous release."""

    commits: Annotated[int, Field(ge=0)]
    lines: Annotated[int, Field(ge=0)]


class Scope(FrozenModel):
    """One sentence, the tracked changes and their size."""

    summary: Annotated[str, Field(min_length=1)]
    changes: tuple[Change, ...]
    size: Size | None = None
    author: str | None = None
    """Who made the change; an author does not approve a change of their own."""
    reach: Literal["internal", "some-users", "all-users"] = "all-users"
    """Who would notice a fault: the blast radius, together with `environment.dependents`."""
