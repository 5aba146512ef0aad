"""Rule `error-budget`: Error budget policy."""

from __future__ import annotations

from policies.rule import of_release
from slipway.release.readiness import timing

RULE = of_release(
    "error-budget",
    "With the error budget spent, only fixes are released",
    severity="high",
    rows=("W5",),
    remedy="Release first what makes the service more reliable",
    evaluate=timing.evaluate_budget,
)
