"""The smallest fault that could still be noticed in a step, at the traffic that it has had."""

from __future__ import annotations

from slipway.release.units import Percent
from slipway.rollout.analysis import constants as const
from slipway.rollout.analysis.abort import is_alone
from slipway.rollout.analysis.common import common_growth, usual_share
from slipway.rollout.analysis.detectable import Detectable, absolute_growth, odds_ratio, relative_growth, smallest_ratio
from slipway.rollout.analysis.likelihood import at_odds
from slipway.rollout.analysis.nulls import acceptable_share
from slipway.rollout.analysis.rules import CompiledGuardrail
from slipway.rollout.analysis.state import State

MOST_SHARE = 0.9
"""Alone, no fault larger than this share is asked for."""
NOTHING = Detectable()


def smallest(rule: CompiledGuardrail, state: State, weight: Percent, left: float) -> Detectable:
    """What is noticed within `left` seconds if the requests go on as in this step. What could not be bet on, because
    the other side had none meanwhile, tells nothing: the times in which both had some are what counts."""
    step = state.step
    if step.seconds <= 0.0 or not step.candidate:
        return NOTHING
    if rule.absolute or is_alone(rule, weight, step):
        return _alone(rule, state, step.candidate / step.seconds / rule.phi, left)
    met = step.met / step.seconds if rule.nature.counts != "clients" else 1.0
    rate, other = (met * total / step.seconds / rule.phi for total in (step.candidate, step.baseline))
    if rate <= 0.0 or other <= 0.0:
        return NOTHING
    usual, needed = usual_share(state.baseline), _needed(rule, state)
    if usual is not None:
        growth, most = common_growth(rule.tolerate, rate, other, usual), MOST_SHARE / usual
    else:
        share = (step.baseline_bad + 0.5) / (step.baseline + 1.0)
        growth, most = relative_growth(rule.tolerate, rate, other, share), 1.0 / share
    return Detectable(smallest_ratio(growth, rule.tolerate, needed, left, most))


def _alone(rule: CompiledGuardrail, state: State, rate: float, left: float) -> Detectable:
    null = acceptable_share(rule, state.baseline)
    if null is None:
        return NOTHING
    most = odds_ratio(MOST_SHARE, null[0])
    odds = smallest_ratio(absolute_growth(null[0], rate), 1.0, _needed(rule, state), left, most)
    if odds is None:
        return NOTHING
    share, baseline = at_odds(null[0], odds), state.baseline
    if rule.absolute or not baseline.bad:
        return Detectable(share=share)
    return Detectable(share * baseline.total / baseline.bad, share)


def _needed(rule: CompiledGuardrail, state: State) -> float:
    """Nats from the evidence so far to an abort."""
    return rule.log_abort - state.abort.log + const.MIXTURE_COST
