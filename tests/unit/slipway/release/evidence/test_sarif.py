from __future__ import annotations

import json
from typing import Any

import pytest

from slipway.release.evidence import sarif
from slipway.release.evidence.facts import MOST_VULNERABILITIES
from tests.unit.slipway.release.evidence.support import data, refused


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


NOTICE = {
    "message": {"text": "cannot parse"},
    "locations": [{"physicalLocation": {"artifactLocation": {"uri": "a.py"}}}],
}


def _said(notice: dict[str, Any], where: str = "toolExecutionNotifications", **more: Any) -> bytes:
    run: dict[str, Any] = {"invocations": [{"executionSuccessful": True, where: [NOTICE | notice]} | more]}
    run["tool"] = {
        "driver": {
            "name": "t",
            "notifications": [{"id": "BAD", "defaultConfiguration": {"level": "error"}}, {"id": "HM"}],
        }
    }
    return _log(**run)


@pytest.mark.parametrize("where", ["toolExecutionNotifications", "toolConfigurationNotifications"])
@pytest.mark.parametrize(
    ("notice", "more", "successful"),
    [
        ({"level": "error"}, {}, False),
        ({"descriptor": {"id": "BAD"}}, {}, False),
        ({"descriptor": {"index": 0}}, {}, False),
        ({"descriptor": {"id": "BAD/sub"}}, {}, False),
        ({"descriptor": {"id": "BAD"}, "level": "note"}, {}, True),
        ({"descriptor": {"id": "HM"}}, {}, True),
        ({"level": "warning"}, {}, True),
        ({"level": "none"}, {}, True),
        ({}, {}, True),
        (
            {"descriptor": {"id": "HM"}},
            {"notificationConfigurationOverrides": [{"descriptor": {"id": "HM"}, "configuration": {"level": "error"}}]},
            False,
        ),
    ],
    ids=str,
)
def test_an_error_that_the_tool_reports_of_itself_is_a_failed_run(
    where: str, notice: dict[str, Any], more: dict[str, Any], successful: bool
) -> None:
    content = _said(notice, where, **more)
    for facts in (sarif.parse_analysis(content), sarif.parse_scan(content)):
        assert facts.successful is successful
        assert bool(facts.failures) is not successful
        if not successful:
            assert "cannot parse (a.py)" in facts.failures[0]


def test_a_file_that_the_tool_could_not_parse_is_named() -> None:
    facts = sarif.parse_analysis(data("sarif-tool-error.sarif"))
    assert not facts.successful
    assert facts.failures == ("it reports an error of its own: syntax error while parsing AST from file (broken.py)",)


@pytest.mark.parametrize(
    "ending", [{"exitSignalName": "SIGKILL"}, {"processStartFailureMessage": "no such file"}], ids=str
)
def test_a_run_that_was_ended_from_outside_is_a_failed_one(ending: dict[str, str]) -> None:
    facts = sarif.parse_scan(_log(invocations=[{"executionSuccessful": True} | ending]))
    assert not facts.successful
    assert next(iter(ending.values())) in facts.failures[0]


def test_warnings_of_the_tool_about_itself_are_counted() -> None:
    assert sarif.parse_analysis(_said({"level": "warning"})).notices == 1
    assert sarif.parse_analysis(_said({"level": "note"})).notices == 0


@pytest.mark.parametrize(
    "change",
    [
        {"tool": {"driver": {"name": "t", "rules": None, "notifications": None}, "extensions": None}},
        {"invocations": None},
        {"invocations": [{"executionSuccessful": True, "toolExecutionNotifications": None}]},
        {"results": [{"message": {"text": "m"}, "level": "note", "locations": None, "properties": None, "rule": None}]},
        {"results": [{"message": {"text": "m"}, "level": "note", "locations": [{"physicalLocation": None}]}]},
        {"results": [{"message": {"text": "m"}, "level": "note", "ruleIndex": None, "suppressions": None}]},
    ],
    ids=str,
)
def test_null_in_place_of_an_absent_list_or_object_is_absence(change: dict[str, Any]) -> None:
    assert sarif.parse_analysis(_log(**change)).errors == 0


