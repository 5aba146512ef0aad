"""What goes into a decision and what comes out: small frozen values that the journal can hold as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from slipway.release.units import Percent
from slipway.rollout.analysis.sides import Sides


class Verdict(StrEnum):
    """Four different things: no data is never a pass, and a broken source is not a bad candidate."""

    PASS = "PASS"  # noqa: S105
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"
    ERROR = "ERROR"


@dataclass(frozen=True, slots=True)
class Counts:
    """Events of one side within one tick: `bad` of `total`. For latency also the histogram of the tick:
    `slower[i]` events were slower than `bounds[i]` seconds (bounds ascending, so `slower` does not grow); `bad`
    is what was slower than the declared threshold. For client-failures `total` are the clients that were seen
    for the first time on this side in this step, `bad` those that failed for the first time in it (0 where that
    is not told apart: then the first failures are counted)."""

    total: int
    bad: int
    bounds: tuple[float, ...] = ()
    slower: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class GuardrailCounts:
    """Both sides of one guardrail within one tick. `firing` is for alert guardrails only."""

    candidate: Counts
    baseline: Counts
    firing: bool | None = None
    first_failures: tuple[tuple[str, bool], ...] = ()
    """For client-failures, in order: (hashed client key, failed on the candidate side). Repeats of a client are
    harmless. A key that stands for a bucket of several clients begins with `bucket:`."""
    alive: bool = False
    """For client-failures: the candidate answered some client, possibly one that was counted before."""
    signatures: tuple[tuple[str, int, int], ...] = ()
    """For logs: the text of each error, and how many requests of the candidate and of the baseline had it."""
    judged: Sides[Counts] | None = None
    """For client-failures: the clients whose time of observation ended in this tick, and those
    of them who failed in it. Where shares are tested these count, since a client that was only just seen is not yet
    a good one; None where that time is not known: then `candidate` and `baseline` do."""

    baseline_alive: bool = False
    """As `alive`, of the baseline."""
    sampled: float = 1.0
    """For client-failures: about the share of all clients that is counted here, on both sides alike."""


@dataclass(frozen=True, slots=True)
class Tick:
    """One look. `at` and `in_step` are seconds since the rollout and since the current step began, `length`
    those that the counts cover; `weight` is the candidate's share in percent that was in force during the
    tick. A guardrail whose source failed is in `errors` (name -> reason) and not in `counts`."""

    at: float
    in_step: float
    length: float
    weight: Percent
    counts: Mapping[str, GuardrailCounts]
    errors: Mapping[str, str]
    mirror: Percent = 0.0
    """Percent of the requests whose copies the candidate got, of the methods that are copied; its counts are theirs."""


@dataclass(frozen=True, slots=True)
class GuardrailResult:
    """One guardrail's state after a look, with its reason: `statistic` is the evidence, compared with
    `threshold`; `n` the candidate's events; `detectable` the smallest ratio that could still be detected in
    the time left (None when none can; after FAIL: if the evidence began anew). `promote_statistic` is the
    evidence for leaving the current weight, compared with `promote_threshold` (both 0 where nothing of the
    kind is tested)."""

    guardrail: str
    verdict: Verdict
    statistic: float
    threshold: float
    n: int
    candidate_bad: int
    baseline_total: int
    baseline_bad: int
    detectable: float | None
    reason: str
    promote_statistic: float = 0.0
    promote_threshold: float = 0.0


@dataclass(frozen=True, slots=True)
class Decision:
    """FAIL: abort now. PASS: every guardrail allows to leave the current weight. INCONCLUSIVE: keep looking.
    ERROR: a source failed on this tick (the controller knows the grace)."""

    verdict: Verdict
    statistic: float
    threshold: float
    findings: tuple[GuardrailResult, ...]
    reason: str
