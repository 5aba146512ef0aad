"""The report's content, as values: what the JSON rendering is, and what the others are made of.

The six parts are those that a report always has. What is not known says so in words and is never 0.
"""

from __future__ import annotations

from typing import Literal

from slipway.release.evidence.facts import Sha256
from slipway.release.manifest.base import FrozenModel
from slipway.release.manifest.plan import Mirrored
from slipway.release.records.dora import Dora
from slipway.release.records.kinds import WatchCount
from slipway.release.records.release_record import Ending, EvidenceLine, GateOutcome, Series
from slipway.release.risk import Factor
from slipway.release.units import Percent

Priority = Literal["high", "medium", "low"]


class ChangeLine(FrozenModel):
    """One tracked change."""

    id: str
    kind: str
    risk: str
    flag: str | None = None
    committed_at: str | None = None


class ScopePart(FrozenModel):
    """1: what changed, and how risky that was."""

    summary: str
    changes: tuple[ChangeLine, ...] = ()
    size: str
    author: str
    reach: str
    risk: str
    """Level and score."""
    factors: tuple[Factor, ...] = ()


class Word(FrozenModel):
    """What one person said: QA's recommendation, or an approval in a role."""

    role: str
    by: str
    at: str
    said: str


class GatesPart(FrozenModel):
    """2: what the gates said, by which configuration, on which evidence."""

    outcome: str
    verdict: GateOutcome | None = None
    words: tuple[Word, ...] = ()
    evidence: tuple[EvidenceLine, ...] = ()


class StepLine(FrozenModel):
    """One step as it went; `at` is when it began, `share` the candidate's bad share in it, None without requests."""

    number: int
    weight: Percent
    at: float
    seconds: float | None
    requests: int
    bad: int
    share: float | None
    baseline_requests: int
    baseline_bad: int
    baseline_share: float | None
    verdict: str
    reason: str
    counted: str
    mirror: Mirrored | None = None
    """Where it got copies of requests and no user."""


class WatchLine(FrozenModel):
    """One moment of the watch."""

    at: float
    what: str
    by: str


class WatchPart(FrozenModel):
    """The watch after 100%."""

    planned: str
    opened: float
    ended: float | None
    """None while it is open."""
    status: str
    phase: str
    moved_to: str | None = None
    """The version that a breach gave all the traffic to; None where it moved none."""
    moments: tuple[WatchLine, ...]
    counts: tuple[WatchCount, ...] = ()


class StrategyPart(FrozenModel):
    """3: how it was rolled out, and when what happened."""

    kind: str
    course: str
    planned: str
    recommended: str
    """What the risk asked for, with its reasons; empty where the manifest is not known."""
    began: float
    ended: float
    steps: tuple[StepLine, ...] = ()
    watch: WatchPart | None = None
    """None where none is on record."""


class GuardrailLine(FrozenModel):
    """One guardrail over the whole rollout. `evidence` is the most that stood against the release in it."""

    name: str
    kind: str
    limit: str
    bad: int | None
    total: int | None
    baseline_bad: int | None
    baseline_total: int | None
    evidence: float | None
    threshold: float | None
    crossed: bool


class HealthPart(FrozenModel):
    """4: what was observed."""

    guardrails: tuple[GuardrailLine, ...] = ()
    series: Series = Series()
    notes: tuple[str, ...] = ()
    caveat: str = ""


class MigrationLine(FrozenModel):
    """One migration and its way back."""

    id: str
    phase: str
    back: str


class RollbackPart(FrozenModel):
    """5: whether it was undone, and how it may be."""

    status: str
    is_undone: bool = False
    """Whether it had completed, and another version took the traffic from it by its watch or by a rollback."""
    serves: str
    """What serves after the rollout and what undid it."""
    way_back: str
    limit: str
    constraints: tuple[str, ...] = ()
    compensations: tuple[str, ...] = ()
    migrations: tuple[MigrationLine, ...] = ()


class ActionItem(FrozenModel):
    """6: one thing that is left to do. `due` is a date."""

    id: str
    what: str
    why: str
    owner: str
    due: str
    priority: Priority


class Report(FrozenModel):
    """Everything that is told of one release."""

    format: int = 1
    service: str
    version: str
    revision: str
    digest: str
    stack: str
    target: str
    manifest: str
    by: str
    owner: str
    runbook: str
    ending: Ending
    headline: str
    explanation: tuple[str, ...]
    """What happened, for a reader who was not there; one paragraph each."""
    seq: int
    hash: Sha256
    """Of the record that all of this is from."""
    scope: ScopePart
    gates: GatesPart
    strategy: StrategyPart
    health: HealthPart
    rollback: RollbackPart
    actions: tuple[ActionItem, ...]
    dora: Dora
