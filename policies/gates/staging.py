"""Rule `staging`: Production is no test environment."""

from __future__ import annotations

from policies.rule import of_release
from slipway.release.readiness import receipts

RULE = of_release(
    "staging",
    "The same revision, artifact and workload, completed a rollout in the stack before this one",
    severity="critical",
    rows=("A2",),
    remedy="Release it to staging first, then list the receipt",
    evaluate=receipts.evaluate_staging,
)
