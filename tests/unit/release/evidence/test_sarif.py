from __future__ import annotations

import json
from typing import Any

import pytest

from release.evidence import sarif
from release.evidence.facts import MOST_VULNERABILITIES
from tests.unit.release.evidence.support import data, refused


def _log(*results: dict[str, Any], **run: Any) -> bytes:
    rules = [
        {"id": "E", "defaultConfiguration": {"level": "error"}, "properties": {"security-severity": "8.1"}},
        {"id": "N", "guid": "6ea74cbb-6e1c-4d2f-9c7a-0c0d9f1c9e10", "defaultConfiguration": {"level": "note"}},
        {"id": "D"},
    ]
    complete = {
        "tool": {"driver": {"name": "t", "rules": rules}},
        "results": [{"message": {"text": "m"}} | result for result in results],
    } | run
    return json.dumps({"version": "2.1.0", "runs": [complete]}).encode()


def test_the_default_level_comes_from_the_rule_and_is_warning_otherwise() -> None:
    facts = sarif.parse_analysis(data("sarif-lint.sarif"))
    assert (facts.errors, facts.warnings, facts.notes, facts.suppressed) == (0, 1, 1, 1)
    assert facts.tools == ("lint 4.2.0",)


@pytest.mark.parametrize(
    ("result", "counts"),
    [
        ({"ruleId": "E"}, (1, 0, 0)),
        ({"ruleIndex": 0}, (1, 0, 0)),
        ({"rule": {"index": 0}}, (1, 0, 0)),
        ({"rule": {"id": "E"}}, (1, 0, 0)),
        ({"rule": {"guid": "6EA74CBB-6e1c-4d2f-9c7a-0c0d9f1c9e10"}}, (0, 0, 1)),
        ({"ruleId": "E/sub/case"}, (1, 0, 0)),
        ({"ruleId": "E", "level": "note"}, (0, 0, 1)),
        ({"ruleId": "N", "level": "error"}, (1, 0, 0)),
        ({"ruleId": "unknown"}, (0, 1, 0)),
        ({}, (0, 1, 0)),
        ({"ruleId": "E", "kind": "pass"}, (0, 0, 0)),
        ({"ruleId": "E", "kind": "notApplicable"}, (0, 0, 0)),
        ({"ruleId": "E", "baselineState": "unchanged"}, (0, 0, 0)),
        ({"ruleId": "E", "baselineState": "absent"}, (0, 0, 0)),
        ({"ruleId": "E", "baselineState": "updated"}, (1, 0, 0)),
        ({"ruleId": "E", "suppressions": []}, (1, 0, 0)),
        ({"ruleId": "E", "suppressions": [{"kind": "inSource"}]}, (0, 0, 0)),
        ({"ruleId": "E", "suppressions": [{"kind": "external", "status": "accepted"}]}, (0, 0, 0)),
        ({"ruleId": "E", "suppressions": [{"kind": "external", "status": "underReview"}]}, (1, 0, 0)),
        (
            {"ruleId": "E", "suppressions": [{"kind": "inSource"}, {"kind": "external", "status": "rejected"}]},
            (1, 0, 0),
        ),
    ],
    ids=str,
)
def test_levels_kinds_baselines_and_suppressions(result: dict[str, Any], counts: tuple[int, int, int]) -> None:
    facts = sarif.parse_analysis(_log(result))
    assert (facts.errors, facts.warnings, facts.notes) == counts


@pytest.mark.parametrize("kind", ["open", "review"])
def test_what_the_tool_could_not_decide_is_counted(kind: str) -> None:
    assert sarif.parse_analysis(_log({"ruleId": "E", "kind": kind})).undecided == 1


def test_an_invocation_may_override_the_level_of_a_rule() -> None:
    override = {"descriptor": {"id": "N"}, "configuration": {"level": "error"}}
    invocations = [{"executionSuccessful": True, "ruleConfigurationOverrides": [override]}]
    assert sarif.parse_analysis(_log({"ruleId": "N"}, invocations=invocations)).errors == 1


