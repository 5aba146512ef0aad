"""Rule `kill-switch`: Kill switches for risky features."""

from __future__ import annotations

from policies.rule import of_release
from slipway.release.readiness import scope

RULE = of_release(
    "kill-switch",
    "A risky feature can be switched off without a release",
    severity="high",
    rows=("B4",),
    remedy="Guard the feature with a flag, and name the flag",
    evaluate=scope.evaluate_kill_switch,
)
