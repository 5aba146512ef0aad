"""The kill of a flag whose guardrails failed, with what was decided from as its evidence. Pure."""

from __future__ import annotations

from slipway.release.flags.attempts import Exposing
from slipway.release.flags.journal import Change
from slipway.release.units import Percent
from slipway.rollout.analysis.types import Decision, GuardrailResult, Verdict

GUARD = "guard"
"""Who kills a flag when its guardrails fail."""


def kill_of(exposing: Exposing, percent: Percent, reason: str, decision: Decision | None, now: float) -> Change:
    """The change to write until it stands: its id is always the same for one rollout."""
    findings = decision.findings if decision is not None else ()
    return Change(
        id=f"{exposing.id}-kill",
        flag=exposing.flag,
        action="kill",
        by=GUARD,
        at=now,
        reason=reason,
        evidence={
            "exposure": exposing.id,
            "percent": percent,
            "guardrails": [_evidence(one) for one in findings if one.verdict is Verdict.FAIL],
        },
    )


def _evidence(finding: GuardrailResult) -> dict[str, str | float | int | bool | None]:
    return {
        "guardrail": finding.guardrail,
        "statistic": finding.statistic,
        "threshold": finding.threshold,
        "failed": finding.candidate_bad,
        "of": finding.n,
        "offFailed": finding.baseline_bad,
        "offOf": finding.baseline_total,
    }
