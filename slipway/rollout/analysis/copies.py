"""What a mirror step compares: the answers to copies with the answers that users got to the requests that were copied.

Only requests of some methods are copied, and the data plane does not tell the methods of the serving version apart. So
the exposure is its part of as many requests as there were copies, and of its bad events it is unknown how many fell
into that part. Whether all of them did or as few as can be is taken against the claim that is made: all of them before
the candidate is aborted, as few as can be before the step may be left.

Request and copy are a pair, often both bad for one reason. That does no harm: with `d = p (rho - rho0) / (rho p + 1)`,
where the part p of the requests is copied, a bad pair pays `(1 + d / (p rho0)) (1 - d)`, a bad copy alone the first
factor and a bad request alone the second. If copies fail at most rho0 times as often, the expectation of one request is
at most 1, whatever the two have to do with each other.
"""

from __future__ import annotations

from dataclasses import replace

from slipway.release.units import Percent, fraction
from slipway.rollout.analysis.rules import CompiledGuardrail
from slipway.rollout.analysis.sides import Sides
from slipway.rollout.analysis.state import Step
from slipway.rollout.analysis.types import Counts, GuardrailCounts, Tick

MOST = 50.0
"""Percent. A copy of each request is no more than half of what both versions answer."""


def as_judged(rule: CompiledGuardrail, tick: Tick) -> Tick:
    """The tick as of the weight that a pass would open, in place of 0%: what must be shown is what that weight needs,
    and there is a baseline beside it."""
    return replace(tick, weight=opened(rule)) if tick.mirror else tick


def opened(rule: CompiledGuardrail) -> Percent:
    """The weight that follows a mirror step, as far as copies can stand for it."""
    return min([MOST, *(one for one in rule.weights if one > 0.0)])


def paired(counts: GuardrailCounts, step: Step, mirror: Percent) -> Sides[GuardrailCounts]:
    """The counts to bet on against the candidate, and those to bet on for it; the same where all requests are copied.

    The part that is copied is taken from the requests of the whole step, never from what was bad of them, so the bets
    stay fair."""
    if not mirror:
        return Sides(counts, counts)
    baseline = counts.baseline
    copies = step.candidate + counts.candidate.total
    both = fraction(mirror) * (step.baseline + baseline.total)
    part = min(1.0, copies / both) if both > 0 else 1.0
    total = round(part * baseline.total)
    return Sides(
        replace(counts, baseline=_all_of(baseline, total)), replace(counts, baseline=_fewest_of(baseline, total))
    )


def _all_of(side: Counts, total: int) -> Counts:
    """As many bad events as can have been among `total` of the requests."""
    slower = tuple(min(one, total) for one in side.slower)
    return Counts(total, min(side.bad, total), side.bounds, slower)


def _fewest_of(side: Counts, total: int) -> Counts:
    """As few as can have been among them."""
    others = side.total - total
    slower = tuple(max(0, one - others) for one in side.slower)
    return Counts(total, max(0, side.bad - others), side.bounds, slower)
