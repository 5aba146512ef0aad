"""Rule `strategy`: Strategy against risk."""

from __future__ import annotations

from policies.rule import of_release
from slipway.release.readiness import scope

RULE = of_release(
    "strategy",
    "A strategy that is riskier than the recommended one has a written reason",
    severity="medium",
    rows=("W3",),
    remedy="Follow the recommendation, or write why not",
    evaluate=scope.evaluate_strategy,
)
