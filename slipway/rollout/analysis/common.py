"""Two samples of events that are not rare: business indicators, of which a third may be "bad" on the best of days.

The conditional binomial of `likelihood` treats bad events as rare. With a bad share of 70% it cannot see that the good
ones were halved. Here both sides are binomial, and the bet is on both at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import log, sqrt

from slipway.rollout.analysis.likelihood import at_odds, odds_multiples
from slipway.rollout.analysis.state import Baseline
from slipway.rollout.analysis.types import Counts

COMMON = 0.1
"""From this share of the baseline on events count as common."""
ENOUGH = 100
"""And once it has had this many events."""
SURE = 3.0
"""Standard errors by which the share must be above."""
ODDS = (1.0, 1.15, 1.4, 2.0, 4.0, 12.0)
"""Alternatives, as multiples of the odds of the highest tolerated share."""
LIMIT = 0.98


def usual_share(baseline: Baseline) -> float | None:
    """The baseline's bad share so far when its bad events are shown to be common, else None. What lies near the border
    stays with the other bets, which are fair there too, rather than change them to and fro."""
    if baseline.total < ENOUGH or baseline.bad - SURE * sqrt(baseline.bad) < COMMON * baseline.total:
        return None
    return (baseline.bad + 0.5) / (baseline.total + 1.0)


def nearest(ratio: float, candidate: float, baseline: float, n_c: float, n_b: float) -> tuple[float, float]:
    """The shares (a, b) with a = ratio b that are nearest to (candidate, baseline): they minimise
    `n_c KL(candidate | a) + n_b KL(baseline | b)`, which makes b the smaller root of a quadratic equation."""
    bad = n_c * candidate + n_b * baseline
    square = ratio * (n_c + n_b)
    middle = bad * (1.0 + ratio) + ratio * n_c * (1.0 - candidate) + n_b * (1.0 - baseline)
    rest = middle * middle - 4.0 * square * bad
    share = (middle - sqrt(rest)) / (2.0 * square) if rest > 0.0 else middle / (2.0 * square)
    return ratio * share, share


def two_sample_logs(
    ratio: float, shares: Sequence[float], usual: float, candidate: Counts, baseline: Counts, *, above: bool
) -> list[float]:
    """Log e-values of one tick against "p_c <= ratio p_b" (`above`) or "p_c >= ratio p_b", one for each
    alternative (p, usual) with p of `shares`.

    `l = P(x_c, x_b | p, usual) / P(x_c, x_b | a, b)` with the `nearest` (a, b) of the null. The null is convex, so l
    has expectation at most 1 under all of it (Turner, Ly & Grunwald 2024, with the tick as the block).
    An alternative that lies in the null bets nothing. `usual` must be known before the tick.
    """
    n_c, n_b, bad_c, bad_b = candidate.total, baseline.total, candidate.bad, baseline.bad
    good_c, good_b, good_share, limit = n_c - bad_c, n_b - bad_b, 1.0 - usual, ratio * usual
    if not n_c + n_b:
        return [0.0] * len(shares)
    found = []
    for share in shares:
        if share == limit or (share > limit) is not above:
            found.append(0.0)
            continue
        a, b = nearest(ratio, share, usual, n_c, n_b)
        gain = bad_c * log(share / a) + good_c * log((1.0 - share) / (1.0 - a))
        found.append(gain + bad_b * log(usual / b) + good_b * log(good_share / (1.0 - b)))
    return found


def worse(tolerate: float, usual: float) -> list[float]:
    """The alternatives of the abort test: shares above what is tolerated; the first is the null itself."""
    return odds_multiples(min(LIMIT, tolerate * usual), ODDS)


def highest_common_ratio(highest: float, tolerate: float, usual: float) -> float:
    """rho_M of the ramp rule for common events: a multiple of the odds, since twice 70% cannot be; above `tolerate`."""
    return max(at_odds(usual, highest), min(LIMIT, 1.05 * tolerate * usual)) / usual


def common_growth(tolerate: float, candidate: float, baseline: float, usual: float) -> Callable[[float], float]:
    """Nats a second at true ratio r, as `detectable.relative_growth` for rare events: the information
    `n_c KL(r usual | a) + n_b KL(usual | b)`, with requests a second."""

    limit, most = tolerate * usual, LIMIT / usual

    def growth(ratio: float) -> float:
        share = ratio * usual if ratio < most else LIMIT
        if share <= limit:
            return 0.0
        a, b = nearest(tolerate, share, usual, candidate, baseline)
        return candidate * information(share, a) + baseline * information(usual, b)

    return growth


def information(share: float, null: float) -> float:
    """Kullback-Leibler divergence of two Bernoulli distributions, in nats."""
    return share * log(share / null) + (1.0 - share) * log((1.0 - share) / (1.0 - null))
