"""Foresight in words: a compact table for the log of `pulumi preview`, and the warnings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log

from slipway.release.manifest.analysis import Analysis
from slipway.release.manifest.guardrails import ClientFailures, Guardrail
from slipway.release.units import fraction, show_share
from slipway.rollout.analysis.constants import WITHOUT_ERRORS
from slipway.rollout.analysis.foreseen import Detection, Foresight, StepForesight
from slipway.rollout.analysis.reasons import duration

FAINT = 10.0
"""A step in which only faults above this ratio are noticed gets a warning."""


LIKELY = 0.01
"""A chance of ending undecided from which on it is reported."""


def render(foresight: Foresight) -> tuple[str, ...]:
    """Lines for the plan: what is expected, each step, then the warnings."""
    lines: list[str] = []
    if foresight.rate is not None and foresight.bad_share is not None:
        times = "" if foresight.bad_share else " (faults as multiples of what is negligible)"
        lines.append(f"expected traffic: {foresight.rate:g} requests/s, {show_share(foresight.bad_share)} bad{times}")
    lines += [_step(step) for step in foresight.steps]
    return (*lines, *foresight.notes, *(f"warning: {warning}" for warning in foresight.warnings))


def _step(step: StepForesight) -> str:
    what = "copies failed" if step.copies else "failed"
    seen = ", ".join(_detection(detection, what) for detection in step.detections)
    smallest = "no fault" if step.smallest is None else f"{step.smallest:.3g}x or more"
    passes = "never passes" if step.passes is None else f"passes after {duration(step.passes)}"
    if step.passes == 0.0:
        passes = "passes by readiness"
    if step.bounded is not None:
        passes += f", with a bad share below {show_share(step.bounded)} shown"
    return (
        f"{step.where} for {duration(step.seconds)}, {step.guardrail}: {seen}; "
        f"this step notices {smallest}; a healthy release {passes}"
    )


def _detection(detection: Detection, what: str) -> str:
    if detection.seconds is None or detection.failed is None:
        return f"{detection.ratio:g}x not seen"
    return f"{detection.ratio:g}x in {duration(detection.seconds)} ({detection.failed:.0f} {what})"


def warn(analysis: Analysis, steps: Sequence[StepForesight], stickiness: str) -> tuple[str, ...]:
    """Where the plan cannot keep its promise."""
    found: list[str] = [stickiness] if stickiness else []
    if analysis.expected is None:
        found.append("analysis.expected is not declared: how soon a fault is noticed cannot be foreseen")
    for step in steps:
        found += _too_slow(step, analysis)
        found += _too_faint(step)
    found += _undecidable(steps, analysis)
    found += _undecided(steps, analysis)
    return tuple(found)


def clients_needed(guardrails: Sequence[Guardrail], analysis: Analysis, weights: Sequence[float]) -> tuple[str, ...]:
    """What a guardrail that counts clients needs at each weight: without failures a step passes after about
    ln(3 / beta) / f clients of the candidate (the promotion test), and a client counts once a step."""
    found = []
    for guardrail in guardrails:
        if not isinstance(guardrail, ClientFailures):
            continue
        needed = log(WITHOUT_ERRORS / analysis.false_promote) / guardrail.negligible
        total = ", ".join(
            f"{needed / fraction(weight):,.0f} in all at {weight:.4g}%" for weight in weights if weight > 0
        )
        found.append(
            f"{guardrail.name}: each client counts once, by {guardrail.source or 'no source'}; a step without failures "
            f"passes after about {needed:,.0f} clients of the candidate ({total})"
        )
    return tuple(found)


def clusters(dispersion: Mapping[str, float]) -> tuple[str, ...]:
    """That these times are longer than they would be if errors came one by one."""
    return tuple(
        f"{name}: bad events of what serves come in clusters (dispersion {phi:.2g}), which the times reckon with"
        for name, phi in sorted(dispersion.items())
    )


def unforeseen(names: Sequence[str]) -> tuple[str, ...]:
    """Guardrails of whose events `analysis.expected` says nothing."""
    if not names:
        return ()
    return (f"{', '.join(names)}: not foreseen, since analysis.expected says nothing of what these count",)


def _too_slow(step: StepForesight, analysis: Analysis) -> list[str]:
    where = f"{step.where}: {step.guardrail}"
    if step.passes is None:
        return [
            f"{where} cannot be shown to be good within {duration(analysis.horizon)}: the step ends undecided "
            f"(onInconclusive: {analysis.on_inconclusive})"
        ]
    if step.passes > step.seconds:
        return [f"{where} of a healthy release passes after {duration(step.passes)}, not {duration(step.seconds)}"]
    return []


def _too_faint(step: StepForesight) -> list[str]:
    if step.smallest is not None and step.smallest <= FAINT:
        return []
    least = "no fault" if step.smallest is None else f"only faults of {step.smallest:.3g}x or more"
    return [f"{step.where}: {step.guardrail} notices {least} within {duration(step.seconds)}"]


def _undecided(steps: Sequence[StepForesight], analysis: Analysis) -> list[str]:
    """How likely the whole plan ends undecided, where it is not certain anyway."""
    going = 1.0
    for step in steps:
        going *= 1.0 - (step.undecided if step.passes is not None else 0.0)
    if 1.0 - going < LIKELY:
        return []
    where = max(steps, key=lambda step: step.undecided if step.passes is not None else 0.0)
    policy = "aborts it" if analysis.on_inconclusive == "abort" else f"ends it after {duration(analysis.horizon)}"
    return [
        f"a healthy release ends undecided with a chance of about {1.0 - going:.0%}, most likely at "
        f"{where.where} by {where.guardrail} (onInconclusive: {analysis.on_inconclusive} {policy}; that "
        "quarantines nothing)"
    ]


def _undecidable(steps: Sequence[StepForesight], analysis: Analysis) -> list[str]:
    ratios = [detection.ratio for step in steps[:1] for detection in step.detections]
    found = []
    for ratio in ratios:
        cells = [detection for step in steps for detection in step.detections if detection.ratio == ratio]
        if all(detection.seconds is None for detection in cells):
            found.append(f"{ratio:g}x is not noticed within {duration(analysis.horizon)} at any step")
    return found
