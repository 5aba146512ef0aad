"""The abort test of one guardrail: evidence that the candidate is worse than tolerated."""

from __future__ import annotations

from functools import lru_cache
from math import exp, log
from operator import mul

from slipway.release.units import Percent, fraction
from slipway.rollout.analysis import common
from slipway.rollout.analysis import constants as const
from slipway.rollout.analysis.likelihood import at_odds, exposure_logs, level_bets, share_bets, share_logs
from slipway.rollout.analysis.mixture import mix_and_share, restart_rate, share
from slipway.rollout.analysis.nulls import acceptable_share, warm_share
from slipway.rollout.analysis.overshoot import boost
from slipway.rollout.analysis.rules import CompiledGuardrail
from slipway.rollout.analysis.state import Buckets, State, Step, Wealth
from slipway.rollout.analysis.types import Counts, GuardrailCounts

Family = tuple[float, list[float] | None]
"""Bets of one kind: their part of the prior and their log likelihood ratios; None when they do not bet in this tick."""

Pairs = list[tuple[float, float]]
"""For each alternative: what a bad event on the candidate, and what one on either side adds. Empty: no baseline."""

SIZE = len(const.PRIOR)
"""Alternatives of one family."""
SMALLEST = 1
"""Index of the smallest alternative that is not in the null."""
NOTHING = [0.0] * len(const.MULTIPLES)
"""Log likelihood ratios of a tick without bad events on either side."""


def bet(
    rule: CompiledGuardrail, state: State, counts: GuardrailCounts, weight: Percent, length: float, warm: bool
) -> Wealth:
    """One bet: `M <- M sum_k w_k l_k`, then fixed share. `weight` is in percent, `length` the seconds of the counts.

    By Ville's inequality the chance that M ever reaches 1 / (alpha v) is at most alpha v for a candidate whose
    ratio (or, alone, whose bad share) is at most what is acceptable, however often one looks. Beside a baseline
    nothing but the ratio is bet on: the baseline may be bad itself in the very moment that is judged, and an
    absolute share would hold an incident that both sides have against the candidate.
    """
    if rule.absolute or is_alone(rule, weight, state.step, counts.baseline.total):
        null = acceptable_share(rule, state.baseline)
        share_ = None if null is None else warm_share(null[0]) if warm else null[0]
        name, families = "alone", [] if share_ is None else _against(rule, share_, counts.candidate)
    else:
        usual = None if warm else common.usual_share(state.baseline)
        name = "relative" if usual is None else "common"
        families = _relative(rule, state, counts, const.WARM_UP_RATIO if warm else rule.tolerate, usual)
    if not families:
        return state.abort
    return _play(rule, state.abort, f"{name} warm" if warm else name, families, counts, length)


def small_fault(wealth: Wealth) -> float:
    """Log evidence for the smallest of the alternatives (MULTIPLES[1]), over all steps so far. A fault that is just
    large enough to be bet on shows here first, while the mixture still pays for the larger ones. For guardrails of
    several families of bets it is that of the whole mixture."""
    if len(wealth.weights) != SIZE:
        return wealth.log
    part = wealth.weights[SMALLEST] / const.PRIOR[SMALLEST]
    return wealth.log + log(part) if part > 0.0 else const.EVIDENCE_FLOOR


def is_alone(rule: CompiledGuardrail, weight: Percent, step: Step, now: int = 0) -> bool:
    """Whether no baseline runs beside the candidate: by the weight, or because nothing has reached it in this step,
    nor `now`, although that all requests go to the candidate has a chance of `(weight / 100)^n` alone. Then what was
    recorded of the baseline before must do."""
    if rule.first_release or weight >= 100.0:
        return True
    if step.baseline or now or step.seconds < const.QUIET_SECONDS:
        return False
    return weight > 0.0 and -log(fraction(weight)) * step.candidate >= const.MISSED


def _play(
    rule: CompiledGuardrail, wealth: Wealth, regime: str, families: list[Family], counts: GuardrailCounts, length: float
) -> Wealth:
    prior = const.PRIOR if len(families) == 1 else _prior(tuple([part for part, _ in families]))
    weights = wealth.weights if wealth.regime == regime and len(wealth.weights) == len(prior) else prior
    growth, spread = _mix_awake(weights, [logs for _, logs in families], prior, restart_rate(length, rule.horizon))
    boosted = regime == "relative" and len(families) == 1 and rule.phi <= 1.0
    if boosted and growth < rule.log_abort - wealth.log:
        growth += _boosted(rule, wealth, weights, counts)
    return Wealth(min(700.0, wealth.log + growth), regime, spread)


def _boosted(rule: CompiledGuardrail, wealth: Wealth, weights: tuple[float, ...], counts: GuardrailCounts) -> float:
    candidate, baseline = counts.candidate, counts.baseline
    both = candidate.bad + baseline.bad
    rhos = ratios(rule.tolerate)
    room = rule.log_abort - wealth.log
    return boost(weights, rule.tolerate, rhos, candidate.total, baseline.total, both, room)


def _against(rule: CompiledGuardrail, null: float, counts: Counts) -> list[Family]:
    """Bets against "bad share at most null"."""
    if rule.phi > 1.0:
        return [(1.0, level_bets(null, const.MULTIPLES, rule.phi, counts.total, counts.bad))]
    shares = [at_odds(null, multiple) for multiple in const.MULTIPLES]
    return [(1.0, share_logs(null, shares, counts.total, counts.bad))]


