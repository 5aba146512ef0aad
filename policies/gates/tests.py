"""Rule `tests`: Test pass rate."""

from __future__ import annotations

from policies.rule import of_release
from slipway.release.readiness import testing

RULE = of_release(
    "tests",
    "Enough tests ran, and enough of them passed",
    severity="high",
    rows=("W2", "A1"),
    remedy="Fix what fails, and run the whole suite",
    evaluate=testing.evaluate_tests,
)
