from __future__ import annotations

import hashlib
import json
import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from slipway.release.evidence import collect, predicates, receipts
from slipway.release.evidence.errors import Code
from slipway.release.evidence.facts import TestFacts
from slipway.release.evidence.model import EvidenceRecord
from slipway.release.evidence.trust import TrustRoots
from tests.manifests import OTHER_DIGEST
from tests.vouched import NOW, REPORTS, YESTERDAY, Vouched, trust_roots, vouch


@pytest.fixture
def it(tmp_path: Path) -> Vouched:
    return vouch(tmp_path)


def _only(dossier: EvidenceRecord) -> tuple[str, str]:
    assert len(dossier.rejected) == 1, dossier.rejected
    return dossier.rejected[0].field, dossier.rejected[0].code


def _without(name: str, **change: object) -> TrustRoots:
    roots = trust_roots()
    principals = tuple(p.model_copy(update=change) if p.name == name else p for p in roots.principals)
    return roots.model_copy(update={"principals": principals})


def test_everything_that_is_vouched_for_becomes_an_item_with_its_binding(it: Vouched) -> None:
    dossier = it.gate_input().evidence
    assert dossier.rejected == ()
    kinds = sorted(item.facts.kind for item in dossier.items)
    assert kinds == sorted([*REPORTS, "provenance", "qa", "approval", "staging", "drill", "migration"])
    tests = next(item for item in dossier.items if item.facts.kind == "tests")
    assert (tests.binding.signer, tests.binding.statement, tests.at) == ("ci", "results.json", YESTERDAY)


def test_a_dossier_survives_the_way_through_the_state_of_a_stack(it: Vouched) -> None:
    dossier = it.gate_input().evidence
    assert EvidenceRecord.model_validate_json(json.dumps(dossier.to_wire())) == dossier
    assert len(json.dumps(dossier.to_wire())) < 64 * 1024


def test_a_report_that_was_changed_after_it_was_signed_is_refused(it: Vouched) -> None:
    with (it.root / "junit.xml").open("ab") as file:
        file.write(b"\n")
    dossier = it.gate_input().evidence
    assert _only(dossier) == ("evidence.tests[0]", "unbound")
    assert "changed after it was signed" in dossier.rejected[0].detail


def test_a_report_that_no_statement_names_is_refused(it: Vouched) -> None:
    it.manifest["evidence"]["statements"].remove("results.json")
    dossier = it.gate_input().evidence
    assert {entry.code for entry in dossier.rejected} == {"unbound"}
    assert len(dossier.rejected) == len(REPORTS)


def test_a_report_bound_to_another_artifact_is_refused(it: Vouched) -> None:
    it.bind({kind: name for kind, (_, _, name) in REPORTS.items()}, digest=OTHER_DIGEST)
    assert {entry.code for entry in it.gate_input().evidence.rejected} == {"wrong-digest"}


def test_a_report_bound_as_another_kind_is_refused(it: Vouched) -> None:
    names = {kind: name for kind, (_, _, name) in REPORTS.items() if kind != "static-analysis"}
    it.bind(names | {"security-scan": "lint.sarif"})
    codes = {entry.field: entry.code for entry in it.gate_input().evidence.rejected}
    assert codes == {"evidence.staticAnalysis[0]": "unbound", "evidence.securityScan[0]": "unbound"}


def test_a_signer_who_may_not_vouch_for_a_kind_is_refused(it: Vouched) -> None:
    it.bind({kind: name for kind, (_, _, name) in REPORTS.items()}, by="quinn")
    assert {entry.code for entry in it.gate_input().evidence.rejected} == {"not-allowed"}


def test_a_statement_by_nobody_in_the_trust_roots_is_refused_and_what_it_binds_too(it: Vouched) -> None:
    it.bind({kind: name for kind, (_, _, name) in REPORTS.items()}, by="mallory")
    codes = {entry.field: entry.code for entry in it.gate_input().evidence.rejected}
    assert codes["evidence.statements[0]"] == "untrusted"
    assert codes["evidence.tests[0]"] == "unbound"


