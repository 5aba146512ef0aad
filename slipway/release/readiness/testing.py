"""Gates `tests` and `coverage`: enough ran, enough of it passed, enough of the code was reached."""

from __future__ import annotations

from slipway.release.evidence.facts import CoverageFacts, TestFacts
from slipway.release.findings import Finding, finding
from slipway.release.readiness.gate_input import GateInput
from slipway.release.units import show_share

TESTS = "tests"
COVERAGE = "coverage"


def evaluate_tests(gate_input: GateInput) -> list[Finding]:
    """Over all test reports together: cases, pass rate of what ran, and the shares that were skipped or flaky."""
    found = [facts for _, facts in gate_input.evidence.of(TestFacts)]
    if not found:
        return []
    limits, problems = gate_input.settings.tests, []
    cases, skipped = sum(facts.cases for facts in found), sum(facts.skipped for facts in found)
    passed, flaky = sum(facts.passed for facts in found), sum(facts.flaky for facts in found)
    ran = cases - skipped
    if ran < limits.min_cases:
        problems.append(_problem("too-few", f"{ran} cases that ran", f"at least {limits.min_cases}", _not_run(found)))
    elif passed < limits.min_pass_rate * ran:
        names = ", ".join(name for facts in found for name in facts.failing[:5])
        said = f"{passed} of {ran} passed ({show_share(passed / ran)}); failing: {names or 'not named'}"
        problems.append(_problem("pass-rate", said, f"at least {show_share(limits.min_pass_rate)}", _failing(found)))
    if cases and skipped > limits.max_skipped * cases:
        said = f"{skipped} of {cases} cases skipped{_unlisted(found)}"
        problems.append(_problem("skipped", said, f"at most {show_share(limits.max_skipped)}", _not_run(found)))
    if limits.max_flaky is not None and cases and flaky > limits.max_flaky * cases:
        said = f"{flaky} of {cases} cases passed only when they were run again"
        wanted = f"at most {show_share(limits.max_flaky)}"
        problems.append(_problem("flaky", said, wanted, "Mend what makes them fail at times"))
    return problems


def _problem(code: str, found: str, wanted: str, remedy: str) -> Finding:
    return finding(gate=TESTS, code=code, field="evidence.tests", found=found, wanted=wanted, remedy=remedy)


def _unlisted(found: list[TestFacts]) -> str:
    unlisted = sum(facts.unlisted for facts in found)
    return f", {unlisted} of them counted by a header and listed as no case" if unlisted else ""


def _not_run(found: list[TestFacts]) -> str:
    if any(facts.unlisted for facts in found):
        return (
            "Run them, and let the report list every case: mocha-junit-reporter leaves pending ones out without "
            "includePending=true, and a process that ends early leaves out the rest"
        )
    return "Run the whole suite, or delete the tests that are not needed"


def _failing(found: list[TestFacts]) -> str:
    remedy = "Fix the failing tests, or the code that they test"
    repeated = next((facts.repeated[0] for facts in found if facts.repeated), None)
    if repeated is None:
        return remedy
    return (
        f"{remedy}. {repeated} failed and passed under one name: give tests names of their own, and where these are "
        "attempts let the report join them (Gradle: mergeReruns = true)"
    )


def evaluate_coverage(gate_input: GateInput) -> list[Finding]:
    """Over all coverage reports together: lines, and branches where the reports have them."""
    found = [facts for _, facts in gate_input.evidence.of(CoverageFacts)]
    limits = gate_input.settings.coverage
    lines, covered = sum(f.lines for f in found), sum(f.lines_covered for f in found)
    branches, taken = sum(f.branches for f in found), sum(f.branches_covered for f in found)
    findings = []
    for what, total, hit, least in (
        ("lines", lines, covered, limits.min_lines),
        ("branches", branches, taken, limits.min_branches),
    ):
        if total and hit < least * total:
            findings.append(
                finding(
                    gate=COVERAGE,
                    code=f"{what}-uncovered",
                    field="evidence.coverage",
                    found=f"{hit} of {total} {what} ({show_share(hit / total)})",
                    wanted=f"at least {show_share(least)}",
                    remedy="Add tests for what the release changes",
                )
            )
        elif found and not total and least > 0:
            findings.append(
                finding(
                    gate=COVERAGE,
                    code=f"{what}-unknown",
                    field="evidence.coverage",
                    found=f"no {what} in the reports",
                    wanted=f"at least {show_share(least)} of them covered",
                    remedy=f"Let the coverage tool measure {what}",
                )
            )
    return findings
