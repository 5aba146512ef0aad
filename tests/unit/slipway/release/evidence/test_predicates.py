from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from slipway.release.evidence import predicates, receipts
from slipway.release.evidence.errors import EvidenceError
from slipway.release.evidence.facts import ProvenanceFacts, ScanFacts, SummaryFacts, TestFacts
from slipway.release.evidence.statement import Statement, Subject
from slipway.release.evidence.verify import Said, read_predicate
from tests.unit.slipway.release.evidence.support import DIGEST, refused
from tests.vouched import slsa

AT = "2026-11-22T10:00:00Z"
WHEN = datetime(2026, 11, 22, 10, tzinfo=UTC)
HASH = "c" * 64


def _said(kind: str, predicate: dict[str, Any]) -> Said:
    subject = [Subject(digest={"sha256": "a" * 64})]
    statement = Statement.model_validate(
        {"_type": "https://in-toto.io/Statement/v1", "subject": subject, "predicateType": kind, "predicate": predicate}
    )
    return read_predicate(statement, DIGEST)


def _vulns(*found: dict[str, Any]) -> dict[str, Any]:
    return {
        "scanner": {"uri": "pkg:generic/scanner@1", "db": {"lastUpdate": AT}, "result": list(found)},
        "metadata": {"scanStartedOn": AT, "scanFinishedOn": AT},
    }


def test_slsa_provenance_tells_builder_source_and_commit() -> None:
    it = _said(predicates.SLSA_PROVENANCE, slsa("https://builder.example"))
    assert isinstance(it.facts, ProvenanceFacts)
    assert (it.facts.builder, it.facts.commit) == ("https://builder.example", "a" * 40)
    assert it.facts.source == "git+https://forge.example/checkout"
    assert it.at is not None


def test_provenance_without_times_has_none() -> None:
    predicate = slsa()
    predicate["runDetails"] = {"builder": {"id": "b"}}
    assert _said(predicates.SLSA_PROVENANCE, predicate).at is None


def test_a_verification_summary_is_read() -> None:
    predicate = {
        "verifier": {"id": "https://verifier.example"},
        "timeVerified": AT,
        "resourceUri": "pkg:oci/checkout",
        "policy": {"uri": "https://policy.example"},
        "verificationResult": "PASSED",
        "verifiedLevels": ["SLSA_BUILD_LEVEL_3"],
    }
    it = _said(predicates.SLSA_SUMMARY, predicate)
    assert isinstance(it.facts, SummaryFacts)
    assert (it.facts.passed, it.at) == (True, WHEN)


@pytest.mark.parametrize(
    ("predicate", "counts"),
    [
        ({"result": "PASSED", "passedTests": ["a", "b"], "warnedTests": ["c"]}, (3, 3, 0)),
        ({"result": "FAILED", "passedTests": ["a"], "failedTests": ["b"]}, (2, 1, 1)),
        ({"result": "FAILED", "passedTests": ["a"]}, (2, 1, 1)),
    ],
)
def test_a_test_result_is_counted(predicate: dict[str, Any], counts: tuple[int, int, int]) -> None:
    facts = _said(predicates.TEST_RESULT, {"configuration": [{"name": "ci.yml"}]} | predicate).facts
    assert isinstance(facts, TestFacts)
    assert (facts.cases, facts.passed, facts.failed) == counts


@pytest.mark.parametrize(
    ("severity", "expected"),
    [
        ([{"method": "nvd", "score": "medium"}, {"method": "cvss_score", "score": "5.2"}], ("medium", 5.2)),
        ([{"method": "nvd", "score": "low"}, {"method": "cvss_score", "score": "9.1"}], ("critical", 9.1)),
        ([{"method": "vendor", "score": "unknown"}], ("high", None)),
        ([], ("high", None)),
    ],
    ids=str,
)
def test_the_worst_severity_of_a_vulnerability_counts_and_an_unknown_one_is_high(
    severity: list[dict[str, str]], expected: tuple[str, float | None]
) -> None:
    facts = _said(predicates.VULNS[1], _vulns({"id": "CVE-1", "severity": severity})).facts
    assert isinstance(facts, ScanFacts)
    assert [(v.severity, v.score) for v in facts.vulnerabilities] == [expected]


