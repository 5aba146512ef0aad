"""One look at all guardrails: the decision."""

from __future__ import annotations

from math import exp

from slipway.rollout.analysis.evidence import Evidence
from slipway.rollout.analysis.judge import judge
from slipway.rollout.analysis.reasons import number
from slipway.rollout.analysis.rules import CompiledGuardrail
from slipway.rollout.analysis.state import State
from slipway.rollout.analysis.types import Decision, GuardrailResult, Tick, Verdict

ROUNDING = 1.0 - 1e-12
ORDER = (Verdict.FAIL, Verdict.ERROR, Verdict.INCONCLUSIVE, Verdict.PASS)


def observe(evidence: Evidence, tick: Tick) -> tuple[Evidence, Decision]:
    """Pure: the new evidence and what follows from it.

    FAIL when `sum v_j M_j >= 1 / alpha` (valid under any dependence between the guardrails, Vovk & Wang 2021), or
    when an alert fires. PASS only when every guardrail passes. ERROR when one could not be read in this tick.
    """
    rules = evidence.settings.rules
    looks = [judge(rule, state, tick) for rule, state in zip(rules, evidence.states, strict=True)]
    states = tuple([state for state, _ in looks])
    return Evidence(evidence.settings, states), _decide(evidence, rules, states, tuple([found for _, found in looks]))


def _decide(
    evidence: Evidence,
    rules: tuple[CompiledGuardrail, ...],
    states: tuple[State, ...],
    findings: tuple[GuardrailResult, ...],
) -> Decision:
    threshold = 1.0 / evidence.settings.analysis.false_abort
    total = counted = 0.0
    for rule, state in zip(rules, states, strict=True):
        if rule.part:
            log = state.abort.log
            total += rule.part * exp(log if log < 700.0 else 700.0)
            # M_j counts up to its own threshold only: beyond, it is no supermartingale any more (overshoot removal).
            counted += rule.part * exp(log if log < rule.log_abort else rule.log_abort)
    verdict = _worst(findings)
    if counted >= threshold * ROUNDING:
        total = max(total, threshold)
        if verdict is not Verdict.FAIL:
            reason = f"the guardrails together: abort evidence {number(total)} >= {number(threshold)}; "
            reason += "; ".join([finding.reason for finding in findings if finding.threshold > 0.0])
            return Decision(Verdict.FAIL, total, threshold, findings, reason)
    reason = "; ".join([finding.reason for finding in findings if finding.verdict is verdict])
    return Decision(verdict, total, threshold, findings, reason)


def _worst(findings: tuple[GuardrailResult, ...]) -> Verdict:
    """The first of ORDER that a guardrail has; without guardrails nothing was shown."""
    if len(findings) == 1:
        return findings[0].verdict
    for verdict in ORDER:
        for finding in findings:
            if finding.verdict is verdict:
                return verdict
    return Verdict.INCONCLUSIVE
