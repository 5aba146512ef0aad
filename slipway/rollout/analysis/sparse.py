"""What metrics that are seldom read cost a plan: in words, for the preview. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from slipway.release.manifest.analysis import Analysis
from slipway.release.manifest.plan import PlannedStep
from slipway.rollout.analysis.reasons import duration

SAMPLES = 2
"""Samples that a step needs, so that something was counted within it."""


def sparse(interval: float | None, analysis: Analysis, steps: Sequence[PlannedStep]) -> tuple[str, ...]:
    """Lines about samples that are `interval` seconds apart: what detection loses by it, and the steps that are too
    short for it. None where the interval is unknown."""
    if interval is None:
        return ()
    lines = []
    if interval > SAMPLES * analysis.tick:
        lines.append(
            f"the metrics are {duration(interval)} apart: a fault is noticed up to {duration(interval)} later than is "
            f"foreseen here ({duration(interval / 2)} on average)"
        )
    least = SAMPLES * interval
    short = [step for step in steps if step.weight > 0.0 and max(step.bake, analysis.dwell) < least]
    if short:
        shares = ", ".join(f"{step.weight:.4g}%" for step in short)
        lines.append(
            f"warning: the metrics are {duration(interval)} apart, and a bake shorter than {SAMPLES} samples "
            f"({duration(least)}) sees one of them at most: {shares}; bake for {duration(least)} or more, or scrape "
            "the gateway more often"
        )
    return tuple(lines)
