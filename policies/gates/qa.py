"""Rule `qa`: A recommendation other than go sends the release back."""

from __future__ import annotations

from policies.rule import of_release
from slipway.release.readiness import people

RULE = of_release(
    "qa",
    "QA said go, for this release as it is now",
    severity="high",
    rows=("W1", "A1"),
    remedy="Settle what QA asks for; then QA signs anew",
    evaluate=people.evaluate_qa,
)