def test_nil_slices_of_a_tool_in_go_are_empty_lists() -> None:
    assert sarif.parse_analysis(data("sarif-rules-null.sarif")).errors == 0


def test_null_where_something_is_required_stays_an_error() -> None:
    refused("malformed", lambda: sarif.parse_analysis(_log(invocations=[{"executionSuccessful": None}])))
    refused("malformed", lambda: sarif.parse_analysis(_log(tool=None)))


@pytest.mark.parametrize("score", ["", None])
def test_a_score_that_is_left_empty_is_looked_for_in_the_rule(score: str | None) -> None:
    facts = sarif.parse_scan(_log({"ruleId": "E", "properties": {"security-severity": score}}))
    assert [v.score for v in facts.vulnerabilities] == [8.1]
    facts = sarif.parse_scan(_log({"ruleId": "D", "level": "note", "properties": {"security-severity": score}}))
    assert [(v.score, v.severity) for v in facts.vulnerabilities] == [(None, "low")]


def _at(uri: str, line: int = 1) -> dict[str, Any]:
    place = {"artifactLocation": {"uri": uri}, "region": {"startLine": line}}
    return {"ruleId": "CVE-2026-1", "locations": [{"physicalLocation": place}]}


def test_a_vulnerability_in_two_places_is_listed_twice_and_of_two_lines_once() -> None:
    facts = sarif.parse_scan(_log(_at("dpkg"), _at("app/vendor/zlib"), _at("dpkg", 7)))
    assert [v.where for v in facts.vulnerabilities] == ["app/vendor/zlib:1", "dpkg:1"]


@pytest.mark.parametrize(
    ("result", "component"),
    [
        ({"message": {"text": "Package: dpkg\nInstalled Version: 1.18.25\nFixed Version: "}}, "dpkg@1.18.25"),
        ({"message": {"text": "Package: dpkg"}}, "dpkg"),
        (
            {"message": {"text": "The path /x reports zlib at version 1.2.3  which is a vulnerable package"}},
            "zlib@1.2.3",
        ),
        ({"message": {"text": "Package '@acme/ui@2.0.1' is vulnerable to 'CVE-2026-1'."}}, "@acme/ui@2.0.1"),
        ({"properties": {"purls": ["pkg:deb/debian/dpkg@1.18.25"]}}, "pkg:deb/debian/dpkg@1.18.25"),
        ({"properties": {"purl": "pkg:npm/x@1"}}, "pkg:npm/x@1"),
        ({"properties": {"purls": ["pkg:npm/x@1", "pkg:npm/y@1"]}}, ""),
        ({}, ""),
    ],
    ids=str,
)
def test_the_component_is_read_where_a_scanner_says_it(result: dict[str, Any], component: str) -> None:
    (found,) = sarif.parse_scan(_log({"ruleId": "CVE-2026-1"} | result)).vulnerabilities
    assert found.component == component


def test_ids_are_written_as_their_registries_do() -> None:
    facts = sarif.parse_scan(_log({"ruleId": "cve-2026-1000"}, {"ruleId": "ghsa-ABCD-ef12-gh34"}))
    assert [v.id for v in facts.vulnerabilities] == ["CVE-2026-1000", "GHSA-abcd-ef12-gh34"]


@pytest.mark.parametrize("score", ["eleven", "11", "-1", "nan", True, []])
def test_a_score_that_is_none_is_refused(score: object) -> None:
    refused("malformed", lambda: sarif.parse_scan(_log({"ruleId": "D", "properties": {"security-severity": score}})))


def test_a_long_list_keeps_the_worst_and_counts_the_rest() -> None:
    many = [{"ruleId": f"CVE-2026-{n}", "level": "note"} for n in range(10_000, 10_000 + MOST_VULNERABILITIES)]
    facts = sarif.parse_scan(_log(*many, {"ruleId": "CVE-2026-9999", "level": "error"}))
    assert facts.vulnerabilities[0].id == "CVE-2026-9999"
    assert len(facts.vulnerabilities) == MOST_VULNERABILITIES
    assert facts.omitted == {"low": 1}
