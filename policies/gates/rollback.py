"""Rule `rollback`: Unclear rollback constraints stop a release before it starts."""

from __future__ import annotations

from policies.rule import of_release
from slipway.release.readiness import scope

RULE = of_release(
    "rollback",
    "How this release may be undone is said, and quick enough",
    severity="high",
    rows=("I1", "I2"),
    remedy="Name constraints, compensations and the time it takes",
    evaluate=scope.evaluate_rollback,
)
