"""Every signed statement that the strictest gates ask for of one release, but for the receipt of staging.

For the example and for tests, where one process holds the keys of all signers. In production each key is with whom it
belongs to, and `slipway attest` makes one statement at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from slipway.release.errors import InputError, Problem
from slipway.release.evidence import make, predicates, propose, receipts
from slipway.release.evidence.references import Sources
from slipway.release.manifest.release import Release


@dataclass(frozen=True, slots=True)
class Keys:
    """Private keys in PEM."""

    ci: bytes
    """Of reports and migrations."""
    builder: bytes
    """Of provenance."""
    qa: bytes
    approver: bytes
    receipts: bytes
    """Of staging and of drills."""


@dataclass(frozen=True, slots=True)
class Build:
    """What the provenance says."""

    builder: str
    """Id of the builder, as the trust roots list it."""
    source: str
    commit: str
    build_type: str = "urn:slipway:build:v1"


@dataclass(frozen=True, slots=True)
class Statements:
    """Signed statements, each a DSSE envelope."""

    provenance: bytes
    results: bytes
    qa: bytes
    approval: bytes
    drill: bytes
    migration: bytes | None
    """None for a release without migrations."""


def vouch(
    release: Release, sources: Sources, at: datetime, keys: Keys, build: Build, database: str = "PostgreSQL 17.2"
) -> Statements:
    """Sign them all for `release` as it is now, dated `at`.

    Raises InputError with every report or script that cannot be used, and when the manifest names no QA or approval.
    """
    qa, approvals = release.qa, release.approvals
    if qa is None or not approvals:
        missing = "qa" if qa is None else "approvals"
        problem = Problem(missing, "is missing", "Name who says yes: qa and approvals, each with its statement")
        raise InputError(f"{release.service} {release.version}", [problem])

    def signed(predicate_type: str, predicate: dict[str, object], key: bytes) -> bytes:
        return sign(release, predicate_type, predicate, key)

    approval = approvals[0]
    said_of_qa = propose.qa(release, sources, at, qa.recommendation, qa.by)
    approved = propose.approval(release, sources, at, approval.role, approval.by, approval.expires)
    built = propose.provenance(at, build.builder, build.source, build.commit, build.build_type)
    drilled = propose.drill(release, at, "rollback", "staging", "completed", 4.5)
    migrated = propose.migration(release, sources, at, database, True) if release.migrations else None
    return Statements(
        provenance=signed(predicates.SLSA_PROVENANCE, built, keys.builder),
        results=signed(receipts.RESULTS, propose.results(release, sources, at), keys.ci),
        qa=signed(receipts.QA, said_of_qa, keys.qa),
        approval=signed(receipts.APPROVAL, approved, keys.approver),
        drill=signed(receipts.DRILL, drilled, keys.receipts),
        migration=None if migrated is None else signed(receipts.MIGRATION, migrated, keys.ci),
    )


def sign(
    release: Release, predicate_type: str, predicate: dict[str, object], key: bytes, digest: str | None = None
) -> bytes:
    """One statement about the release's artifact, or about another digest, signed. Raises InputError."""
    repository = release.artifact.image.partition("@")[0]
    return make.sign(make.statement(digest or release.artifact.digest, repository, predicate_type, predicate), key)
