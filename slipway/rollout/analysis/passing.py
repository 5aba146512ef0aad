"""When a healthy candidate passes a step, and how likely it ends undecided: for the plan, before anything moves."""

from __future__ import annotations

from math import erfc, exp, inf, log, sqrt
from typing import NamedTuple

from slipway.release.manifest.analysis import Analysis, ExpectedTraffic
from slipway.release.units import Percent, fraction
from slipway.rollout.analysis import constants as const
from slipway.rollout.analysis.common import COMMON, ENOUGH, highest_common_ratio, information, nearest
from slipway.rollout.analysis.nulls import bounded_share, promotable_share
from slipway.rollout.analysis.rules import CompiledGuardrail, highest_ratio
from slipway.rollout.analysis.state import Baseline


class Passing(NamedTuple):
    """Mean seconds until a candidate with the usual bad share passes (infinite: never), the chance that it has not
    within the horizon, and the bad share that is ruled out then where the harm of going on is bounded."""

    seconds: float
    undecided: float
    bounded: float | None = None


class _Growth(NamedTuple):
    """Nats a second that the evidence for promotion grows by on average, and the variance of that."""

    mean: float
    variance: float


LARGE = 10**9
LATE_COST = 2.0
"""Nats that a candidate with errors needs more when it is late: few alternatives are as bad as it is."""
NEVER = _Growth(0.0, 0.0)


def foresee_passing(
    rule: CompiledGuardrail,
    analysis: Analysis,
    expected: ExpectedTraffic,
    weight: Percent,
    baseline: Baseline,
    opens: Percent | None = None,
) -> Passing:
    """By the ratio, by the share, or by the harm that is bounded, whichever is sooner. `opens` is the weight for which
    enough must be shown, where that is another one."""
    shown = weight if opens is None else opens
    if rule.first_release and rule.objective is None:
        return Passing(0.0, 0.0)
    alone = rule.first_release or weight >= 100.0
    errors = expected.bad_share > 0.0
    candidate, cost = expected.rate * fraction(weight), const.PROMOTE_COST if errors else 0.0
    null = promotable_share(rule, shown, alone, baseline)
    needed, ways = rule.log_promote + cost, [_by_share(null, candidate, expected)]
    if not alone and not rule.absolute:
        needed += log(2.0 if errors else const.WITHOUT_ERRORS)
        ways.append(_by_ratio(rule, shown, candidate, expected))
    found = [_passing(growth, needed * rule.phi, analysis, rule.phi) for growth in ways]
    bounded = None if alone else bounded_share(rule, shown, expected.rate, _usual(expected, weight, analysis))
    if bounded is not None:
        sooner = _passing(
            _by_share(bounded, candidate, expected), (rule.log_promote + cost) * rule.phi, analysis, rule.phi
        )
        found.append(sooner._replace(bounded=bounded))
    return min(found, key=lambda way: way[:2])


def _usual(expected: ExpectedTraffic, weight: Percent, analysis: Analysis) -> Baseline:
    """What the baseline has shown within the least time of a step."""
    total = expected.rate * (1.0 - fraction(weight)) * analysis.dwell
    return Baseline(LARGE, round(LARGE * expected.bad_share)) if total >= ENOUGH else Baseline()


def _passing(growth: _Growth, needed: float, analysis: Analysis, phi: float) -> Passing:
    if growth.mean <= 0.0:
        return Passing(inf, 1.0)
    seconds = max(analysis.tick, needed / growth.mean)
    return Passing(
        seconds,
        _late(growth.mean, phi * growth.variance, needed + (LATE_COST if growth.variance else 0.0), analysis.horizon),
    )


def _late(mean: float, variance: float, needed: float, horizon: float) -> float:
    """The chance that a Brownian motion with this drift and variance a second has not reached `needed` in time."""
    if variance <= 0.0:
        return float(mean * horizon < needed)
    spread = sqrt(2.0 * variance * horizon)
    missed = 0.5 * erfc((mean * horizon - needed) / spread)
    power = 2.0 * mean * needed / variance
    if power < 600.0:
        missed -= 0.5 * exp(power) * erfc((mean * horizon + needed) / spread)
    return min(1.0, max(0.0, missed))


def _by_share(null: float, candidate: float, expected: ExpectedTraffic) -> _Growth:
    """What a candidate with the usual share earns against "share at least null"."""
    share = expected.bad_share
    if share >= null:
        return NEVER
    good = log((1.0 - share) / (1.0 - null))
    if share <= 0.0:
        return _Growth(candidate * good, 0.0)
    bad = log(share / null)
    mean = candidate * (share * bad + (1.0 - share) * good)
    return _Growth(mean, candidate * share * (1.0 - share) * (bad - good) ** 2)


def _by_ratio(rule: CompiledGuardrail, weight: Percent, candidate: float, expected: ExpectedTraffic) -> _Growth:
    """What it earns against "ratio at least rho_M"."""
    share, rate, highest = expected.bad_share, expected.rate, highest_ratio(rule, weight)
    other = rate - candidate
    if share < COMMON:
        both = log((highest * candidate + other) / rate)
        own = both - log(highest)
        return _Growth(share * (candidate * own + other * both), share * (candidate * own**2 + other * both**2))
    highest = highest_common_ratio(highest, rule.tolerate, share)
    a, b = nearest(highest, share, share, candidate, other)
    mean = candidate * information(share, a) + other * information(share, b)
    spread = share * (1.0 - share)
    own, theirs = (log(share / null) - log((1.0 - share) / (1.0 - null)) for null in (a, b))
    return _Growth(mean, spread * (candidate * own**2 + other * theirs**2))