def test_a_credential_that_was_retired_before_the_statement_does_not_count(it: Vouched) -> None:
    it.trust = _without("quinn", until=YESTERDAY - timedelta(days=1))
    assert _only(it.gate_input().evidence) == ("qa.statement", "untrusted")
    it.trust = _without("quinn", until=NOW)
    assert it.gate_input().evidence.rejected == ()


@pytest.mark.parametrize(
    ("predicate", "code"),
    [({"by": "olive"}, "not-allowed"), ({"release": {"service": "checkout", "version": "9"}}, "wrong-release")],
)
def test_a_word_in_somebody_elses_name_or_about_another_release_is_refused(
    it: Vouched, predicate: dict[str, object], code: Code
) -> None:
    reference = it.reference() | predicate.get("release", {})  # type: ignore[operator]
    said = {"at": YESTERDAY.isoformat(), "recommendation": "go", "by": "quinn"} | predicate | {"release": reference}
    it.sign("qa.json", "quinn", receipts.QA, said)
    assert _only(it.gate_input().evidence) == ("qa.statement", code)


@pytest.mark.parametrize(
    "change",
    [
        {"workload__env": {"LOG": "debug"}},
        {"workload__replicas": 9},
        {"strategy": {"kind": "rolling"}},
        {"rollback__maxMinutes": 50},
        {"retry": {"reason": "try it once more"}},
    ],
    ids=str,
)
def test_an_approval_does_not_carry_over_to_a_changed_manifest(it: Vouched, change: dict[str, object]) -> None:
    for path, value in change.items():
        *parents, last = path.split("__")
        target = it.manifest
        for part in parents:
            target = target[part]
        target[last] = value
    codes = {entry.field: entry.code for entry in it.gate_input().evidence.rejected}
    assert codes == {"qa.statement": "wrong-release", "approvals[0].statement": "wrong-release"}


def test_more_evidence_can_be_added_after_the_approval(it: Vouched) -> None:
    it.manifest["evidence"]["statements"].append(it.sign("more.json", "stage", receipts.STAGING, _staging()))
    assert it.gate_input().evidence.rejected == ()


def _staging() -> dict[str, object]:
    at = YESTERDAY.isoformat()
    return {"at": at, "service": "checkout", "version": "1", "stack": "staging", "outcome": "completed"}


def test_an_approval_in_a_role_that_the_signer_does_not_have_is_refused(it: Vouched) -> None:
    said = {"at": YESTERDAY.isoformat(), "release": it.reference(), "role": "security", "by": "olive"}
    it.sign("approval.json", "olive", receipts.APPROVAL, said)
    assert _only(it.gate_input().evidence) == ("approvals[0].statement", "not-allowed")


def test_a_receipt_of_another_service_or_artifact_is_refused(it: Vouched) -> None:
    it.sign("staging.json", "stage", receipts.STAGING, _staging() | {"service": "basket"})
    assert _only(it.gate_input().evidence) == ("evidence.statements[1]", "wrong-release")
    it.sign("staging.json", "stage", receipts.STAGING, _staging(), OTHER_DIGEST)
    assert _only(it.gate_input().evidence) == ("evidence.statements[1]", "wrong-digest")


def test_a_statement_listed_as_something_else_is_refused(it: Vouched) -> None:
    it.manifest["evidence"]["provenance"] = ["qa.json"]
    assert _only(it.gate_input().evidence) == ("evidence.provenance[0]", "malformed")


def test_a_plain_file_is_no_statement(it: Vouched) -> None:
    it.write("slsa.json", b'{"builder": "me"}')
    assert _only(it.gate_input().evidence) == ("evidence.provenance[0]", "unsigned")


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        (lambda path: path.unlink(), "missing"),
        (lambda path: path.write_bytes(b""), "empty"),
        (lambda path: path.write_bytes(b"<testsuites>"), "malformed"),
        (lambda path: path.write_bytes(b"\xff\xfe\x00\x00"), "malformed"),
        (lambda path: path.write_bytes(b"<testsuite failures='1'><testcase name='a'/></testsuite>"), "mismatch"),
        (lambda path: path.open("wb").truncate(1 << 32), "too-large"),
        (lambda path: (path.unlink(), path.symlink_to("/etc/group")), "outside"),
        (lambda path: (path.unlink(), path.mkdir()), "unreadable"),
    ],
    ids=["missing", "empty", "malformed", "encoding", "mismatch", "too large", "link", "folder"],
)
def test_each_defect_of_a_report_has_a_code_of_its_own(it: Vouched, damage: object, code: Code) -> None:
    damage(it.root / "junit.xml")  # type: ignore[operator]
    assert _only(it.gate_input().evidence) == ("evidence.tests[0]", code)


