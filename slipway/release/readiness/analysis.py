"""Gate `static-analysis`: the analysis ran to its end and found no new errors."""

from __future__ import annotations

from slipway.release.evidence.facts import AnalysisFacts
from slipway.release.findings import Finding, finding
from slipway.release.readiness.gate_input import GateInput

GATE = "static-analysis"


def evaluate(gate_input: GateInput) -> list[Finding]:
    """Each report by itself: a failed run, new errors, too many warnings, results that the tool left open."""
    findings = []
    for item, facts in gate_input.evidence.of(AnalysisFacts):
        for code, found, wanted, remedy in _problems(gate_input, facts):
            findings.append(finding(GATE, code, item.field, found, wanted, remedy))
    return findings


def _problems(gate_input: GateInput, facts: AnalysisFacts) -> list[tuple[str, str, str, str]]:
    limits = gate_input.settings.static_analysis
    problems = []
    tools = ", ".join(facts.tools)
    if not facts.successful:
        problems.append(
            (
                "failed-run",
                f"{tools}: {'; '.join(facts.failures[:3]) or 'executionSuccessful is false'}",
                "a run that got to its end, without an error of the tool's own",
                "Repair what the tool could not read or do, and run it again",
            )
        )
    if facts.errors > limits.max_errors:
        worst = "; ".join(facts.worst[:3])
        problems.append(
            (
                "errors",
                f"{tools}: {facts.errors} new errors, such as {worst}",
                f"at most {limits.max_errors}",
                "Fix them, or suppress them with a justification that the tool records as accepted",
            )
        )
    if limits.max_warnings is not None and facts.warnings > limits.max_warnings:
        problems.append(
            ("warnings", f"{tools}: {facts.warnings} warnings", f"at most {limits.max_warnings}", "Fix them")
        )
    if facts.undecided and not limits.allow_undecided:
        problems.append(
            ("undecided", f"{tools}: {facts.undecided} results open or under review", "none", "Decide them in the tool")
        )
    return problems
