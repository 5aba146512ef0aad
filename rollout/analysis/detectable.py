"""How soon, and how small, a fault can be seen: expected growth of the evidence per second."""

from __future__ import annotations

from collections.abc import Callable
from math import exp, log

from rollout.analysis.likelihood import at_odds

LARGEST = 1000.0


def relative_growth(rho0: float, candidate: float, baseline: float, share: float) -> Callable[[float], float]:
    """Growth in nats a second at true ratio r, with `candidate` and `baseline` requests a second and the
    baseline's bad share: `p (r n_c ln(r / rho0) + (r n_c + n_b) ln((rho0 n_c + n_b) / (r n_c + n_b)))`, the
    Kullback-Leibler information of the conditional binomial."""

    def growth(ratio: float) -> float:
        ratio = min(ratio, 1.0 / share) if share > 0 else ratio
        own = ratio * candidate
        base = (rho0 * candidate + baseline) / (own + baseline) if own + baseline > 0 else 1.0
        return share * (own * log(ratio / rho0) + (own + baseline) * log(base))

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


def smallest_ratio(growth: Callable[[float], float], least: float, needed: float, seconds: float) -> float | None:
    """The smallest ratio whose expected evidence reaches `needed` nats within `seconds`; None when none does."""
    if seconds <= 0.0:
        return None
    target = needed / seconds
    if growth(LARGEST) < target:
        return None
    low, high = log(least), log(LARGEST)
    for _ in range(10):
        middle = 0.5 * (low + high)
        low, high = (low, middle) if growth(exp(middle)) >= target else (middle, high)
    return exp(high)
