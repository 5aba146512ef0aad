"""Rule `approvals`: Roles, not the author, not expired."""

from __future__ import annotations

from policies.rule import of_release
from slipway.release.readiness import people

RULE = of_release(
    "approvals",
    "Every required role approved, and nobody their own change",
    severity="high",
    rows=("W1", "I2"),
    remedy="Let somebody with the role sign with `slipway attest approval`",
    evaluate=people.evaluate_approvals,
)
