"""One release of one service: the whole manifest."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from slipway.release.manifest.analysis import Analysis
from slipway.release.manifest.artifact import Artifact
from slipway.release.manifest.base import FrozenModel
from slipway.release.manifest.environment import Environment
from slipway.release.manifest.governance import Approval, Evidence, Hotfix, Owner, Qa, Retry, Rollback
from slipway.release.manifest.guardrails import Guardrail
from slipway.release.manifest.migrations import Database, Migration
from slipway.release.manifest.route import Route
from slipway.release.manifest.scope import Scope
from slipway.release.manifest.strategy import Strategy
from slipway.release.manifest.watch import Watch
from slipway.release.manifest.workload import Workload

ServiceName = Annotated[str, Field(pattern=r"^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$")]
"""Short enough that `<service>-<revision>` is a DNS label."""


class Release(FrozenModel):
    """`releases/<service>/<version>.yaml`, append-only: `previous` is always a file and a digest."""

    api_version: Literal["slipway/v1"]
    kind: Literal["Release"]
    service: ServiceName
    version: Annotated[str, Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z._-]{0,62}$")]
    artifact: Artifact
    scope: Scope
    strategy: Strategy
    workload: Workload
    route: Route
    guardrails: Annotated[tuple[Guardrail, ...], Field(min_length=1)]
    analysis: Analysis = Analysis()
    watch: Watch | None = None
    """None: the release is not watched after it has all the traffic."""
    qa: Qa | None = None
    evidence: Evidence = Evidence()
    approvals: tuple[Approval, ...] = ()
    migrations: tuple[Migration, ...] = ()
    database: Database | None = None
    environment: Environment | None = None
    rollback: Rollback
    owner: Owner
    retry: Retry | None = None
    hotfix: Hotfix | None = None
