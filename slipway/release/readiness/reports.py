"""Gate `evidence`: every report that is required is there, was verified, is bound to the artifact, and is fresh.

The gates on content (`tests`, `coverage`, `static-analysis`, `vulnerabilities`) judge only what passed here, so this
gate can neither be switched off nor exempted.
"""

from __future__ import annotations

from slipway.release.evidence.facts import Kind
from slipway.release.findings import Finding, Turn, finding
from slipway.release.readiness.gate_input import GateInput, aged, rejected

GATE = "evidence"

REPORTS: dict[Kind, tuple[str, Turn]] = {
    "tests": ("tests", "qa"),
    "coverage": ("coverage", "development"),
    "static-analysis": ("staticAnalysis", "development"),
    "security-scan": ("securityScan", "development"),
    "vex": ("vex", "development"),
    "migration-lint": ("migrationLint", "development"),
}
_SCANS = {"security-scan", "vex"}
ELSEWHERE: frozenset[Kind] = frozenset({"provenance", "qa", "approval", "staging", "drill", "migration"})
"""Kinds whose own gate reports what was rejected."""


def evaluate(gate_input: GateInput) -> list[Finding]:
    """Missing, rejected, stale and future-dated reports, and statements that say nothing that can be used."""
    return [*_missing(gate_input), *_rejected(gate_input), *_stale(gate_input)]


def _missing(gate_input: GateInput) -> list[Finding]:
    there = {item.facts.kind for item in gate_input.evidence.items} | {
        entry.kind for entry in gate_input.evidence.rejected
    }
    return [
        finding(
            gate=GATE,
            code="missing",
            field=f"evidence.{section}",
            found="nothing",
            wanted=f"{kind} evidence for {gate_input.evidence.subject}",
            remedy=f"Let CI produce it, bind it with `slipway attest results`, and list it under evidence.{section}",
            turn=turn,
        )
        for kind, (section, turn) in REPORTS.items()
        if kind in gate_input.settings.evidence.required and kind not in there
    ]


def _rejected(gate_input: GateInput) -> list[Finding]:
    return [
        rejected(GATE, entry, REPORTS[entry.kind][1] if entry.kind in REPORTS else "platform")
        for entry in gate_input.evidence.rejected
        if entry.kind not in ELSEWHERE
    ]


def _stale(gate_input: GateInput) -> list[Finding]:
    limits = gate_input.settings.evidence
    return [
        finding
        for item in gate_input.evidence.items
        if item.facts.kind in REPORTS
        for finding in aged(
            GATE,
            item,
            gate_input,
            limits.max_scan_age if item.facts.kind in _SCANS else limits.max_age,
            REPORTS[item.facts.kind][1],
        )
    ]
