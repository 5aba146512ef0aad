"""One guardrail, one look: the verdict on what is known, with its reason."""

from __future__ import annotations

from math import exp

from slipway.rollout.analysis import constants as const
from slipway.rollout.analysis import reasons as say
from slipway.rollout.analysis.abort import small_fault
from slipway.rollout.analysis.abort_reason import shown
from slipway.rollout.analysis.common import usual_share
from slipway.rollout.analysis.copies import as_judged
from slipway.rollout.analysis.learn import begin_step, is_warming, learn
from slipway.rollout.analysis.nulls import bounded_share, promotable_share
from slipway.rollout.analysis.rules import CompiledGuardrail
from slipway.rollout.analysis.smallest import smallest
from slipway.rollout.analysis.state import State, Wealth
from slipway.rollout.analysis.types import Counts, GuardrailCounts, GuardrailResult, Tick, Verdict


def judge(rule: CompiledGuardrail, state: State, tick: Tick) -> tuple[State, GuardrailResult]:
    """A guardrail that could not be read, or whose counts make no sense, is an ERROR and learns nothing."""
    tick = as_judged(rule, tick)
    if tick.in_step < state.step.at:
        state = begin_step(rule, state)
    counts = tick.counts.get(rule.name)
    problem = tick.errors.get(rule.name) or _problem(rule, counts)
    if problem or counts is None:
        return state, _finding(rule, state, Verdict.ERROR, problem)
    if rule.nature.counts == "nothing":
        verdict, text = (Verdict.FAIL, "firing") if counts.firing else (Verdict.PASS, "not firing")
        return state, _alert(rule, verdict, text)
    state = learn(rule, state, counts, tick)
    return state, _verdict(rule, state, tick)


def _problem(rule: CompiledGuardrail, counts: GuardrailCounts | None) -> str:
    if counts is None:
        return "the source returned nothing for it"
    if rule.nature.counts == "nothing":
        return "" if counts.firing is not None else "the source does not say whether the alert fires"
    return _nonsense(rule, "candidate", counts.candidate) or _nonsense(rule, "baseline", counts.baseline)


def _nonsense(rule: CompiledGuardrail, name: str, side: Counts) -> str:
    if side.total < 0 or side.bad < 0 or (side.bad > side.total and rule.nature.counts != "clients"):
        return f"the counts make no sense: {side.bad} bad of {side.total} on the {name} side"
    if len(side.bounds) != len(side.slower):
        return f"the histogram makes no sense: {len(side.bounds)} bounds, {len(side.slower)} counts"
    return ""


def _alert(rule: CompiledGuardrail, verdict: Verdict, text: str) -> GuardrailResult:
    reason = f"{rule.name}: the alert is {text} (no error rate is promised for an alert)"
    return GuardrailResult(rule.name, verdict, float(verdict is Verdict.FAIL), 1.0, 0, 0, 0, 0, None, reason)


def _verdict(rule: CompiledGuardrail, state: State, tick: Tick) -> GuardrailResult:
    alone = rule.first_release or tick.weight >= 100.0
    left = max(0.0, rule.horizon - tick.in_step)
    if state.abort.log >= rule.log_abort:
        seen = smallest(rule, state._replace(abort=Wealth()), tick.weight, left)
        return _finding(rule, state, Verdict.FAIL, shown(rule, state, alone), seen.ratio, alone)
    if rule.first_release and rule.objective is None:
        return _finding(rule, state, Verdict.PASS, _only_readiness(rule), alone=True)
    silence = _silence(state, tick)
    if silence:
        return _finding(rule, state, Verdict.INCONCLUSIVE, silence, alone=alone)
    seen = smallest(rule, state, tick.weight, left)
    if is_warming(rule, state, tick):
        text = f"warm-up of {say.duration(rule.warm_up)}: only a gross fault aborts"
        return _finding(rule, state, Verdict.INCONCLUSIVE, text, seen.ratio, alone)
    text = say.detectable(seen, left)
    claim = _claim(rule, state, tick, alone)
    verdict = Verdict.PASS if claim else Verdict.INCONCLUSIVE
    return _finding(rule, state, verdict, f"{claim}, {text}" if claim else text, seen.ratio, alone)


def _claim(rule: CompiledGuardrail, state: State, tick: Tick, alone: bool) -> str:
    """What was shown that allows to leave the weight; empty while nothing was. While there is more evidence than at the
    beginning for the smallest fault that is bet on, the harm being bounded is no reason to go on."""
    usual, step = usual_share(state.baseline), state.step
    if state.promote.log >= rule.log_promote:
        share = promotable_share(rule, tick.weight, alone, state.baseline)
        return say.claim(rule, tick.weight, alone, share, usual)
    if state.bounded.log < rule.log_promote or small_fault(state.abort) > 0.0 or not step.seconds:
        return ""
    bounded = bounded_share(rule, tick.weight, (step.candidate + step.baseline) / step.seconds, state.baseline)
    return "" if bounded is None else say.bounded_claim(rule, tick.weight, bounded)


def _silence(state: State, tick: Tick) -> str:
    if tick.weight <= 0.0:
        return "no candidate traffic at weight 0%"
    if not state.step.candidate or state.last_at is None:
        return "no candidate traffic in this step"
    quiet = tick.at - state.last_at
    return f"no candidate traffic for {quiet:.0f}s" if quiet > const.QUIET_SECONDS else ""


def _only_readiness(rule: CompiledGuardrail) -> str:
    stop = f"; above {const.GROSS_SHARE:.0%} it aborts" if rule.gross else ""
    return f"a first release without an objective: only readiness is judged{stop}"


def _hopes(rule: CompiledGuardrail, state: State) -> float:
    """The evidence for leaving the weight that is nearest to do so."""
    going = state.bounded.regime and small_fault(state.abort) <= 0.0
    bounded = state.bounded.log if going else const.EVIDENCE_FLOOR
    return state.promote.log if state.promote.log >= rule.log_promote else max(state.promote.log, bounded)


def _finding(
    rule: CompiledGuardrail, state: State, verdict: Verdict, text: str, ratio: float | None = None, alone: bool = False
) -> GuardrailResult:
    step = state.step
    evidence, hopes = exp(min(700.0, state.abort.log)), exp(_hopes(rule, state))
    threshold, needed = rule.abort_at, rule.promote_at
    if verdict is Verdict.ERROR:
        reason = f"{rule.name}: {text}"
    else:
        seen = say.events(rule, step, alone or rule.absolute)
        line = say.evidence_line(verdict, evidence, threshold, hopes, needed)
        clusters = f"; bad events come in clusters (dispersion {rule.phi:.2g})" if rule.phi > 1.0 else ""
        reason = f"{rule.name}: {seen}; {line}; {text}{clusters}"
    return GuardrailResult(
        rule.name,
        verdict,
        evidence,
        threshold,
        step.candidate,
        step.candidate_bad,
        step.baseline,
        step.baseline_bad,
        ratio,
        reason,
        hopes,
        needed,
    )
