from __future__ import annotations

import pytest

from slipway.release.readiness.settings import CoverageSettings, Settings, TestSettings
from tests.unit.slipway.release.readiness.support import passes, refused
from tests.vouched import REPORTS, Vouched


def _tests(it: Vouched, *outcomes: str) -> None:
    cases = "".join(f'<testcase name="t{n}">{outcome}</testcase>' for n, outcome in enumerate(outcomes))
    it.write("junit.xml", f"<testsuite>{cases}</testsuite>".encode())
    it.bind({kind: name for kind, (_, _, name) in REPORTS.items()})


def test_a_failing_test_is_refused_and_named(it: Vouched) -> None:
    _tests(it, "", "<failure/>", "")
    (finding,) = refused(it.gate_input(), "tests", "pass-rate")
    assert "2 of 3" in finding.found
    assert "t1" in finding.found
    assert finding.turn == "development"


def test_a_lower_pass_rate_may_be_allowed(it: Vouched) -> None:
    _tests(it, "", "<failure/>", "", "")
    it.settings = Settings(tests=TestSettings(min_pass_rate=0.75))
    passes(it.gate_input())
    it.settings = Settings(tests=TestSettings(min_pass_rate=0.76))
    refused(it.gate_input(), "tests", "pass-rate")


def test_skipped_tests_are_not_passed_tests(it: Vouched) -> None:
    _tests(it, "<skipped/>", "<skipped/>")
    refused(it.gate_input(), "tests", "too-few", "skipped")


def _report(it: Vouched, text: str) -> None:
    it.write("junit.xml", text.encode())
    it.bind({kind: name for kind, (_, _, name) in REPORTS.items()})


def test_cases_that_only_a_header_counts_are_explained(it: Vouched) -> None:
    _report(it, '<testsuite tests="3"><testcase name="a"/><testcase name="b"/></testsuite>')
    (finding,) = refused(it.gate_input(), "tests", "skipped")
    assert "1 of 3 cases skipped, 1 of them counted by a header" in finding.found
    assert "includePending=true" in finding.remedy


def test_a_test_that_failed_and_passed_under_one_name_is_explained(it: Vouched) -> None:
    _report(it, '<testsuite><testcase name="works"/><testcase name="works"><failure/></testcase></testsuite>')
    (finding,) = refused(it.gate_input(), "tests", "pass-rate")
    assert "works failed and passed under one name" in finding.remedy


def test_flaky_tests_pass_unless_they_are_bounded(it: Vouched) -> None:
    _tests(it, "", "<flakyFailure/>", "", "")
    passes(it.gate_input())
    it.settings = Settings(tests=TestSettings(max_flaky=0.2))
    (finding,) = refused(it.gate_input(), "tests", "flaky")
    assert "1 of 4" in finding.found


def test_a_suite_that_is_smaller_than_it_was_is_refused(it: Vouched) -> None:
    it.settings = Settings(tests=TestSettings(min_cases=100))
    refused(it.gate_input(), "tests", "too-few")


def test_several_reports_count_together(it: Vouched) -> None:
    it.write("more.xml", b'<testsuite><testcase name="x"><error/></testcase></testsuite>')
    it.manifest["evidence"]["tests"].append("more.xml")
    files = {kind: name for kind, (_, _, name) in REPORTS.items()}
    it.bind(files)
    it.sign("more.json", "ci", "urn:slipway:results:v1", _also(it))
    it.manifest["evidence"]["statements"].append("more.json")
    (finding,) = refused(it.gate_input(), "tests", "pass-rate")
    assert "5 of 6" in finding.found


def _also(it: Vouched) -> dict[str, object]:
    import hashlib

    digest = hashlib.sha256((it.root / "more.xml").read_bytes()).hexdigest()
    return {"at": "2026-11-22T10:00:00Z", "files": [{"kind": "tests", "sha256": digest}]}


@pytest.mark.parametrize(
    ("limits", "codes"),
    [
        (CoverageSettings(min_lines=0.875), ()),
        (CoverageSettings(min_lines=0.88), ("lines-uncovered",)),
        (CoverageSettings(min_branches=0.8), ("branches-uncovered",)),
        (CoverageSettings(min_lines=0.9, min_branches=0.8), ("branches-uncovered", "lines-uncovered")),
    ],
    ids=str,
)
def test_coverage_below_its_floor_is_refused(it: Vouched, limits: CoverageSettings, codes: tuple[str, ...]) -> None:
    it.settings = Settings(coverage=limits)
    if codes:
        refused(it.gate_input(), "coverage", *codes)
    else:
        passes(it.gate_input())


def test_branches_that_were_not_measured_are_not_covered(it: Vouched) -> None:
    body = '<class filename="a"><lines><line number="1" hits="1"/></lines></class>'
    text = f"<coverage><packages><package><classes>{body}</classes></package></packages></coverage>"
    it.write("coverage.xml", text.encode())
    it.bind({kind: name for kind, (_, _, name) in REPORTS.items()})
    passes(it.gate_input())
    it.settings = Settings(coverage=CoverageSettings(min_branches=0.5))
    refused(it.gate_input(), "coverage", "branches-unknown")
