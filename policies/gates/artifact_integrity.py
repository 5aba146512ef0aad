"""Rule `artifact-integrity`: The bytes that run are the bytes that were judged."""

from __future__ import annotations

from policies.rule import of_release
from slipway.release.readiness import integrity

RULE = of_release(
    "artifact-integrity",
    "The artifact is signed for, and the registry has exactly these bytes",
    severity="critical",
    rows=("W1", "B1"),
    remedy="Sign the provenance or the results of this artifact, and push it",
    evaluate=integrity.evaluate,
)