@pytest.mark.parametrize("kind", predicates.VULNS)
def test_a_scan_that_found_nothing_is_an_answer(kind: str) -> None:
    facts = _said(kind, _vulns()).facts
    assert isinstance(facts, ScanFacts)
    assert facts.vulnerabilities == ()


REFERENCE = {"service": "checkout", "version": "1", "fingerprint": DIGEST}
COMPLETE: dict[str, dict[str, Any]] = {
    receipts.RESULTS: {"at": AT, "files": [{"kind": "tests", "sha256": HASH}]},
    receipts.QA: {"at": AT, "release": REFERENCE, "recommendation": "go", "by": "q"},
    receipts.APPROVAL: {"at": AT, "release": REFERENCE, "role": "service-owner", "by": "o", "expires": AT},
    receipts.STAGING: {"at": AT, "service": "checkout", "version": "1", "stack": "staging", "outcome": "completed"},
    receipts.DRILL: {
        "at": AT,
        "service": "checkout",
        "procedure": "rollback",
        "stack": "staging",
        "outcome": "completed",
        "seconds": 4.5,
    },
    receipts.MIGRATION: {
        "at": AT,
        "database": "PostgreSQL 17",
        "migrations": [{"id": "1", "up": HASH}],
        "roundTrip": True,
        "previousArtifact": DIGEST,
        "previousPassed": True,
    },
    predicates.SLSA_PROVENANCE: slsa(),
    predicates.VULNS[1]: _vulns(),
}


@pytest.mark.parametrize("kind", COMPLETE)
def test_a_complete_predicate_is_read_with_its_time(kind: str) -> None:
    assert _said(kind, COMPLETE[kind]).at is not None


OPTIONAL = {"expires", "previousArtifact", "previousPassed"}


@pytest.mark.parametrize(("kind", "field"), [(k, f) for k, p in COMPLETE.items() for f in p if f not in OPTIONAL])
def test_a_predicate_without_one_of_its_fields_is_refused(kind: str, field: str) -> None:
    refused("malformed", lambda: _said(kind, {k: v for k, v in COMPLETE[kind].items() if k != field}))


@pytest.mark.parametrize(("kind", "field"), [(k, f) for k, p in COMPLETE.items() for f in p])
def test_a_predicate_with_a_field_of_the_wrong_type_is_refused(kind: str, field: str) -> None:
    wrong = 7 if not isinstance(COMPLETE[kind][field], float) else "7"
    if field in {"at", "expires"}:
        wrong = "not a time"
    refused("malformed", lambda: _said(kind, COMPLETE[kind] | {field: wrong}))


def test_a_time_without_a_zone_is_refused() -> None:
    refused("malformed", lambda: _said(receipts.QA, COMPLETE[receipts.QA] | {"at": "2026-11-22T10:00:00"}))


def test_an_unknown_predicate_is_refused() -> None:
    refused("unsupported", lambda: _said("https://example.com/anything/v1", {}))


def test_a_test_result_that_names_no_test_is_empty() -> None:
    with pytest.raises(EvidenceError) as error:
        _said(predicates.TEST_RESULT, {"configuration": [], "result": "PASSED"})
    assert error.value.code == "empty"


def test_a_severity_that_is_not_understood_counts_as_high_whatever_stands_beside_it() -> None:
    found: dict[str, Any] = {
        "id": "CVE-1",
        "severity": [{"method": "a", "score": "low"}, {"method": "b", "score": "98"}],
    }
    scan = {
        "scanner": {"uri": "pkg:scanner", "result": [found]},
        "metadata": {"scanFinishedOn": "2026-11-22T12:00:00Z"},
    }
    assert _severities(scan) == ["high"]
    found["severity"][1] = {"method": "c", "score": "CVSS:3.1/AV:L/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N"}
    assert _severities(scan) == ["low"]


def _severities(scan: dict[str, Any]) -> list[str]:
    facts = _said(predicates.VULNS[0], scan).facts
    assert isinstance(facts, ScanFacts)
    return [one.severity for one in facts.vulnerabilities]
