"""Who vouches for the release and with what evidence, who owns it, and how it may be undone."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from slipway.release.manifest.base import FrozenModel, Line, Name
from slipway.release.urls import Contact


class Qa(FrozenModel):
    """QA's recommendation; anything but `go` sends the release back."""

    recommendation: Literal["go", "no-go", "conditional"]
    by: Name
    at: AwareDatetime
    statement: str | None = None
    """Path of the signed statement."""


class Evidence(FrozenModel):
    """Paths of existing CI output, relative to the manifest's folder or the project."""

    tests: tuple[str, ...] = ()
    coverage: tuple[str, ...] = ()
    static_analysis: tuple[str, ...] = ()
    security_scan: tuple[str, ...] = ()
    vex: tuple[str, ...] = ()
    migration_lint: tuple[str, ...] = ()
    """JSON of squawk over the migrations; optional."""
    provenance: tuple[str, ...] = ()
    statements: tuple[str, ...] = ()
    """Signed statements that bind the files above to the artifact's digest, and receipts (staging, drill)."""


class Approval(FrozenModel):
    """One approval: `role` such as service-owner, by whom and when."""

    role: Name
    by: Name
    at: AwareDatetime
    expires: AwareDatetime | None = None
    statement: str | None = None


class Rollback(FrozenModel):
    """How this release may be undone. `constraints: []` is an answer; leaving the section out is not."""

    max_minutes: Annotated[float, Field(gt=0)]
    constraints: tuple[str, ...]
    compensations: tuple[str, ...] = ()


class Owner(FrozenModel):
    """Who acts when something is wrong."""

    team: Line
    oncall: Contact
    runbook: Contact


class Retry(FrozenModel):
    """Why a revision that was aborted before may be tried again."""

    reason: Annotated[str, Field(min_length=10)]


class Hotfix(FrozenModel):
    """A tracked hotfix: the change record and when the follow-up is due."""

    ticket: Name
    reason: Name
    follow_up_due: AwareDatetime
