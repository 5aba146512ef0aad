"""What is still acceptable where no baseline runs beside the candidate, and what must be shown to go on."""

from __future__ import annotations

from math import sqrt

from rollout.analysis import constants as const
from rollout.analysis.common import COMMON, ENOUGH
from rollout.analysis.likelihood import at_odds
from rollout.analysis.rules import Rule, highest_ratio
from rollout.analysis.state import Baseline

HIGHEST = 0.98
"""No acceptable share is above this: an alternative must fit between it and 1."""


def upper_bound(total: int, bad: int, phi: float = 1.0) -> float:
    """Upper confidence bound of a bad share from `bad` of `total` (one-sided, normal quantile RECORDED_Z).

    Wilson & Hilferty's approximation (1931) of the exact Poisson limit `chi2(2x + 2) / 2`; with errors in
    clusters of dispersion `phi` there are only `x / phi` independent ones. 1 when there are no events.
    """
    if total <= 0:
        return 1.0
    count = bad / phi + 1.0
    limit = count * (1.0 - 1.0 / (9.0 * count) + const.RECORDED_Z / (3.0 * sqrt(count))) ** 3
    return min(1.0, limit * phi / total)


def recorded_share(rule: Rule, baseline: Baseline) -> float:
    """The share that the baseline of this rollout makes acceptable later, when it has no traffic any more."""
    bound = upper_bound(baseline.total, baseline.bad, rule.phi)
    return max(rule.negligible, const.DRIFT * rule.tolerate * bound)


def acceptable_share(rule: Rule, baseline: Baseline) -> tuple[float, str] | None:
    """The null of the absolute abort test, with what it comes from; None when there is nothing to judge by.

    The recorded baseline counts before a looser objective; an objective that the baseline itself did not meet
    does not block the candidate (the way out of a bad version must stay open).
    """
    if rule.absolute and rule.objective is not None:
        return min(HIGHEST, rule.objective), "the objective"
    if baseline.total > 0:
        recorded = recorded_share(rule, baseline)
        objective = 1.0 if rule.objective is None else rule.objective
        objective = max(objective, rule.tolerate * baseline.bad / baseline.total)
        if recorded <= objective:
            return min(HIGHEST, recorded), "the baseline recorded before"
        if objective < 1.0:
            return min(HIGHEST, objective), "the objective"
    elif rule.objective is not None:
        return min(HIGHEST, rule.objective), "the objective"
    return (const.GROSS_SHARE, "a gross fault") if rule.gross else None


def warm_share(share: float) -> float:
    """What is acceptable during the warm-up: only a gross fault aborts."""
    return max(share, min(const.GROSS_SHARE, const.WARM_UP_RATIO * share))


def promotable_share(rule: Rule, weight: float, alone: bool, baseline: Baseline) -> float:
    """f: the bad share that must be shown not to be reached in order to leave weight `weight` (percent).

    Beside a baseline it is what is negligible. Alone, also rho_M times the objective (for an SLO: the burn
    rate) and rho_M times what the baseline had, with the same drift as for an abort (of common events: times the
    odds); about its plain share, because a bound would flatter the candidate; so would the luck of a few events,
    which therefore are no record.
    """
    share = rule.negligible
    if alone or rule.absolute:
        highest = highest_ratio(rule, weight)
        if rule.objective is not None:
            share = max(share, _times(highest, rule.objective))
        if not rule.absolute and baseline.bad > 0 and baseline.total >= ENOUGH:
            share = max(share, _times(const.DRIFT * highest, (baseline.bad + 0.5) / baseline.total))
    return share if share < HIGHEST else HIGHEST


def _times(multiple: float, share: float) -> float:
    """Of common events a multiple of the odds: three times 30% would let a candidate pass that loses most others."""
    return multiple * share if share < COMMON else at_odds(min(HIGHEST, share), multiple)