@pytest.mark.parametrize("reference", ["../junit.xml", "/etc/group", "a/../../b"])
def test_a_reference_out_of_the_project_is_refused(it: Vouched, reference: str) -> None:
    shutil.copy(it.root / "junit.xml", it.root.parent / "junit.xml")
    it.manifest["evidence"]["tests"] = [reference]
    assert _only(it.gate_input().evidence) == ("evidence.tests[0]", "outside")


def _surefire(it: Vouched, number: int, *, folder: str = "target/surefire-reports") -> list[str]:
    """Reports of one class each, one of which is flaky, bound as CI does."""
    names = []
    for n in range(number):
        gate_input = f'<testcase classname="c{n}" name="a" time="1">{"<flakyFailure/>" if n == 0 else ""}</testcase>'
        names.append(it.write(f"{folder}/TEST-c{n:03}.xml", f'<testsuite tests="1">{gate_input}</testsuite>'.encode()))
    files = [
        {"kind": kind, "name": name, "sha256": hashlib.sha256((it.root / name).read_bytes()).hexdigest()}
        for kind, name in [*((kind, name) for kind, (_, _, name) in REPORTS.items() if kind != "tests")]
        + [("tests", name) for name in names]
    ]
    it.sign("results.json", "ci", receipts.RESULTS, {"at": YESTERDAY.isoformat(), "files": files})
    return names


@pytest.mark.parametrize(
    "entry",
    [
        "target/surefire-reports",
        "target/surefire-reports/",
        "target/surefire-reports/TEST-*.xml",
        "target/**/*.xml",
        "**/TEST-c???.xml",
        "*/*/TEST-*.xml",
    ],
)
def test_a_folder_or_a_pattern_stands_for_its_files_and_is_one_item(it: Vouched, entry: str) -> None:
    _surefire(it, 150)
    it.write("target/surefire-reports/readme.txt", b"no report")
    it.manifest["evidence"]["tests"] = [entry]
    dossier = it.gate_input().evidence
    assert dossier.rejected == ()
    (item,) = [item for item in dossier.items if item.facts.kind == "tests"]
    assert (item.field, item.path) == ("evidence.tests[0]", f"{entry} (150 files)")
    assert isinstance(item.facts, TestFacts)
    assert (item.facts.cases, item.facts.passed, item.facts.flaky) == (150, 150, 1)
    assert len(json.dumps(dossier.to_wire())) < 64 * 1024


def test_each_file_of_a_pattern_is_judged(it: Vouched) -> None:
    names = _surefire(it, 3)
    it.manifest["evidence"]["tests"] = ["target/surefire-reports/TEST-*.xml"]
    (it.root / names[1]).write_bytes(b"<testsuite")
    (it.root / "target/surefire-reports/TEST-other.xml").write_bytes(b"<testsuite><testcase name='x'/></testsuite>")
    found = {entry.path: (entry.field, entry.code) for entry in it.gate_input().evidence.rejected}
    assert found == {
        names[1]: ("evidence.tests[0]", "malformed"),
        "target/surefire-reports/TEST-other.xml": ("evidence.tests[0]", "unbound"),
    }


def test_a_report_that_was_signed_and_is_gone_from_its_folder_is_missed(it: Vouched) -> None:
    names = _surefire(it, 3)
    it.manifest["evidence"]["tests"] = ["target/surefire-reports"]
    (it.root / names[2]).unlink()
    assert _only(it.gate_input().evidence) == ("evidence.tests", "omitted")


