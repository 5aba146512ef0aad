"""Rule `provenance`: Who built it, from what."""

from __future__ import annotations

from policies.rule import of_release
from slipway.release.readiness import integrity

RULE = of_release(
    "provenance",
    "An allowed builder built the artifact from an allowed source",
    severity="critical",
    rows=("W2", "B1"),
    remedy="Build with an allowed builder and list its SLSA provenance",
    evaluate=integrity.evaluate_provenance,
)
