"""Rule `freeze`: A rollback is never frozen."""

from __future__ import annotations

from policies.rule import of_release
from slipway.release.readiness import timing

RULE = of_release(
    "freeze",
    "Nothing is released inside a freeze but tracked hotfixes",
    severity="high",
    rows=("W1",),
    remedy="Wait for its end, or declare a hotfix",
    evaluate=timing.evaluate_freeze,
)
