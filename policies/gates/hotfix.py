"""Rule `hotfix`: No hotfix without change tracking."""

from __future__ import annotations

from policies.rule import of_release
from slipway.release.readiness import scope

RULE = of_release(
    "hotfix",
    "A hotfix is tracked, and its follow-up is due soon",
    severity="critical",
    rows=("A3",),
    remedy="Open a ticket, and say when the regular fix is due",
    evaluate=scope.evaluate_hotfix,
)
