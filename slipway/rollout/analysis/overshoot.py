"""Overshoot removal: what a bet could win beyond the threshold is worth nothing, so it pays for a larger bet."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, log

from slipway.rollout.analysis import constants as const


def boost(
    weights: Sequence[float],
    rho0: float,
    rhos: Sequence[float],
    candidate: float,
    baseline: float,
    both: int,
    room: float,
    rare: bool = True,
) -> float:
    """Log of the largest b >= 1 with `E[min(b L, c)] <= 1`, where `c = exp(room)` is what is missing up to the
    threshold and X = `both` bad events fall on the candidate with the null's probability (Fischer & Ramdas,
    arXiv 2410.16076: improving Wald's test by avoiding overshoot).

    `min(M b L, threshold)` stays a nonnegative supermartingale under the null, because L grows with x_c and the
    binomial grows stochastically with the ratio. Also several such processes may be added, each stopped at its
    own threshold 1 / (alpha v_j). 0 where it does not apply: the threshold is far, many events, large shares
    (unless `rare` is false, where the binomial is exact).
    """
    if both <= 0 or both > const.BOOST_EVENTS or room > const.BOOST_ROOM or baseline <= 0 or candidate <= 0:
        return 0.0
    if rare and both > const.BOOST_SHARE * (candidate + baseline):
        return 0.0
    scale = rho0 * candidate + baseline
    theta = rho0 * candidate / scale
    parts = [w * (scale / (rho * candidate + baseline)) ** both for w, rho in zip(weights, rhos, strict=True)]
    steps = [rho / rho0 for rho in rhos]
    cap = exp(room)
    if sum([part * step**both for part, step in zip(parts, steps, strict=True)]) <= cap:
        return 0.0
    return _solve(parts, steps, theta, both, cap)


def _solve(parts: list[float], steps: list[float], theta: float, both: int, cap: float) -> float:
    """Walk up the outcomes until the bet overshoots, then lower the cut until it is consistent with its b."""
    chance = (1.0 - theta) ** both
    if chance <= 0.0:
        return 0.0
    odds = theta / (1.0 - theta)
    likelihoods: list[float] = []
    below: list[tuple[float, float]] = [(0.0, 0.0)]  # of the outcomes below: their chance, and their share of E[L]
    mass = spent = 0.0
    for outcome in range(both + 1):
        value = sum(parts)
        likelihoods.append(value)
        if value >= cap:
            break
        mass += chance
        spent += chance * value
        below.append((mass, spent))
        chance *= odds * (both - outcome) / (outcome + 1)
        parts = [part * step for part, step in zip(parts, steps, strict=True)]
    for cut in range(len(below) - 1, 0, -1):
        mass, spent = below[cut]
        factor = (1.0 - cap * max(0.0, 1.0 - mass)) / spent if spent > 0.0 else 1.0
        if factor * likelihoods[cut - 1] <= cap:
            return log(factor) if factor > 1.0 else 0.0
    return 0.0
