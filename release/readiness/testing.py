"""Gates `tests` and `coverage`: enough ran, enough of it passed, enough of the code was reached."""

from __future__ import annotations

from release.evidence.facts import CoverageFacts, TestFacts
from release.findings import Finding
from release.readiness.case import Case
from release.units import show_share

TESTS = "tests"
COVERAGE = "coverage"


def evaluate_tests(case: Case) -> list[Finding]:
    """Over all test reports together: cases, pass rate of what ran, and the share that was skipped."""
    found = [facts for _, facts in case.dossier.of(TestFacts)]
    if not found:
        return []
    limits = case.settings.tests
    cases = sum(facts.cases for facts in found)
    skipped = sum(facts.skipped for facts in found)
    passed = sum(facts.passed for facts in found)
    ran = cases - skipped
    problems: list[tuple[str, str, str, str]] = []
    if ran < limits.min_cases:
        problems.append(("too-few", f"{ran} cases that ran", f"at least {limits.min_cases}", "Run the whole suite"))
    elif passed < limits.min_pass_rate * ran:
        names = ", ".join(name for facts in found for name in facts.failing[:5])
        problems.append(
            (
                "pass-rate",
                f"{passed} of {ran} passed ({show_share(passed / ran)}); failing: {names or 'not named'}",
                f"at least {show_share(limits.min_pass_rate)}",
                "Fix the failing tests, or the code that they test",
            )
        )
    if cases and skipped > limits.max_skipped * cases:
        problems.append(
            (
                "skipped",
                f"{skipped} of {cases} cases skipped",
                f"at most {show_share(limits.max_skipped)}",
                "Run them, or delete those that nobody needs",
            )
        )
    return [
        Finding(gate=TESTS, code=code, field="evidence.tests", found=f, wanted=w, remedy=r, turn="development")
        for code, f, w, r in problems
    ]


def evaluate_coverage(case: Case) -> list[Finding]:
    """Over all coverage reports together: lines, and branches where the reports have them."""
    found = [facts for _, facts in case.dossier.of(CoverageFacts)]
    limits = case.settings.coverage
    lines, covered = sum(f.lines for f in found), sum(f.lines_covered for f in found)
    branches, taken = sum(f.branches for f in found), sum(f.branches_covered for f in found)
    findings = []
    for what, total, hit, least in (
        ("lines", lines, covered, limits.min_lines),
        ("branches", branches, taken, limits.min_branches),
    ):
        if total and hit < least * total:
            findings.append(
                Finding(
                    gate=COVERAGE,
                    code=f"{what}-uncovered",
                    field="evidence.coverage",
                    found=f"{hit} of {total} {what} ({show_share(hit / total)})",
                    wanted=f"at least {show_share(least)}",
                    remedy="Add tests for what the release changes",
                    turn="development",
                )
            )
        elif found and not total and least > 0:
            findings.append(
                Finding(
                    gate=COVERAGE,
                    code=f"{what}-unknown",
                    field="evidence.coverage",
                    found=f"no {what} in the reports",
                    wanted=f"at least {show_share(least)} of them covered",
                    remedy=f"Let the coverage tool measure {what}",
                    turn="development",
                )
            )
    return findings
