"""Rule `environment`: Dependencies on the environment."""

from __future__ import annotations

from policies.rule import of_release
from slipway.release.readiness import scope

RULE = of_release(
    "environment",
    "What the release needs from its environment is said, and in place",
    severity="high",
    rows=("I2",),
    remedy="Answer environment.dependencies; [] is an answer",
    evaluate=scope.evaluate_environment,
)