def _relative(
    rule: CompiledGuardrail, state: State, counts: GuardrailCounts, rho0: float, usual: float | None
) -> list[Family]:
    candidate, baseline = counts.candidate, counts.baseline
    pairs: Pairs = []
    if baseline.total:
        # What an event on the candidate adds to each bet, and what one on either side does, whatever its kind is.
        rhos = ratios(rho0)
        pairs = list(zip(const.GAINS, exposure_logs(rho0, rhos, candidate.total, baseline.total), strict=True))
    families = _own(rule, counts, rho0, usual, pairs)
    if not rule.nature.by_bounds or not state.buckets.places:
        return families
    others = _bucket_logs(rule, state.buckets, counts, rho0, pairs)
    rest = (1.0 - const.THRESHOLD_PRIOR) / len(others)
    families = [(part * const.THRESHOLD_PRIOR, logs) for part, logs in families]
    return families + [(rest, logs) for logs in others]


def _own(
    rule: CompiledGuardrail, counts: GuardrailCounts, rho0: float, usual: float | None, pairs: Pairs
) -> list[Family]:
    """The bets on the bad events themselves. With clusters only those that one large cluster cannot mislead, as it
    would mislead a quasi-likelihood. Where bad events are common it joins nevertheless, in ticks
    that are expected to have many, as the share of the bad events alone tells little there."""
    candidate, baseline = counts.candidate, counts.baseline
    both = candidate.bad + baseline.bad
    if rule.phi <= 1.0 and usual is None:
        return [(1.0, _ratio(candidate.bad, both, pairs))]
    if rule.phi <= 1.0 and usual is not None:
        shares = common.worse(rho0, usual)
        return [(1.0, common.two_sample_logs(rho0, shares, usual, candidate, baseline, above=True))]
    bets = share_bets(rho0, ratios(rho0), candidate.total, baseline.total, candidate.bad, both)
    if usual is None:
        return [(1.0, bets)]
    dense = usual * (candidate.total + baseline.total) >= const.QUASI_EVENTS * rule.phi
    logs = common.two_sample_logs(rho0, common.worse(rho0, usual), usual, candidate, baseline, above=True)
    return [(0.5, [value / rule.phi for value in logs] if dense else None), (0.5, bets)]


def _bucket_logs(
    rule: CompiledGuardrail, buckets: Buckets, counts: GuardrailCounts, rho0: float, pairs: Pairs
) -> list[list[float] | None]:
    """The bets on "slower than this bound" for each bound that takes part and whose baseline share is in range."""
    candidate, baseline = counts.candidate, counts.baseline
    if candidate.bounds != buckets.bounds or baseline.bounds != buckets.bounds:
        return [None] * len(buckets.places)
    low, high = (limit * buckets.total for limit in const.BUCKET_SHARES)
    families: list[list[float] | None] = []
    for place, seen in zip(buckets.places, buckets.slower, strict=True):
        slow, both = candidate.slower[place], candidate.slower[place] + baseline.slower[place]
        if not low < seen < high:
            families.append(None)
        elif rule.phi > 1.0:
            families.append(share_bets(rho0, ratios(rho0), candidate.total, baseline.total, slow, both))
        else:
            families.append(_ratio(slow, both, pairs))
    return families


def _ratio(bad: float, both: float, pairs: Pairs) -> list[float]:
    """`ratio_logs` for the alternatives of the abort test, whose gains are the same against any tolerated ratio."""
    if not both or not pairs:
        return NOTHING
    return [bad * gain + both * fall for gain, fall in pairs]


def _mix_awake(
    weights: tuple[float, ...], families: list[list[float] | None], prior: tuple[float, ...], eps: float
) -> tuple[float, tuple[float, ...]]:
    """`mix_and_share`, the bets coming from the families that bet in this tick; the others keep their weight
    (specialists, Freund et al. 1997)."""
    logs: list[float] = []
    for family in families:
        logs += family or ()
    if len(logs) == len(weights):
        return mix_and_share(weights, logs, prior, eps)
    shares = [weights[at : at + SIZE] for at in range(0, len(weights), SIZE)]
    awake: list[float] = []
    for family, own in zip(families, shares, strict=True):
        awake += own if family else ()
    wealth = sum(awake)
    if wealth <= 0.0 or not any(logs):
        return 0.0, share(weights, prior, eps)
    top = max(logs)
    parts = list(map(mul, awake, map(exp, [value - top for value in logs])))
    total = sum(parts)
    if total <= 0.0:
        return -700.0, share(weights, prior, eps)
    scale, at = wealth / total, 0
    merged: list[float] = []
    for family, own in zip(families, shares, strict=True):
        merged += [scale * part for part in parts[at : at + SIZE]] if family else own
        at += SIZE if family else 0
    return top + log(total / wealth), share(merged, prior, eps)


@lru_cache(maxsize=64)
def _prior(parts: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(part * weight for part in parts for weight in const.PRIOR)


@lru_cache(maxsize=64)
def ratios(rho0: float) -> tuple[float, ...]:
    """The alternatives of the abort test against `rho0`."""
    return tuple(rho0 * multiple for multiple in const.MULTIPLES)


def statistic(wealth: Wealth) -> float:
    """M, for people."""
    return exp(min(700.0, wealth.log))
