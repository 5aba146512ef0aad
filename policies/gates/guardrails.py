"""Rule `guardrails`: guardrails can fail: they are within the bounds of the configuration."""

from __future__ import annotations

from policies.rule import of_release
from slipway.release.readiness import GATES

RULE = of_release(
    "guardrails",
    "Guardrails can fail: they are within the bounds of the configuration",
    severity="high",
    rows=("W4", "W5"),
    remedy="Declare stricter guardrails",
    evaluate=GATES["guardrails"],
)
