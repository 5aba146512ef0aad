"""The manifest's guardrails, compiled once for the rollout: what each tolerates, and its part of alpha."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from slipway.release.manifest.analysis import Analysis
from slipway.release.manifest.guardrails import Guardrail, Nature
from slipway.release.units import Percent, fraction
from slipway.rollout.analysis import constants as const
from slipway.rollout.analysis.past import Past


@dataclass(frozen=True, slots=True)
class CompiledGuardrail:
    """One guardrail as the statistics see it. `part` is its v_j of alpha (they sum to 1; 0 for alerts, which
    promise no error rate); `abort_at` is 1 / (alpha v_j), `promote_at` 1 / beta, the other two are their logs."""

    name: str
    nature: Nature
    part: float
    tolerate: float
    negligible: float
    objective: float | None
    threshold: float | None
    phi: float
    gross: bool
    """Whether a bad share above GROSS_SHARE is a fault whatever it is compared with."""
    first_release: bool
    abort_at: float
    promote_at: float
    log_abort: float
    log_promote: float
    horizon: float
    warm_up: float
    absolute: bool
    """Whether the candidate is never compared with a baseline."""
    harm: float
    """Requests that a fault may fail at the next weight before it is noticed (`nulls.bounded_share`); 0: unbounded."""
    weights: tuple[Percent, ...]
    """The weights of the plan, in percent."""
    past: Past | None


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a rollout beside its guardrails: the weights of its plan in percent, phi of a guardrail's bad
    events (1 for those that are not named), the record of the hour before, and by which factor `tolerate` is widened
    since pods differ."""

    first_release: bool = False
    weights: tuple[Percent, ...] = ()
    dispersion: Mapping[str, float] = field(default_factory=dict)
    past: Mapping[str, Past] = field(default_factory=dict)
    spread: Mapping[str, float] = field(default_factory=dict)


def compile_guardrails(
    guardrails: Sequence[Guardrail], analysis: Analysis, known: Known
) -> tuple[CompiledGuardrail, ...]:
    """Raises ValueError when two guardrails have one name, or a dispersion or spread fits none of them."""
    names = [guardrail.name for guardrail in guardrails]
    if len(set(names)) != len(names):
        raise ValueError(f"guardrail names must differ: {', '.join(names)}")
    for what, factors in (("dispersion", known.dispersion), ("spread", known.spread)):
        for name, factor in factors.items():
            if name not in names or not 1.0 <= factor < math.inf:
                raise ValueError(f"{what} of {name!r}: {factor} is not a finite number >= 1 of a declared guardrail")
    total = sum(guardrail.weight for guardrail in guardrails if guardrail.nature.counts != "nothing")
    return tuple(_rule(guardrail, analysis, known, total) for guardrail in guardrails)


def _rule(guardrail: Guardrail, analysis: Analysis, known: Known, total: float) -> CompiledGuardrail:
    nature, limits = guardrail.nature, guardrail.limits
    part = 0.0 if nature.counts == "nothing" else guardrail.weight / total
    phi = known.dispersion.get(guardrail.name, 1.0)
    return CompiledGuardrail(
        name=guardrail.name,
        nature=nature,
        part=part,
        tolerate=limits.tolerate * known.spread.get(guardrail.name, 1.0),
        negligible=limits.negligible,
        objective=limits.objective,
        threshold=limits.threshold,
        phi=1.0 if phi <= 1.0 or nature.counts == "clients" else const.QUASI_SAFETY * phi,
        gross=nature.gross,
        first_release=known.first_release,
        abort_at=1.0 / (analysis.false_abort * part) if part else 0.0,
        promote_at=1.0 / analysis.false_promote,
        log_abort=-math.log(analysis.false_abort * part) if part else math.inf,
        log_promote=-math.log(analysis.false_promote),
        horizon=analysis.horizon,
        warm_up=analysis.warm_up,
        absolute=nature.absolute,
        harm=0.0 if nature.counts == "clients" else analysis.harm,
        weights=known.weights,
        past=known.past.get(guardrail.name),
    )


def next_weight(rule: CompiledGuardrail, weight: Percent) -> float | None:
    """The weight that follows in the plan; None at its end, or where it is not known."""
    return min([one for one in rule.weights if one > weight + 1e-9], default=None)


def highest_ratio(rule: CompiledGuardrail, weight: Percent) -> float:
    """rho_M: weight `weight` (percent) may be left once "ratio >= rho_M" is rejected.

    `1 + HARM / w` keeps the harm that a step can do constant: (ratio - 1) w is the excess of failed requests.
    """
    return _highest(rule.tolerate, weight)


@lru_cache(maxsize=1024)
def _highest(tolerate: float, weight: Percent) -> float:
    ramp = 1.0 + const.HARM / max(fraction(weight), 1e-6)
    return max(const.FINAL_RATIO, ramp, const.RAMP_SLACK * tolerate)
