"""Pure statistics: counts in, verdict out. `begin`, then `observe` tick by tick, `next_step` at weight changes."""

from __future__ import annotations

from slipway.rollout.analysis.evidence import Evidence, begin, next_step
from slipway.rollout.analysis.observe import observe
from slipway.rollout.analysis.types import Counts, Decision, GuardrailCounts, GuardrailResult, Tick, Verdict

__all__ = [
    "Counts",
    "Decision",
    "Evidence",
    "GuardrailCounts",
    "GuardrailResult",
    "Tick",
    "Verdict",
    "begin",
    "next_step",
    "observe",
]
