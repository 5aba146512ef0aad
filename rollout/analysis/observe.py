"""One look at all guardrails: the decision."""

from __future__ import annotations

from math import exp

from rollout.analysis.evidence import Evidence
from rollout.analysis.judge import judge
from rollout.analysis.reasons import number
from rollout.analysis.rules import Rule
from rollout.analysis.state import State
from rollout.analysis.types import Decision, Finding, Tick, Verdict

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
    evidence: Evidence, rules: tuple[Rule, ...], states: tuple[State, ...], findings: tuple[Finding, ...]
) -> Decision:
    threshold = 1.0 / evidence.settings.analysis.false_abort
    parts = [(rule.part, state.abort.log, rule.log_abort) for rule, state in zip(rules, states, strict=True)]
    # Each M_j counts up to its own threshold only: beyond, it is no supermartingale any more (overshoot removal).
    failed = sum([part * exp(min(log, most)) for part, log, most in parts if part]) >= threshold * ROUNDING
    total = sum([part * exp(min(700.0, log)) for part, log, _ in parts if part])
    total = max(total, threshold) if failed else total
    verdicts = {finding.verdict for finding in findings}
    if failed and Verdict.FAIL not in verdicts:
        reason = f"the guardrails together: abort evidence {number(total)} >= {number(threshold)}; "
        reason += "; ".join([finding.reason for finding in findings if finding.threshold > 0.0])
        return Decision(Verdict.FAIL, total, threshold, findings, reason)
    verdict = next((verdict for verdict in ORDER if verdict in verdicts), Verdict.INCONCLUSIVE)
    reason = "; ".join([finding.reason for finding in findings if finding.verdict is verdict])
    return Decision(verdict, total, threshold, findings, reason)
