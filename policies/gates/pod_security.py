"""Rule `pod-security`: the pods run without root, without the platform's rights, and confined."""

from __future__ import annotations

from policies.rule import of_release
from slipway.release.readiness import GATES

RULE = of_release(
    "pod-security",
    "The pods run without root, without the platform's rights, confined, and without secrets in plain text",
    severity="critical",
    rows=("W2", "A3"),
    remedy="Run as another user and ServiceAccount",
    evaluate=GATES["pod-security"],
)
