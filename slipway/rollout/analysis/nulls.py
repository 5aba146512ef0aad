"""What is still acceptable where no baseline runs beside the candidate, and what must be shown to go on."""

from __future__ import annotations

from math import sqrt

from slipway.release.units import Percent, fraction
from slipway.rollout.analysis import constants as const
from slipway.rollout.analysis.common import COMMON, ENOUGH
from slipway.rollout.analysis.likelihood import at_odds
from slipway.rollout.analysis.rules import CompiledGuardrail, highest_ratio, next_weight
from slipway.rollout.analysis.state import Baseline

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


def recorded_share(rule: CompiledGuardrail, baseline: Baseline) -> float:
    """The share that the baseline of this rollout, and of the hour before, makes acceptable when it has no traffic any
    more: its bound, which may have drifted."""
    return max(rule.negligible, const.DRIFT * rule.tolerate * _bound(rule, baseline))


def _bound(rule: CompiledGuardrail, baseline: Baseline) -> float:
    """Upper bound of what is usual. Where this rollout has recorded little, the worst ten minutes of the hour before it
    tell more, unless the baseline is worse than these now."""
    own = upper_bound(baseline.total, baseline.bad, rule.phi)
    if rule.past is None:
        return own
    now = (baseline.bad + 1.0) / baseline.total if baseline.total else 0.0
    return min(own, max(now, upper_bound(rule.past.worst_total, rule.past.worst_bad, rule.phi)))


def acceptable_share(rule: CompiledGuardrail, baseline: Baseline) -> tuple[float, str] | None:
    """The null of the absolute abort test, with what it comes from; None when there is nothing to judge by.

    The recorded baseline counts before a looser objective. An objective that the baseline itself is not shown to have
    met does not block the candidate (the way out of a bad version must stay open).
    """
    if rule.absolute and rule.objective is not None:
        return min(HIGHEST, rule.objective), "the objective"
    if baseline.total > 0 or rule.past is not None:
        recorded, objective = recorded_share(rule, baseline), _attainable(rule, baseline)
        if recorded <= objective:
            return min(HIGHEST, recorded), "the baseline recorded before"
        if objective < 1.0:
            return min(HIGHEST, objective), "the objective"
    elif rule.objective is not None:
        return min(HIGHEST, rule.objective), "the objective"
    return (const.GROSS_SHARE, "a gross fault") if rule.gross else None


def _attainable(rule: CompiledGuardrail, baseline: Baseline) -> float:
    """The objective as far as the baseline may have met it: none (1) where it was above, else at least the bound of
    what it had; of a few dozen bad events the plain share is easily too low by a third."""
    if rule.objective is None or baseline.bad > rule.objective * baseline.total:
        return 1.0
    return max(rule.objective, rule.tolerate * _bound(rule, baseline))


def warm_share(share: float) -> float:
    """What is acceptable during the warm-up: only a gross fault aborts."""
    return max(share, min(const.GROSS_SHARE, const.WARM_UP_RATIO * share))


def promotable_share(rule: CompiledGuardrail, weight: Percent, alone: bool, baseline: Baseline) -> float:
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
        if not rule.absolute:
            share = max(share, _times(const.DRIFT * highest, _plain(rule, baseline)))
    return share if share < HIGHEST else HIGHEST


def _plain(rule: CompiledGuardrail, baseline: Baseline) -> float:
    """What the baseline had in this rollout, or in the hour before it, whichever is more; 0 without a record."""
    own = (baseline.bad + 0.5) / baseline.total if baseline.bad > 0 and baseline.total >= ENOUGH else 0.0
    if rule.past is None or not rule.past.bad or rule.past.total < ENOUGH:
        return own
    return max(own, (baseline.bad + rule.past.bad) / (baseline.total + rule.past.total))


def bounded_share(rule: CompiledGuardrail, weight: Percent, rate: float, baseline: Baseline) -> float | None:
    """The bad share that must be shown not to be reached where the harm of going on is bounded: at the next weight a
    candidate of this share fails `rule.harm` requests within REACTION_SECONDS beyond twice the usual share.

    `rate` is that of the requests of both sides in a second. None where the ratio must be shown: at the last weight
    beside a baseline, where the harm is not declared, and where what is usual is not known or not rare.
    """
    following = next_weight(rule, weight)
    if rule.harm <= 0.0 or rule.absolute or rule.first_release or following is None or following >= 100.0:
        return None
    usual = plain_share(baseline)
    if usual is None or rate <= 0.0:
        return None
    share = const.FINAL_RATIO * usual + rule.harm / (rate * fraction(following) * const.REACTION_SECONDS)
    return max(rule.negligible, min(const.GROSS_SHARE, share))


def plain_share(baseline: Baseline) -> float | None:
    """The baseline's bad share where it has enough events, of which the bad ones are rare."""
    if baseline.total < ENOUGH or baseline.bad > COMMON * baseline.total:
        return None
    return (baseline.bad + 0.5) / baseline.total


def _times(multiple: float, share: float) -> float:
    """Of common events a multiple of the odds: three times 30% would let a candidate pass that loses most others."""
    return multiple * share if share < COMMON else at_odds(min(HIGHEST, share), multiple)
