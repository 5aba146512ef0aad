"""What a plan will be able to notice, from the expected traffic: for `pulumi preview`, before anything moves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import log

from slipway.release.manifest.analysis import Analysis, ExpectedTraffic
from slipway.release.manifest.guardrails import Guardrail
from slipway.release.manifest.plan import PlannedStep
from slipway.release.units import Percent, fraction, percent_of
from slipway.rollout.analysis import constants as const
from slipway.rollout.analysis.common import COMMON, common_growth
from slipway.rollout.analysis.copies import opened
from slipway.rollout.analysis.detectable import absolute_growth, odds_ratio, relative_growth, smallest_ratio
from slipway.rollout.analysis.foreseen import Detection, Foresight, StepForesight
from slipway.rollout.analysis.foresight_text import clients_needed, clusters, unforeseen, warn
from slipway.rollout.analysis.nulls import acceptable_share
from slipway.rollout.analysis.passing import foresee_passing
from slipway.rollout.analysis.rules import CompiledGuardrail, Known, compile_guardrails
from slipway.rollout.analysis.state import Baseline

RATIOS = (2.0, 5.0, 10.0)
WARM_UP_COST = -log(const.PRIOR[0])
"""Nats that the bets of the warm-up lose on what is no gross fault: all but those that do not bet."""


def foresee(
    guardrails: Sequence[Guardrail],
    analysis: Analysis,
    steps: Sequence[PlannedStep],
    *,
    first_release: bool = False,
    stickiness: str = "",
    dispersion: Mapping[str, float] | None = None,
    known: Known | None = None,
) -> Foresight:
    """Pure. `stickiness`: what cannot be claimed because clients stay on one side; it leads the warnings. `known` holds
    `first_release`, `dispersion` and more.

    Times are means: (ln(1 / (alpha v)) + MIXTURE_COST) / information per second. Raises ValueError for guardrails
    of one name.
    """
    expected = analysis.expected
    known = known or Known(first_release, dispersion=dispersion or {})
    known = replace(known, weights=tuple(step.weight for step in steps))
    first_release = known.first_release
    rules = compile_guardrails(guardrails, analysis, known)
    judged = [rule for rule in rules if rule.nature.expected]
    found: list[StepForesight] = []
    if expected is not None:
        recorded = 0.0
        warm = analysis.warm_up
        for step in steps:
            seconds = max(step.bake, analysis.dwell)
            baseline = Baseline(round(recorded), round(recorded * expected.bad_share))
            found += [_step(rule, analysis, expected, step, baseline, warm) for rule in judged]
            if step.weight > 0.0 or step.mirror is not None:
                warm = 0.0  # It ends within the step that it begins in: nothing passes before.
            recorded += 0.0 if first_release else expected.rate * (1.0 - fraction(step.weight)) * seconds
    warnings = warn(analysis, found, stickiness)
    notes = () if first_release else clients_needed(guardrails, analysis, [step.weight for step in steps])
    notes += clusters(known.dispersion)
    notes += unforeseen([rule.name for rule in rules if not rule.nature.expected and rule.nature.counts != "clients"])
    if expected is None:
        return Foresight(None, None, (), warnings, notes)
    return Foresight(expected.rate, expected.bad_share, tuple(found), warnings, notes)


def _step(
    rule: CompiledGuardrail,
    analysis: Analysis,
    expected: ExpectedTraffic,
    step: PlannedStep,
    baseline: Baseline,
    warm: float,
) -> StepForesight:
    """`warm`: seconds of the step that are warm-up, in which no fault of RATIOS is noticed and nothing passes. Copies
    are foreseen as if every request had one of the methods that are copied: each is one request more, of which the
    candidate answers its part."""
    opens, copies = None, 0.0
    if step.mirror is not None:
        copies, part = step.mirror.percent, fraction(step.mirror.percent)
        opens = opened(rule)
        expected = expected.model_copy(update={"rate": expected.rate * (1.0 + part)})
        step = replace(step, weight=percent_of(part, 1.0 + part), mirror=None)
    alone = rule.first_release or step.weight >= 100.0
    candidate = expected.rate * fraction(step.weight)
    growth = growth_of(rule, expected, step.weight, alone, baseline)
    needed = rule.log_abort + const.MIXTURE_COST + (WARM_UP_COST if warm else 0.0)
    seconds = max(step.bake, analysis.dwell)
    share = usual(rule, expected)
    detections = tuple(
        _detection(growth, ratio, needed, analysis, candidate * min(1.0, ratio * share), warm) for ratio in RATIOS
    )
    smallest = smallest_ratio(growth, 1.0, needed, seconds - warm, 1.0 / share)
    if smallest is None and warm and not alone and not rule.absolute:
        gross = growth_of(replace(rule, tolerate=const.WARM_UP_RATIO), expected, step.weight, alone, baseline)
        needed = rule.log_abort + const.MIXTURE_COST
        smallest = smallest_ratio(gross, const.WARM_UP_RATIO, needed, min(warm, seconds), 1.0 / share)
    passing = foresee_passing(rule, analysis, expected, step.weight, baseline, opens)
    passes = passing.seconds + (warm if passing.seconds else 0.0)
    return StepForesight(
        rule.name,
        0.0 if copies else step.weight,
        seconds,
        detections,
        smallest,
        passes if passes <= analysis.horizon else None,
        passing.undecided,
        passing.bounded,
        copies,
    )


def growth_of(
    rule: CompiledGuardrail, expected: ExpectedTraffic, weight: Percent, alone: bool, baseline: Baseline
) -> Callable[[float], float]:
    """Nats a second when the candidate's bad share is `ratio` times the usual one (see `usual`)."""
    candidate = expected.rate * fraction(weight)
    share = usual(rule, expected)
    if not alone and not rule.absolute:
        if expected.bad_share <= 0.0:
            return _from_nothing(rule, candidate, expected.rate - candidate, share)
        make = common_growth if share >= COMMON else relative_growth
        relative = make(rule.tolerate, candidate, expected.rate - candidate, share)
        return lambda ratio: relative(ratio) / rule.phi if ratio > rule.tolerate else 0.0
    null = acceptable_share(rule, baseline)
    if null is None:
        return lambda _: 0.0
    absolute = absolute_growth(null[0], candidate)

    def growth(ratio: float) -> float:
        odds = odds_ratio(min(0.999, ratio * share), null[0])
        return absolute(odds) / rule.phi if odds > 1.0 else 0.0

    return growth


def usual(rule: CompiledGuardrail, expected: ExpectedTraffic) -> float:
    """The bad share that faults are multiples of: the expected one, or what is negligible where none is expected."""
    return expected.bad_share or rule.negligible or (rule.objective or 0.001)


def _from_nothing(rule: CompiledGuardrail, candidate: float, other: float, share: float) -> Callable[[float], float]:
    """The baseline has no errors at all: every bad event is the candidate's, and the best alternative earns most."""
    base = rule.tolerate * candidate + other
    best = max(
        log(multiple) + log(base / (multiple * rule.tolerate * candidate + other)) for multiple in const.MULTIPLES
    )
    return lambda ratio: min(1.0, ratio * share) * candidate * best / rule.phi


def _detection(
    growth: Callable[[float], float], ratio: float, needed: float, analysis: Analysis, failed: float, warm: float
) -> Detection:
    """`failed`: requests of the candidate a second that fail with this fault."""
    speed = growth(ratio)
    seconds = warm + max(analysis.tick, needed / speed) if speed > 0.0 else float("inf")
    if seconds > analysis.horizon:
        return Detection(ratio, None, None)
    return Detection(ratio, seconds, seconds * failed)
