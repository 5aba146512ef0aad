"""Rule `evidence`: No evidence is no release; forged evidence least of all."""

from __future__ import annotations

from policies.rule import of_release
from slipway.release.readiness import reports

RULE = of_release(
    "evidence",
    "Required evidence is there, verified, bound to the artifact, and fresh",
    severity="high",
    rows=("W1", "A1"),
    remedy="Let CI produce the report and bind it with `slipway attest results`",
    evaluate=reports.evaluate,
)
