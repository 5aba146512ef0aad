"""Rule `drill`: Drills are dated."""

from __future__ import annotations

from policies.rule import of_release
from slipway.release.readiness import receipts

RULE = of_release(
    "drill",
    "The rollback was drilled recently, and worked",
    severity="high",
    rows=("B5", "Q1"),
    remedy="Drill it in staging, then list the receipt",
    evaluate=receipts.evaluate_drill,
)
