"""Who vouches for the release, with what evidence, and how it may be undone."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from slipway.release.manifest.base import FrozenModel
from slipway.release.urls import Contact

Name = Annotated[str, Field(min_length=1)]
Line = Annotated[str, Field(min_length=1, pattern=r"^[^\x00-\x1f\x7f]*$")]


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


class Database(FrozenModel):
    """Which database objects this artifact uses, so that the next release knows what a contract would break."""

    uses: tuple[Name, ...]
    """`table` (any of its columns), `table.column` or `schema.table.column`. `[]` is an answer."""


class Dependency(FrozenModel):
    """Something in the environment that the release needs in order to work."""

    name: Name
    kind: Literal["service", "database", "queue", "flag", "secret", "infrastructure", "other"] = "service"
    needs: str | None = None
    """What exactly, such as a version or a schema."""
    ready: bool
    """Whether it is in place in the target environment."""


class Difference(FrozenModel):
    """A declared difference between staging and this environment."""

    field: Name
    """Path in the manifest, such as `workload.replicas`; covers everything below it."""
    reason: Annotated[str, Field(min_length=10)]


class Environment(FrozenModel):
    """What the release needs from its environment. `dependencies: []` is an answer; leaving it out is not."""

    dependencies: tuple[Dependency, ...]
    dependents: tuple[Name, ...] = ()
    """Services that call this one: part of the blast radius."""
    differences: tuple[Difference, ...] = ()


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