def test_a_rule_may_live_in_an_extension() -> None:
    rule = {"id": "X", "defaultConfiguration": {"level": "error"}}
    tool = {"driver": {"name": "t"}, "extensions": [{"name": "plugin", "rules": [rule]}]}
    by_index = {"rule": {"index": 0, "toolComponent": {"index": 0}}}
    by_name = {"ruleId": "X", "rule": {"toolComponent": {"name": "plugin"}}}
    assert sarif.parse_analysis(_log(by_index, by_name, tool=tool)).errors == 2


def test_a_run_that_failed_is_told_apart() -> None:
    assert sarif.parse_analysis(_log(invocations=[{"executionSuccessful": False}])).successful is False
    assert sarif.parse_analysis(_log(invocations=[{"executionSuccessful": True}])).successful is True


def test_a_run_without_results_analysed_nothing() -> None:
    refused(
        "empty", lambda: sarif.parse_analysis(b'{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "t"}}}]}')
    )
    refused("empty", lambda: sarif.parse_analysis(_log(results=None)))
    refused("empty", lambda: sarif.parse_analysis(b'{"version": "2.1.0", "runs": []}'))


def test_results_outside_of_the_file_are_refused() -> None:
    outside = {"externalPropertyFileReferences": {"results": [{"location": {"uri": "file:///etc/hostname"}}]}}
    refused("unsupported", lambda: sarif.parse_analysis(_log(**outside)))


@pytest.mark.parametrize(
    "content",
    [
        b"[]",
        b"{}",
        b'{"version": "2.0.0", "runs": []}',
        b'{"version": "2.1.0", "version": "2.1.0", "runs": []}',
        b'{"version": "2.1.0", "runs": [{"results": []}]}',
        b'{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": 7}}, "results": []}]}',
        _log({"level": "fatal"}),
        _log({"kind": "maybe"}),
        _log({"kind": "pass", "level": "error"}),
        _log({"ruleIndex": 99}),
        _log({"ruleIndex": "0"}),
        _log({"suppressions": [{"kind": "inSource", "status": "granted"}]}),
        _log({"provenance": {"invocationIndex": 3}}),
        _log({"ruleId": "a" * 500}),
        _log(invocations=[{"exitCode": 0}]),
        b'{"version": "2.1.0", "runs": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"version": "2.1.0", "runs": [NaN]}',
        '{"version": "2.1.0"}'.encode("utf-16"),
    ],
)
def test_what_is_not_sarif_is_refused(content: bytes) -> None:
    refused("malformed", lambda: sarif.parse_analysis(content))


def test_a_scan_takes_the_severity_from_the_score_and_the_id_from_the_rule() -> None:
    facts = sarif.parse_scan(data("sarif-scan.sarif"))
    found = [(v.id, v.severity, v.score) for v in facts.vulnerabilities]
    assert found == [
        ("CVE-2026-10001", "critical", 9.8),
        ("CVE-2026-10002", "medium", 5.5),
        ("GHSA-abcd-ef12-gh34", "low", 2.0),
    ]


def test_a_baseline_does_not_excuse_a_vulnerability() -> None:
    facts = sarif.parse_scan(_log({"ruleId": "E", "baselineState": "unchanged"}))
    assert [v.severity for v in facts.vulnerabilities] == ["high"]


@pytest.mark.parametrize("score", ["eleven", "11", "-1", "nan", True, [], None])
def test_a_score_that_is_none_is_refused(score: object) -> None:
    refused("malformed", lambda: sarif.parse_scan(_log({"ruleId": "D", "properties": {"security-severity": score}})))


def test_a_long_list_keeps_the_worst_and_counts_the_rest() -> None:
    many = [{"ruleId": f"CVE-2026-{n}", "level": "note"} for n in range(10_000, 10_000 + MOST_VULNERABILITIES)]
    facts = sarif.parse_scan(_log(*many, {"ruleId": "CVE-2026-9999", "level": "error"}))
    assert facts.vulnerabilities[0].id == "CVE-2026-9999"
    assert len(facts.vulnerabilities) == MOST_VULNERABILITIES
    assert facts.omitted == {"low": 1}
