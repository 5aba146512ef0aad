"""The predicates of Slipway's own statements: results, QA's word, approvals, and receipts of what was done.

A person's or a pipeline's word is worth what its signature is worth, so all of these are only read from statements
that were verified. `slipway attest` makes them; any in-toto tool can.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from slipway.release.evidence.facts import (
    ApprovalFacts,
    Digest,
    DrillFacts,
    MigrationFacts,
    MigrationRun,
    QaFacts,
    ReleaseReference,
    Sha256,
    StagingFacts,
)
from slipway.release.evidence.typed import Foreign

MOST_FILES = 3000
"""That a manifest may name, and that a statement may bind."""

RESULTS = "urn:slipway:results:v1"
QA = "urn:slipway:qa:v1"
APPROVAL = "urn:slipway:approval:v1"
STAGING = "urn:slipway:staging:v1"
DRILL = "urn:slipway:drill:v1"
MIGRATION = "urn:slipway:migration:v1"

Word = Annotated[str, Field(min_length=1, max_length=200)]
Time = Annotated[AwareDatetime, Field(strict=False)]
ResultKind = Literal["tests", "coverage", "static-analysis", "security-scan", "vex", "migration-lint"]


class BoundFile(Foreign):
    """A report that names no artifact itself: its hash and what it is. The name is only a label."""

    kind: ResultKind
    sha256: Sha256
    name: str = ""


class ResultsPredicate(Foreign):
    """The subject of the statement is the artifact that the reports are about."""

    at: Time
    """When the reports were made."""
    files: Annotated[list[BoundFile], Field(min_length=1, max_length=MOST_FILES)]


class _Reference(Foreign):
    service: Word
    version: Word
    fingerprint: Digest

    def facts(self) -> ReleaseReference:
        return ReleaseReference(service=self.service, version=self.version, fingerprint=self.fingerprint)


class QaPredicate(Foreign):
    """QA's recommendation on one release."""

    at: Time
    release: _Reference
    recommendation: Literal["go", "no-go", "conditional"]
    by: Word
    note: str = ""

    def facts(self) -> QaFacts:
        return QaFacts(release=self.release.facts(), recommendation=self.recommendation, by=self.by, note=self.note)


class ApprovalPredicate(Foreign):
    """One approval of one release, in one role."""

    at: Time
    release: _Reference
    role: Word
    by: Word
    expires: Time | None = None

    def facts(self) -> ApprovalFacts:
        return ApprovalFacts(release=self.release.facts(), role=self.role, by=self.by, expires=self.expires)


class StagingPredicate(Foreign):
    """`revision` (the artifact with its whole workload) passed a rollout in `stack`; the subject is the artifact."""

    at: Time
    service: Word
    version: Word
    stack: Word
    outcome: Literal["completed", "aborted", "interrupted"]
    revision: Annotated[str, Field(pattern=r"^[0-9a-f]{8,64}$")] | None = None

    def facts(self) -> StagingFacts:
        return StagingFacts(
            service=self.service,
            version=self.version,
            stack=self.stack,
            outcome=self.outcome,
            revision=self.revision,
        )


class DrillPredicate(Foreign):
    """A drill of the service; the subject is the artifact that it was made with, any artifact of the service."""

    at: Time
    service: Word
    procedure: Literal["deploy", "rollback", "kill"]
    stack: Word
    outcome: Literal["completed", "failed"]
    seconds: Annotated[float, Field(ge=0, le=1e7)]
    flag: Word | None = None
    requests: Annotated[int, Field(ge=0)] | None = None
    failed_requests: Annotated[int, Field(ge=0)] | None = None

    def facts(self) -> DrillFacts:
        return DrillFacts(
            service=self.service,
            procedure=self.procedure,
            stack=self.stack,
            outcome=self.outcome,
            seconds=self.seconds,
            flag=self.flag,
            requests=self.requests,
            failed_requests=self.failed_requests,
        )


class _Run(Foreign):
    id: Word
    up: Sha256
    down: Sha256 | None = None


class MigrationPredicate(Foreign):
    """Upgrade, downgrade, upgrade of these scripts on a real database."""

    at: Time
    database: Word
    migrations: Annotated[list[_Run], Field(min_length=1, max_length=100)]
    round_trip: bool
    previous_artifact: Digest | None = None
    previous_passed: bool | None = None

    def facts(self) -> MigrationFacts:
        return MigrationFacts(
            database=self.database,
            migrations=tuple(MigrationRun(id=run.id, up=run.up, down=run.down) for run in self.migrations),
            round_trip=self.round_trip,
            previous_artifact=self.previous_artifact,
            previous_passed=self.previous_passed,
        )
