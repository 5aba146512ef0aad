"""Rule `static-analysis`: New errors only: what the tool's baseline knows is counted apart."""

from __future__ import annotations

from policies.rule import of_release
from slipway.release.readiness import analysis

RULE = of_release(
    "static-analysis",
    "Static analysis ran to its end and found no new errors",
    severity="high",
    rows=("W2",),
    remedy="Fix the errors, or have their suppression accepted in the tool",
    evaluate=analysis.evaluate,
)