@pytest.mark.parametrize("entry", ["nowhere/*.xml", "../*.xml", "/etc/*", "junit.xml/*.xml"])
def test_a_pattern_that_stands_for_nothing_is_refused(it: Vouched, entry: str) -> None:
    it.manifest["evidence"]["tests"] = [entry]
    assert _only(it.gate_input().evidence)[0] == "evidence.tests[0]"


def test_a_pattern_neither_lists_nor_follows_symbolic_links(
    it: Vouched, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    (outside / "TEST-x.xml").write_bytes(b"<testsuite><testcase name='x'/></testsuite>")
    (it.root / "linked").symlink_to(outside)
    (it.root / "here").mkdir()
    (it.root / "here" / "TEST-x.xml").symlink_to(outside / "TEST-x.xml")
    for entry in ("linked/*.xml", "linked", "here/*.xml", "**/TEST-*.xml"):
        it.manifest["evidence"]["tests"] = [entry]
        assert not [item for item in it.gate_input().evidence.items if item.facts.kind == "tests"]


def test_more_files_than_are_read_are_refused_by_their_entry(it: Vouched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collect, "MOST_FILES", 20)
    _surefire(it, 30)
    it.manifest["evidence"]["tests"] = ["target/surefire-reports"]
    dossier = it.gate_input().evidence
    assert _only(dossier) == ("evidence.tests[0]", "too-large")
    assert dossier.rejected[0].path == "target/surefire-reports"
    assert {item.facts.kind for item in dossier.items} >= {"coverage", "qa"}


def test_more_pieces_of_evidence_than_are_recorded_are_refused_and_not_dropped(
    it: Vouched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collect, "MOST_ITEMS", 5)
    assert _only(it.gate_input().evidence) == ("evidence", "too-large")


def test_of_two_statements_about_a_report_the_later_one_dates_it(it: Vouched) -> None:
    later = YESTERDAY + timedelta(hours=5)
    first = (it.root / "results.json").read_bytes()
    it.bind({kind: name for kind, (_, _, name) in REPORTS.items()}, at=later)
    it.write("older.json", first)
    it.manifest["evidence"]["statements"].append("older.json")
    tests = next(item for item in it.gate_input().evidence.items if item.facts.kind == "tests")
    assert tests.at == later


def _bind(it: Vouched, *more: tuple[str, str]) -> None:
    files = [*((kind, name) for kind, (_, _, name) in REPORTS.items()), *more]
    entries = [
        {"kind": kind, "name": name, "sha256": hashlib.sha256((it.root / name).read_bytes()).hexdigest()}
        for kind, name in files
    ]
    it.sign("results.json", "ci", receipts.RESULTS, {"at": YESTERDAY.isoformat(), "files": entries})


FAILED = b'<testsuite name="e2e" tests="1" failures="1"><testcase name="pays"><failure/></testcase></testsuite>'


@pytest.mark.parametrize("kind", ["tests", "coverage"])
def test_a_report_that_is_added_up_is_not_counted_twice(it: Vouched, kind: str) -> None:
    section, _, name = REPORTS[kind]
    shutil.copy(it.root / name, it.root / "copy.xml")
    it.manifest["evidence"][section] = [name, "copy.xml"]
    dossier = it.gate_input().evidence
    assert _only(dossier) == (f"evidence.{section}[1]", "duplicate")


def test_a_report_that_was_signed_for_the_artifact_cannot_be_left_out(it: Vouched) -> None:
    it.write("e2e.xml", FAILED)
    _bind(it, ("tests", "e2e.xml"))
    dossier = it.gate_input().evidence
    assert _only(dossier) == ("evidence.tests", "omitted")
    assert "e2e.xml was signed as tests of this artifact, and is not listed" in dossier.rejected[0].detail
    it.manifest["evidence"]["tests"].append("e2e.xml")
    assert it.gate_input().evidence.rejected == ()


def test_neither_a_changed_report_nor_a_signed_one_hides_that_another_was_left_out(it: Vouched) -> None:
    it.write("e2e.xml", FAILED)
    _bind(it, ("tests", "e2e.xml"))
    passed = {"result": "PASSED", "configuration": [], "passedTests": ["a"], "finishedOn": YESTERDAY.isoformat()}
    it.sign("more.json", "ci", predicates.TEST_RESULT, passed)
    it.manifest["evidence"]["tests"].append("more.json")
    assert _only(it.gate_input().evidence) == ("evidence.tests", "omitted")
    with (it.root / "junit.xml").open("ab") as file:
        file.write(b"\n")
    assert {entry.code for entry in it.gate_input().evidence.rejected} == {"unbound", "omitted"}


def test_a_report_that_was_signed_for_another_artifact_is_not_missed(it: Vouched) -> None:
    it.write("e2e.xml", FAILED)
    digest = hashlib.sha256(FAILED).hexdigest()
    entries = [{"kind": "tests", "name": "e2e.xml", "sha256": digest}]
    it.sign("old.json", "ci", receipts.RESULTS, {"at": YESTERDAY.isoformat(), "files": entries}, OTHER_DIGEST)
    it.manifest["evidence"]["statements"].append("old.json")
    assert it.gate_input().evidence.rejected == ()


def test_of_several_who_signed_the_one_who_speaks_counts(it: Vouched) -> None:
    said = {"at": YESTERDAY.isoformat(), "release": it.reference(), "role": "service-owner", "by": "olive"}
    roots = _without(
        "ci", may=("approval", "tests", "coverage", "static-analysis", "security-scan", "vex", "migration")
    )
    it.sign("approval.json", "olive", receipts.APPROVAL, said)
    envelope = json.loads((it.root / "approval.json").read_bytes())
    it.sign("approval.json", "ci", receipts.APPROVAL, said)
    envelope["signatures"] += json.loads((it.root / "approval.json").read_bytes())["signatures"]
    it.write("approval.json", json.dumps(envelope).encode())
    it.trust = roots
    dossier = it.gate_input().evidence
    assert dossier.rejected == ()
    assert [item.binding.signer for item in dossier.items if item.facts.kind == "approval"] == ["olive"]


def _line(it: Vouched, name: str) -> str:
    return json.dumps(json.loads((it.root / name).read_bytes()))


@pytest.mark.parametrize("form", ["lines", "list", "wrapped", "api"])
def test_a_file_of_several_statements_is_read_one_by_one(it: Vouched, form: str) -> None:
    it.sign("sbom.json", "stranger", "https://spdx.dev/Document/v2.3", {"a": 1})
    statements = [json.loads(_line(it, name)) for name in ("sbom.json", "slsa.json")]
    texts = {
        "lines": "\n".join(json.dumps(one) for one in statements) + "\n",
        "list": json.dumps(statements),
        "wrapped": json.dumps([{"attestation": {"bundle": one}, "verificationResult": {}} for one in statements]),
        "api": json.dumps({"attestations": [{"bundle": one} for one in statements]}),
    }
    it.write("slsa.jsonl", texts[form].encode())
    it.manifest["evidence"]["provenance"] = ["slsa.jsonl"]
    dossier = it.gate_input().evidence
    assert dossier.rejected == ()
    assert [item.path for item in dossier.items if item.facts.kind == "provenance"] == ["slsa.jsonl"]


def test_each_statement_of_a_file_is_verified_by_itself(it: Vouched) -> None:
    it.sign("forged.json", "mallory", predicates.SLSA_PROVENANCE, {"a": 1})
    it.write("slsa.jsonl", f"{_line(it, 'slsa.json')}\n{_line(it, 'forged.json')}\n".encode())
    it.manifest["evidence"]["provenance"] = ["slsa.jsonl"]
    assert _only(it.gate_input().evidence) == ("evidence.provenance[0]", "untrusted")


def test_a_file_of_statements_that_nobody_reads_is_refused(it: Vouched) -> None:
    it.sign("a.json", "ci", "https://spdx.dev/Document/v2.3", {"a": 1})
    it.sign("b.json", "ci", "https://spdx.dev/Document/v2.3", {"b": 1})
    it.write("slsa.jsonl", f"{_line(it, 'a.json')}\n{_line(it, 'b.json')}\n".encode())
    it.manifest["evidence"]["provenance"] = ["slsa.jsonl"]
    assert {entry.code for entry in it.gate_input().evidence.rejected} == {"unsupported"}
