"""How soon, and how small, a fault can be seen: expected growth of the evidence per second."""

from __future__ import annotations

from collections.abc import Callable
from math import exp, log
from typing import NamedTuple

from slipway.rollout.analysis.likelihood import at_odds

LARGEST = 1000.0
ROUNDS = 8
ACCURACY = 0.02
"""Relative error of the growth at which the search for the ratio ends."""


class Detectable(NamedTuple):
    """The smallest fault that can still be seen: as a multiple of what the baseline has, or had; where nothing is known
    of it, as a bad share alone. Both None: no fault can."""

    ratio: float | None = None
    share: float | None = None


def relative_growth(rho0: float, candidate: float, baseline: float, share: float) -> Callable[[float], float]:
    """Growth in nats a second at true ratio r, with `candidate` and `baseline` requests a second and the
    baseline's bad share: `p (r n_c ln(r / rho0) + (r n_c + n_b) ln((rho0 n_c + n_b) / (r n_c + n_b)))`, the
    Kullback-Leibler information of the conditional binomial."""
    null = rho0 * candidate + baseline
    if null <= 0.0:
        return lambda _: 0.0

    most = 1.0 / share if share > 0.0 else LARGEST

    def growth(ratio: float) -> float:
        ratio = ratio if ratio < most else most
        own = ratio * candidate
        both = own + baseline
        return share * (own * log(ratio / rho0) + both * log(null / both))

    return growth


def odds_ratio(share: float, null: float) -> float:
    """The odds of `share` over those of `null`, the inverse of `at_odds`."""
    return share / (1.0 - share) * (1.0 - null) / null


def absolute_growth(null: float, candidate: float) -> Callable[[float], float]:
    """Growth in nats a second when the odds are `ratio` times those of the acceptable share."""

    def growth(ratio: float) -> float:
        share = at_odds(null, ratio)
        if share <= 0.0:
            return -candidate * log(1.0 - null)
        return candidate * (share * log(share / null) + (1.0 - share) * log((1.0 - share) / (1.0 - null)))

    return growth


def smallest_ratio(
    growth: Callable[[float], float], least: float, needed: float, seconds: float, most: float = LARGEST
) -> float | None:
    """The smallest ratio whose expected evidence reaches `needed` nats within `seconds`; None when none up to
    `most` does (where a share of 1 is reached, say)."""
    if seconds <= 0.0:
        return None
    target = needed / seconds
    most = min(most, LARGEST)
    if most <= least or growth(most) < target:
        return None
    reach = log(most / least)
    # Growth is about quadratic in the log of the ratio: secants of its logarithm against that of the log ratio.
    at, slope = min(0.5, reach), 2.0
    earned = growth(least * exp(at))
    for _ in range(ROUNDS):
        if abs(earned - target) < ACCURACY * target:
            break
        last, before = at, earned
        step = log(target / earned) / slope if earned > 0.0 else 1.0
        at *= exp(step if -3.0 < step < 3.0 else 3.0 if step > 0.0 else -3.0)
        at = at if at < reach else reach
        earned = growth(least * exp(at))
        if earned > 0.0 and before > 0.0 and earned != before and at != last:
            slope = log(earned / before) / log(at / last)
            slope = slope if slope > 0.5 else 0.5
    return least * exp(at)
