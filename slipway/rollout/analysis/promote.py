"""The promotion test of one guardrail: evidence that the candidate is good enough to leave the current weight."""

from __future__ import annotations

from functools import lru_cache
from math import log, sqrt

from slipway.release.units import Percent
from slipway.rollout.analysis import common
from slipway.rollout.analysis import constants as const
from slipway.rollout.analysis.likelihood import ratio_logs, share_logs
from slipway.rollout.analysis.mixture import mix_and_share, restart_rate
from slipway.rollout.analysis.nulls import bounded_share, plain_share, promotable_share
from slipway.rollout.analysis.rules import CompiledGuardrail, highest_ratio
from slipway.rollout.analysis.state import Baseline, Wealth
from slipway.rollout.analysis.types import GuardrailCounts

RELATIVE_PRIOR = (0.25, 0.15, 0.1)
FRACTIONS = (0.0, 0.25, 0.5, 0.75)
"""Alternatives of the absolute half, as fractions of the share that is to be rejected."""
BESIDE_PRIOR = (*RELATIVE_PRIOR, 0.3, 0.05, 0.1, 0.05)
CAP = log(const.PROMOTE_CAP)
ALONE_PRIOR = (0.55, 0.15, 0.15, 0.15)
BOUNDED_PRIOR = (0.7, 0.3)
"""Where the harm is bounded: as bad as usual, and between that and the share that is to be rejected."""


def bet(
    rule: CompiledGuardrail, wealth: Wealth, baseline: Baseline, counts: GuardrailCounts, weight: Percent, length: float
) -> Wealth:
    """One tick against the null "ratio >= rho_M and bad share >= f" (alone: "bad share >= f").

    Half of the evidence is the conditional binomial against rho_M with alternatives below it, half the binomial
    against f, so that a service without any errors can be promoted: after about ln(3 / beta) / f requests.
    """
    alone = rule.first_release or rule.absolute or weight >= 100.0
    name, prior = ("alone", ALONE_PRIOR) if alone else ("beside", BESIDE_PRIOR)
    null = promotable_share(rule, weight, rule.first_release or weight >= 100.0, baseline)
    logs = share_logs(null, _fractions(null), counts.candidate.total, counts.candidate.bad)
    if not alone:
        logs = _relative(rule, baseline, counts, weight) + logs
    return _play(rule, wealth, name, prior, logs, length)


def bet_bounded(
    rule: CompiledGuardrail,
    wealth: Wealth,
    baseline: Baseline,
    counts: GuardrailCounts,
    weight: Percent,
    rate: float,
    length: float,
) -> Wealth:
    """One tick against the null "bad share >= what fails more than the declared harm at the next weight"; nothing where
    the harm is not bounded. `rate` is that of both sides' requests in a second, known before any was good or bad."""
    null = bounded_share(rule, weight, rate, baseline)
    if null is None:
        return Wealth()
    usual = min(plain_share(baseline) or 0.0, 0.75 * null)
    logs = share_logs(null, (usual, sqrt(usual * null)), counts.candidate.total, counts.candidate.bad)
    return _play(rule, wealth, "bounded", BOUNDED_PRIOR, logs, length)


def _play(
    rule: CompiledGuardrail, wealth: Wealth, regime: str, prior: tuple[float, ...], logs: list[float], length: float
) -> Wealth:
    weights = wealth.weights if wealth.regime == regime else prior
    if rule.phi > 1.0:
        logs = [value / rule.phi for value in logs]
    growth, weights = mix_and_share(weights, logs, prior, restart_rate(length, rule.horizon))
    total = max(const.EVIDENCE_FLOOR, min(rule.log_promote + CAP, wealth.log + growth))
    return Wealth(total, regime, weights)


def _relative(rule: CompiledGuardrail, baseline: Baseline, counts: GuardrailCounts, weight: Percent) -> list[float]:
    """The bets against "ratio >= rho_M"."""
    candidate, other, highest = counts.candidate, counts.baseline, highest_ratio(rule, weight)
    usual = common.usual_share(baseline)
    if usual is None:
        both = candidate.bad + other.bad
        if baseline.total < common.ENOUGH and both >= common.COMMON * (candidate.total + other.total):
            return [0.0] * len(RELATIVE_PRIOR)  # Perhaps these events are common: the first tick cannot know.
        return ratio_logs(highest, _goals(highest), candidate.total, other.total, candidate.bad, both)
    highest = common.highest_common_ratio(highest, rule.tolerate, usual)
    shares = (usual, usual * sqrt(highest), 0.3 * usual)
    return common.two_sample_logs(highest, shares, usual, candidate, other, above=False)


@lru_cache(maxsize=256)
def _fractions(null: float) -> tuple[float, ...]:
    return tuple(null * part for part in FRACTIONS)


@lru_cache(maxsize=256)
def _goals(highest: float) -> tuple[float, ...]:
    """Ratios of candidates that should pass: as good as the baseline, not quite, and much better."""
    return (1.0, sqrt(highest), 0.3)
