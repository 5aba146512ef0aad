"""Everything that the gates look at, as one value: they are pure functions of it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pydantic import AwareDatetime

from slipway.release.evidence.errors import REMEDIES, Code
from slipway.release.evidence.facts import Fraction
from slipway.release.evidence.migration_files import MigrationSource
from slipway.release.evidence.model import EvidenceRecord, Item, Rejected
from slipway.release.evidence.trust import TrustRoots
from slipway.release.findings import Finding, GateId, Severity, Text, Turn, finding
from slipway.release.flags.model import DeclaredFlags
from slipway.release.manifest.base import FrozenModel
from slipway.release.manifest.release import Release
from slipway.release.readiness.settings import Settings
from slipway.release.review.files import Reviews
from slipway.release.risk import History
from slipway.release.units import show_seconds

CLOCK_SKEW = timedelta(minutes=5)


class ObservedArtifact(FrozenModel):
    """What a registry answered for the image; see `slipway.release.readiness.integrity`."""

    image: Text
    """What was asked for, `repository@sha256:<hex>`."""
    exists: bool
    digest: Text | None = None
    """SHA-256 of the manifest's bytes that came back, computed by the asker and not copied from a header."""
    tag_immutable: bool | None = None
    """Whether the repository refuses to move tags; None when the registry cannot say."""
    error: Text | None = None
    """Why there was no answer."""


class BudgetStatus(FrozenModel):
    """The error budget of the service over its window, as its SLO reports it."""

    remaining: Fraction | None = None
    """Share that is left, 0 when spent; None when no number was answered."""
    at: AwareDatetime | None = None
    source: Text = ""
    problem: Text = ""
    """Why there is no number."""


@dataclass(frozen=True, slots=True)
class GateInput:
    """One release before one stack. None means unknown, and unknown is refused wherever a gate needs it."""

    release: Release
    evidence: EvidenceRecord
    now: datetime
    stack: str
    trust: TrustRoots = field(default_factory=TrustRoots)
    settings: Settings = field(default_factory=Settings)
    settled: bool = False
    """This release is committed in this stack already, or is returned to: age, freezes and approvals are not judged
    again, so an unchanged stack never becomes red by age and a rollback is never held up."""
    first: bool = False
    """There is no previous release of the service in this stack, and that is known."""
    previous: Release | None = None
    staging: Release | None = None
    """The manifest that the stack before this one runs."""
    staging_problem: str = ""
    """Why it is not known."""
    artifact: ObservedArtifact | None = None
    budget: BudgetStatus | None = None
    history: History | None = None
    """The service's past in this stack; see `past`."""
    flags: DeclaredFlags | None = None
    """The flags of the stack; None when it names no files of them, or when they cannot be read."""
    flags_problem: str = ""
    """Why they cannot be read."""
    standby: bool | None = None
    """Whether the stack keeps another version warm; None when its file does not declare the service."""
    reviews: Reviews = field(default_factory=Reviews)
    """What the reviews of earlier releases still ask for."""
    migrations: tuple[MigrationSource, ...] = field(default=())
    """The scripts of `release.migrations`, read by `slipway.release.evidence.migration_files.read_migrations`."""

    @property
    def past(self) -> History | None:
        """What counts of the past. Of a settled release nothing: what came after it never makes it red."""
        return None if self.settled else self.history

    @property
    def before_production(self) -> bool:
        """Whether this stack is the one whose receipts production asks for."""
        return self.stack == self.settings.staging.stack


def age_problem(at: datetime | None, now: datetime, most: float, settled: bool) -> tuple[Code, str, str] | None:
    """(code, found, wanted) when a time is unknown, in the future, or older than `most` seconds; else None."""
    if at is None:
        return None if settled else ("stale", "no time", f"a time at most {show_seconds(most)} ago")
    if at - now > CLOCK_SKEW:
        return "future", at.isoformat(), f"a time before {now.isoformat()}"
    if not settled and (now - at).total_seconds() > most:
        days = (now - at).total_seconds() / 86400
        return "stale", f"{at.isoformat()} ({days:.1f} days old)", f"at most {most / 86400:.4g} days old"
    return None


FORGED = frozenset({"unsigned", "untrusted", "not-allowed", "unbound", "wrong-digest", "wrong-release", "outside"})
"""Codes of evidence that may have been made up: `critical`."""


def rejected(gate: GateId, entry: Rejected, turn: Turn) -> Finding:
    """The finding for one file that is no evidence."""
    severity: Severity = "critical" if entry.code in FORGED else "high"
    return finding(
        gate=gate,
        code=entry.code,
        severity=severity,
        field=entry.field,
        found=f"{entry.path}: {entry.detail}",
        wanted=f"{entry.kind or 'signed'} evidence that verifies and is about this release",
        remedy=entry.remedy or REMEDIES[entry.code],
        turn=turn,
    )


def dated_ahead(gate: GateId, item: Item, gate_input: GateInput, turn: Turn) -> list[Finding]:
    """The finding for evidence that does not age, but is dated in the future."""
    return aged(gate, item, gate_input, math.inf, turn) if item.at is not None else []


def aged(gate: GateId, item: Item, gate_input: GateInput, most: float, turn: Turn) -> list[Finding]:
    """The finding for evidence that is too old, or dated in the future; empty when its age is fine."""
    problem = age_problem(item.at, gate_input.now, most, gate_input.settled)
    if problem is None:
        return []
    code, found, wanted = problem
    return [
        finding(
            gate=gate,
            code=code,
            field=item.field,
            found=f"{item.path}: {found}",
            wanted=wanted,
            remedy=REMEDIES[code],
            turn=turn,
        )
    ]
