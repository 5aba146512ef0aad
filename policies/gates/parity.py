"""Rule `parity`: Differences between environments are explicit and minimal."""

from __future__ import annotations

from policies.rule import of_release
from slipway.release.readiness import parity

RULE = of_release(
    "parity",
    "Staging and this environment differ only where it is declared",
    severity="high",
    rows=("W1", "B2"),
    remedy="Make them the same, or declare the difference with its reason",
    evaluate=parity.evaluate,
)
