"""Rule `manifest`: what a program says of a release is what the bytes of its manifest say.

The program that is gated is no witness: the gates read the file again, and everything else from it.
"""

from __future__ import annotations

from policies.rule import ReleaseRule
from slipway.release.findings import Finding
from slipway.release.readiness.case import Case


def evaluate(case: Case) -> list[Finding]:
    """Nothing more: what cannot be read or was declared otherwise is found before there is a case."""
    return []


RULE = ReleaseRule(
    name="manifest",
    title="The release that is declared is the one in its manifest",
    severity="critical",
    rows=("B1", "I1"),
    remedy="Declare the release from its manifest and nothing else",
    evaluate=evaluate,
)
