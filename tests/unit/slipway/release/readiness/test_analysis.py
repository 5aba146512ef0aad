from __future__ import annotations

import json
from typing import Any

import pytest

from slipway.release.gating.catalog import evaluate
from slipway.release.readiness.settings import AnalysisSettings, Settings, VulnerabilitySettings
from tests.unit.slipway.release.evidence.support import data
from tests.unit.slipway.release.readiness.support import passes, refused
from tests.vouched import REPORTS, Vouched


def _sarif(it: Vouched, name: str, *results: dict[str, Any], successful: bool = True) -> None:
    run = {
        "tool": {"driver": {"name": "tool"}},
        "invocations": [{"executionSuccessful": successful}],
        "results": [{"message": {"text": "m"}, "ruleId": "R1"} | result for result in results],
    }
    it.write(name, json.dumps({"version": "2.1.0", "runs": [run]}).encode())
    it.bind({kind: file for kind, (_, _, file) in REPORTS.items()})


@pytest.mark.parametrize(
    ("result", "codes"),
    [
        ({"level": "error"}, {"errors"}),
        ({"level": "warning"}, set()),
        ({"level": "error", "suppressions": [{"kind": "inSource"}]}, set()),
        ({"level": "error", "suppressions": [{"kind": "inSource", "status": "rejected"}]}, {"errors"}),
        ({"level": "error", "baselineState": "unchanged"}, set()),
        ({"kind": "review"}, {"undecided"}),
    ],
    ids=str,
)
def test_new_errors_and_open_results_of_static_analysis_are_refused(
    it: Vouched, result: dict[str, Any], codes: set[str]
) -> None:
    _sarif(it, "lint.sarif", result)
    if codes:
        refused(it.gate_input(), "static-analysis", *codes)
    else:
        passes(it.gate_input())


def test_an_analysis_that_failed_is_refused_although_it_found_nothing(it: Vouched) -> None:
    _sarif(it, "lint.sarif", successful=False)
    refused(it.gate_input(), "static-analysis", "failed-run")


def test_warnings_may_be_limited_and_open_results_allowed(it: Vouched) -> None:
    _sarif(it, "lint.sarif", {"level": "warning"}, {"kind": "open"})
    it.settings = Settings(static_analysis=AnalysisSettings(max_warnings=0, allow_undecided=True))
    refused(it.gate_input(), "static-analysis", "warnings")


def test_a_severe_vulnerability_is_refused_unless_vex_excuses_it(it: Vouched) -> None:
    passes(it.gate_input())  # the VEX document says that it is not affected
    it.manifest["evidence"]["vex"] = []
    (finding,) = refused(it.gate_input(), "vulnerabilities", "exploitable")
    assert "CVE-2026-10001 (critical, CVSS 9.8)" in finding.found


def test_vex_that_nobody_signed_excuses_nothing(it: Vouched) -> None:
    it.bind({kind: name for kind, (_, _, name) in REPORTS.items() if kind != "vex"})
    assert {finding.gate for finding in evaluate(it.gate_input())} == {"evidence", "vulnerabilities"}


@pytest.mark.parametrize("status", ["affected", "under_investigation"])
def test_vex_that_does_not_say_not_affected_or_fixed_excuses_nothing(it: Vouched, status: str) -> None:
    document = json.loads(data("openvex.json"))
    document["statements"] = [document["statements"][0] | {"status": status}]
    it.write("vex.json", json.dumps(document).encode())
    it.bind({kind: name for kind, (_, _, name) in REPORTS.items()})
    (finding,) = refused(it.gate_input(), "vulnerabilities", "exploitable")
    assert f"VEX says {status}" in finding.found


@pytest.mark.parametrize(("refuse", "count"), [("critical", 0), ("high", 0), ("medium", 1), ("low", 2)])
def test_the_level_from_which_vulnerabilities_are_refused_is_configured(it: Vouched, refuse: str, count: int) -> None:
    it.settings = Settings(vulnerabilities=VulnerabilitySettings.model_validate({"refuse": refuse}))
    findings = refused(it.gate_input(), "vulnerabilities", "exploitable") if count else []
    assert len(findings) == count


def test_a_long_list_is_summed_up_and_still_refused(it: Vouched) -> None:
    results = [{"ruleId": f"CVE-2026-{number}", "level": "error"} for number in range(1000, 1400)]
    _sarif(it, "scan.sarif", *results)
    findings = refused(it.gate_input(), "vulnerabilities", "exploitable", "many")
    assert len(findings) == 21
    assert any("380 more" in finding.found for finding in findings)


def test_a_scan_that_failed_or_left_results_open_is_refused(it: Vouched) -> None:
    _sarif(it, "scan.sarif", {"kind": "open"}, successful=False)
    refused(it.gate_input(), "vulnerabilities", "failed-run", "undecided")
