"""No gate fails open: whatever is wrong with a piece of evidence, the gate that needs it refuses."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from slipway.release.evidence import predicates, receipts
from slipway.release.revision import revision_of
from tests.manifests import OTHER_DIGEST
from tests.policies.releases.scene import UNKNOWN, Scene
from tests.policies.releases.test_releases import judged
from tests.vouched import REPORTS, Vouched, slsa

LONG_AGO = timedelta(days=400)


@dataclass(frozen=True)
class Evidence:
    """A piece of evidence: its file, the gate that needs it, and how it is signed anew."""

    gate: str
    file: str
    sign: Callable[[Vouched, timedelta, str | None], None]
    """The release, how long ago, and the artifact (None: the right one)."""
    detach: Callable[[Vouched], object]
    """Take the reference out of the manifest."""


def _at(it: Vouched, ago: timedelta) -> str:
    return (it.now - ago).isoformat()


def _report(kind: str) -> Evidence:
    section, _, name = REPORTS[kind]

    def sign(it: Vouched, ago: timedelta, digest: str | None) -> None:
        it.bind({each: file for each, (_, _, file) in REPORTS.items() if each != kind})
        path = it.root / name
        content = path.read_bytes() if path.exists() else b""
        entry = {"kind": kind, "name": name, "sha256": hashlib.sha256(content).hexdigest()}
        it.sign("alone.json", "ci", receipts.RESULTS, {"at": _at(it, ago), "files": [entry]}, digest)
        it.manifest["evidence"]["statements"].append("alone.json")

    return Evidence("evidence", name, sign, lambda it: it.manifest["evidence"].pop(section))


def _provenance(it: Vouched, ago: timedelta, digest: str | None) -> None:
    it.sign("slsa.json", "builder", predicates.SLSA_PROVENANCE, slsa(), digest)


def _said(it: Vouched, ago: timedelta) -> dict[str, object]:
    return {"at": _at(it, ago), "release": it.reference()}


def _qa(it: Vouched, ago: timedelta, digest: str | None) -> None:
    it.sign("qa.json", "quinn", receipts.QA, {**_said(it, ago), "recommendation": "go", "by": "quinn"}, digest)


def _approval(it: Vouched, ago: timedelta, digest: str | None) -> None:
    said = {**_said(it, ago), "role": "service-owner", "by": "olive"}
    it.sign("approval.json", "olive", receipts.APPROVAL, said, digest)


def _did(it: Vouched, ago: timedelta) -> dict[str, object]:
    return {"at": _at(it, ago), "service": it.service, "stack": "staging", "outcome": "completed"}


def _staging(it: Vouched, ago: timedelta, digest: str | None) -> None:
    said = {**_did(it, ago), "version": "1.0.0", "revision": revision_of(it.release())}
    it.sign("staging.json", "stage", receipts.STAGING, said, digest)


def _drill(it: Vouched, ago: timedelta, digest: str | None) -> None:
    it.sign("drill.json", "stage", receipts.DRILL, {**_did(it, ago), "procedure": "rollback", "seconds": 4.5}, digest)


def _migration(it: Vouched, ago: timedelta, digest: str | None) -> None:
    scripts = {
        side: hashlib.sha256((it.root / f"migrations/0042.{side}.sql").read_bytes()).hexdigest()
        for side in ("up", "down")
    }
    run = {"at": _at(it, ago), "database": "PostgreSQL 17.2", "migrations": [{"id": "0042", **scripts}]}
    it.sign("migration.json", "ci", receipts.MIGRATION, {**run, "roundTrip": True}, digest)


def _without(file: str) -> Callable[[Vouched], object]:
    return lambda it: it.manifest["evidence"]["statements"].remove(file)


EVIDENCE: Mapping[str, Evidence] = {
    **{kind: _report(kind) for kind in ("tests", "coverage", "static-analysis", "security-scan")},
    "provenance": Evidence(
        "provenance", "slsa.json", _provenance, lambda it: it.manifest["evidence"].pop("provenance")
    ),
    "qa": Evidence("qa", "qa.json", _qa, lambda it: it.manifest["qa"].pop("statement")),
    "approval": Evidence("approvals", "approval.json", _approval, lambda it: it.manifest["approvals"].pop()),
    "staging": Evidence("staging", "staging.json", _staging, _without("staging.json")),
    "drill": Evidence("drill", "drill.json", _drill, _without("drill.json")),
    "migration": Evidence("migrations", "migration.json", _migration, _without("migration.json")),
}
AGELESS = {"provenance", "migration"}
"""A build and a round trip do not grow old: they are bound to the bytes that they are about."""
SERVICE_WIDE = {"drill"}
"""A drill counts for the service, whatever artifact it was made with."""


def _missing_reference(evidence: Evidence, it: Vouched) -> None:
    evidence.detach(it)


def _missing_file(evidence: Evidence, it: Vouched) -> None:
    (it.root / evidence.file).unlink()


def _empty(evidence: Evidence, it: Vouched) -> None:
    (it.root / evidence.file).write_bytes(b"")


def _malformed(evidence: Evidence, it: Vouched) -> None:
    (it.root / evidence.file).write_bytes(b'{"payload": [}')
    if evidence.gate == "evidence":
        evidence.sign(it, timedelta(days=1), None)  # signed all the same


def _blank(evidence: Evidence, it: Vouched) -> None:
    (it.root / evidence.file).write_bytes(b"  \n")
    if evidence.gate == "evidence":
        evidence.sign(it, timedelta(days=1), None)


def _stale(evidence: Evidence, it: Vouched) -> None:
    evidence.sign(it, LONG_AGO, None)


def _future(evidence: Evidence, it: Vouched) -> None:
    evidence.sign(it, -timedelta(days=2), None)


def _wrong_digest(evidence: Evidence, it: Vouched) -> None:
    evidence.sign(it, timedelta(days=1), OTHER_DIGEST)


DEFECTS = (
    _missing_reference,
    _missing_file,
    _empty,
    _malformed,
    _blank,
    _stale,
    _future,
    _wrong_digest,
)
CASES = [
    pytest.param(kind, defect, id=f"{kind}{defect.__name__}")
    for kind in EVIDENCE
    for defect in DEFECTS
    if not (defect in {_stale, _future} and kind in AGELESS) and not (defect is _wrong_digest and kind in SERVICE_WIDE)
]


@pytest.mark.parametrize(("kind", "defect"), CASES)
def test_evidence_with_a_defect_is_refused_by_the_gate_that_needs_it(
    tmp_path: Path, kind: str, defect: Callable[[Evidence, Vouched], None]
) -> None:
    scene, evidence = Scene(tmp_path), EVIDENCE[kind]
    defect(evidence, scene.service("checkout").it)
    scene.write()
    said = judged(scene, "checkout")
    assert evidence.gate in said, said
    # What cannot even be recognised as a statement is reported by the gate for evidence as well.
    assert set(said) <= {evidence.gate, "evidence"}


@pytest.mark.parametrize(
    "field", ["manifest", "sha256", "image", "revision", "service", "version", "fingerprint", "gates", "observed"]
)
def test_what_the_program_says_must_be_known_at_preview(tmp_path: Path, field: str) -> None:
    scene = Scene(tmp_path)
    scene.service("checkout")
    scene.write()
    said = judged(scene, "checkout", **{field: UNKNOWN})
    assert "manifest" in said
    assert "not known yet" in said["manifest"][0]


def test_evidence_that_the_program_claims_counts_for_nothing(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.service("checkout")
    scene.write()
    claimed = {"subject": OTHER_DIGEST, "fingerprint": OTHER_DIGEST, "items": []}
    assert judged(scene, "checkout", evidence=claimed) == {}
    for name in ("junit.xml", "slsa.json"):
        (tmp_path / "releases" / "checkout" / name).unlink()
    assert set(judged(scene, "checkout", evidence=claimed)) == {"evidence", "provenance"}


def test_trust_in_the_manifest_is_an_error_and_not_trust(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    declared = scene.service("checkout")
    declared.late = lambda path: path.write_text(path.read_text() + "trust: {principals: []}\n")
    scene.write()
    assert set(judged(scene, "checkout")) == {"manifest"}


def test_a_settled_release_is_not_judged_by_age_again(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    declared = scene.service("checkout")
    declared.observed = {**(declared.observed or {}), "settled": True}
    it = declared.it
    for evidence in EVIDENCE.values():
        if evidence.gate not in {"evidence", "provenance", "migrations"}:
            evidence.sign(it, LONG_AGO, None)
    it.bind({kind: name for kind, (_, _, name) in REPORTS.items()}, at=it.now - LONG_AGO)
    it.manifest["approvals"] = []
    scene.write()
    assert judged(scene, "checkout") == {}
    declared.observed = {**(declared.observed or {}), "settled": False}
    scene.write()
    assert {"evidence", "approvals", "qa", "staging", "drill"} == set(judged(scene, "checkout"))
