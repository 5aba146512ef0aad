"""Rule `migrations`: Expand and contract, reversible or compensated."""

from __future__ import annotations

from policies.rule import of_release
from slipway.release.readiness import migrations

RULE = of_release(
    "migrations",
    "The schema change fits the previous artifact, and can be undone",
    severity="high",
    rows=("W1", "Q1"),
    remedy="Split expand from contract, and write and prove the way down",
    evaluate=migrations.evaluate,
)
