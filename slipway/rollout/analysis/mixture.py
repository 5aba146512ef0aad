"""A mixture of bets with fixed share: the one step that every sequential test here is made of."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, log
from operator import mul

from slipway.rollout.analysis.constants import RESTARTS


def mix(weights: Sequence[float], logs: Sequence[float]) -> tuple[float, list[float]]:
    """One tick: `log(sum w l)` and the posterior weights `w l / sum w l`, from log likelihood ratios `logs`.

    If every `l` has expectation at most 1 under the null, so has their mixture, whatever the weights are,
    as long as they were fixed before the tick.
    """
    top = max(logs)
    if top == 0.0 and not any(logs):
        return 0.0, list(weights)
    parts = [weight * exp(value - top) for weight, value in zip(weights, logs, strict=True)]
    total = sum(parts)
    if total <= 0.0:  # every expert with weight is below the smallest float: nothing is left to bet
        return -700.0, list(weights)
    return top + log(total), [part / total for part in parts]


def share(weights: Sequence[float], prior: Sequence[float], eps: float) -> tuple[float, ...]:
    """Fixed share (Herbster & Warmuth 1998): a part `eps` of the wealth goes back to the prior, so that a fault
    that begins late is met by bets that have not been ruined by the healthy time before."""
    keep = 1.0 - eps
    return tuple([keep * weight + eps * start for weight, start in zip(weights, prior, strict=True)])


def mix_and_share(
    weights: Sequence[float], logs: Sequence[float], prior: Sequence[float], eps: float
) -> tuple[float, tuple[float, ...]]:
    """`mix`, then `share`, in one pass: the growth, and the spread of the next bet."""
    top = max(logs)
    if top == 0.0 and not any(logs):
        return 0.0, share(weights, prior, eps)
    parts = list(map(mul, weights, map(exp, [value - top for value in logs])))
    total = sum(parts)
    if total <= 0.0:
        return -700.0, share(weights, prior, eps)
    keep = (1.0 - eps) / total
    return top + log(total), tuple([keep * part + eps * start for part, start in zip(parts, prior, strict=True)])


def restart_rate(length: float, horizon: float) -> float:
    """`eps` of a tick of `length` seconds: RESTARTS are expected within the horizon."""
    rate = RESTARTS * length / horizon
    return rate if rate < 0.5 else 0.5
