"""What the tests of the gates share."""

from __future__ import annotations

from slipway.release.findings import Finding
from slipway.release.gating.catalog import evaluate
from slipway.release.readiness.gate_input import GateInput


def refused(gate_input: GateInput, gate: str, *codes: str) -> list[Finding]:
    """Assert that exactly this gate refuses, with exactly these codes, and hand its findings back."""
    findings = evaluate(gate_input)
    assert {(finding.gate, finding.code) for finding in findings} == {(gate, code) for code in codes}, findings
    for finding in findings:
        assert finding.field
        assert finding.found
        assert finding.wanted
        assert finding.remedy
        assert finding.message.endswith(f"[{finding.turn}]")
    return findings


def passes(gate_input: GateInput) -> None:
    """Assert that nothing is refused."""
    assert [finding.message for finding in evaluate(gate_input)] == []
