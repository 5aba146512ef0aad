"""Do the pods of one version differ? Then a candidate of a few pods is worse by luck, however many requests it has.

Where counts by pod exist their spread is estimated, and what is tolerated widened by it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import exp, sqrt

NOISE = 3.0
"""Standard errors by which the pods must differ more than by chance."""
SURE = 2.33
"""Normal quantile: one candidate in a hundred is worse by luck than what is tolerated then."""
LOW = -1.28
"""Normal quantile: of a few pods the spread is easily estimated too small, which happens one time in ten."""

History = Sequence[Sequence[tuple[int, int]]]


def spread(history: History, phi: float = 1.0) -> float:
    """The coefficient of variation of the pods' bad shares, from ticks of (total, bad) for each pod; 0 when they differ
    by no more than chance does (with clusters of `phi` events). Of few pods it is an upper bound."""
    pods = [(sum(total for total, _ in pod), sum(bad for _, bad in pod)) for pod in history]
    pods = [(total, bad) for total, bad in pods if total]
    requests, bad = sum(total for total, _ in pods), sum(bad for _, bad in pods)
    freedom = len(pods) - 1
    if freedom < 1 or not bad:
        return 0.0
    usual = [total * bad / requests for total, _ in pods]
    excess = sum((own - mean) ** 2 / mean for (_, own), mean in zip(pods, usual, strict=True)) / phi - freedom
    if excess <= NOISE * sqrt(2.0 * freedom):
        return 0.0
    variance = phi * excess / (bad - sum(mean * mean for mean in usual) / bad)
    return sqrt(variance * freedom / _low_quantile(freedom))


def widened(histories: Mapping[str, History], replicas: int, phi: Mapping[str, float]) -> dict[str, float]:
    """For the guardrails whose pods differ: by which factor what is tolerated is widened, for a candidate of `replicas`
    pods beside those of the history."""
    found: dict[str, float] = {}
    for name, history in histories.items():
        variation = spread(history, phi.get(name, 1.0))
        if variation > 0.0:
            found[name] = exp(SURE * variation * sqrt(1.0 / max(1, replicas) + 1.0 / len(history)))
    return found


def _low_quantile(freedom: int) -> float:
    """Of the chi-squared distribution (Wilson & Hilferty 1931)."""
    part = 2.0 / (9.0 * freedom)
    return max(0.05, freedom * max(0.05, 1.0 - part + LOW * sqrt(part)) ** 3)
