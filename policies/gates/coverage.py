"""Rule `coverage`: Coverage of lines and branches."""

from __future__ import annotations

from policies.rule import of_release
from slipway.release.readiness import testing

RULE = of_release(
    "coverage",
    "Enough of the code was reached by tests",
    severity="medium",
    rows=("W2",),
    remedy="Add tests for what the release changes",
    evaluate=testing.evaluate_coverage,
)
