from __future__ import annotations

from datetime import timedelta
from typing import get_args

import pytest

from slipway.release.evidence.errors import REMEDIES, Code
from slipway.release.evidence.facts import Kind
from slipway.release.gating.catalog import evaluate
from slipway.release.readiness.reports import ELSEWHERE, REPORTS
from slipway.release.readiness.settings import EvidenceSettings, Settings
from tests.unit.slipway.release.readiness.support import passes, refused
from tests.vouched import NOW, Vouched
from tests.vouched import REPORTS as FILES


@pytest.mark.parametrize("kind", ["tests", "coverage", "static-analysis", "security-scan"])
def test_required_evidence_that_is_not_named_is_missing(it: Vouched, kind: str) -> None:
    section = FILES[kind][0]
    del it.manifest["evidence"][section]
    (finding,) = refused(it.gate_input(), "evidence", "missing")
    assert finding.field == f"evidence.{section}"


def test_no_evidence_at_all_lists_everything_at_once(it: Vouched) -> None:
    it.manifest["evidence"] = {}
    gates = {finding.gate for finding in evaluate(it.gate_input())}
    assert gates == {"evidence", "provenance", "staging", "drill", "migrations"}


def test_evidence_that_was_rejected_is_reported_once_and_not_as_missing_too(it: Vouched) -> None:
    (it.root / "junit.xml").write_bytes(b"")
    (finding,) = refused(it.gate_input(), "evidence", "empty")
    assert finding.field == "evidence.tests[0]"


def test_forged_evidence_is_critical(it: Vouched) -> None:
    (it.root / "junit.xml").write_bytes((it.root / "junit.xml").read_bytes() + b" ")
    (finding,) = refused(it.gate_input(), "evidence", "unbound")
    assert finding.severity == "critical"


@pytest.mark.parametrize(
    ("days", "stale"), [(2, set()), (4, {"securityScan", "vex"}), (8, {f[0] for f in FILES.values()})]
)
def test_evidence_grows_stale_by_its_kind(it: Vouched, days: int, stale: set[str]) -> None:
    it.bind({kind: name for kind, (_, _, name) in FILES.items()}, at=NOW - timedelta(days=days))
    if not stale:
        passes(it.gate_input())
        return
    findings = refused(it.gate_input(), "evidence", "stale")
    assert {finding.field for finding in findings} == {f"evidence.{section}[0]" for section in stale}


def test_evidence_from_the_future_is_refused_even_for_a_release_that_is_settled(it: Vouched) -> None:
    it.bind({kind: name for kind, (_, _, name) in FILES.items()}, at=NOW + timedelta(hours=1))
    refused(it.gate_input(), "evidence", "future")
    refused(it.gate_input(settled=True), "evidence", "future")


def test_a_settled_release_does_not_become_red_by_age(it: Vouched) -> None:
    passes(it.gate_input(settled=True, now=NOW + timedelta(days=4000)))


def test_what_is_required_can_be_less(it: Vouched) -> None:
    del it.manifest["evidence"]["coverage"]
    it.settings = Settings(evidence=EvidenceSettings(required=("tests",)))
    passes(it.gate_input())


def test_a_statement_that_nobody_can_use_is_refused(it: Vouched) -> None:
    it.manifest["evidence"]["statements"].append(it.sign("x.json", "ci", "https://example.com/x/v1", {"a": 1}))
    refused(it.gate_input(), "evidence", "unsupported")


def test_every_kind_of_evidence_is_judged_by_some_gate() -> None:
    assert set(get_args(Kind)) - set(REPORTS) - ELSEWHERE == {"summary", "signature"}


def test_every_code_has_a_remedy() -> None:
    assert set(REMEDIES) == set(get_args(Code))
