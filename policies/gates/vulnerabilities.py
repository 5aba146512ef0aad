"""Rule `vulnerabilities`: Security scan with VEX."""

from __future__ import annotations

from policies.rule import of_release
from slipway.release.readiness import vulnerabilities

RULE = of_release(
    "vulnerabilities",
    "No exploitable vulnerability at or above the level",
    severity="high",
    rows=("W2",),
    remedy="Update the component, or state in a signed VEX document why it cannot be exploited",
    evaluate=vulnerabilities.evaluate,
)
