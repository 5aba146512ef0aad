from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from slipway.cli.attest import attest
from slipway.release.evidence.collect import collect
from slipway.release.evidence.facts import ProvenanceFacts
from slipway.release.evidence.references import Sources
from slipway.release.evidence.trust_file import load_trust
from tests.unit.slipway.release.evidence.sigstore_world import Sigstore
from tests.vouched import Vouched, vouch

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str, code: int = 0) -> Result:
        result = CliRunner().invoke(attest, arguments)
        assert result.exit_code == code, result.output
        return result

    return call


@pytest.fixture
def it(tmp_path: Path) -> Vouched:
    made = vouch(tmp_path)
    for path in tmp_path.glob("*.json"):
        if path.name != "vex.json":
            path.unlink()
    _save(made)
    return made


def _save(it: Vouched) -> None:
    (it.root / "release.yaml").write_text(yaml.safe_dump(it.manifest, sort_keys=False))


def _roots(root: Path, **may: list[str]) -> None:
    principals = [
        {"name": name, "keys": [(root / f"{name}.pub").read_text()], "may": kinds, "roles": ["service-owner"]}
        for name, kinds in may.items()
    ]
    (root / "roots.yaml").write_text(yaml.safe_dump({"principals": principals}))


def test_what_the_commands_sign_is_what_the_gates_accept(it: Vouched, run: Run) -> None:
    for name in ("ci", "quinn", "olive", "stage"):
        run("keygen", name, "--kind", "ecdsa" if name == "ci" else "ed25519")
    manifest = ("--manifest", "release.yaml")
    run("results", *manifest, "--key", "ci.key", "--out", "results.json")
    run(
        "migration",
        *manifest,
        "--key",
        "ci.key",
        "--out",
        "migration.json",
        "--database",
        "PostgreSQL 17",
        "--round-trip",
    )
    run("qa", *manifest, "--key", "quinn.key", "--out", "qa.json", "--recommendation", "go", "--by", "quinn")
    approval = ("--role", "service-owner", "--by", "olive", "--expires", "7d")
    run("approval", *manifest, "--key", "olive.key", "--out", "approval.json", *approval)
    run("staging", *manifest, "--key", "stage.key", "--out", "staging.json", "--outcome", "completed")
    drill = ("--procedure", "rollback", "--outcome", "completed", "--seconds", "4.5")
    run("drill", *manifest, "--key", "stage.key", "--out", "drill.json", *drill)
    reports = ["tests", "coverage", "static-analysis", "security-scan", "vex", "migration"]
    _roots(it.root, ci=reports, quinn=["qa"], olive=["approval"], stage=["staging", "drill"])
    dossier = collect(it.release(), Sources(it.root), load_trust(it.root / "roots.yaml"))
    assert [(entry.path, entry.code) for entry in dossier.rejected] == [("slsa.json", "missing")]
    assert len(dossier.items) == 10


@pytest.mark.parametrize("name", sorted(attest.commands))
def test_every_command_speaks_json(run: Run, name: str) -> None:
    assert "--json" in run(name, "--help").output


def test_a_private_key_is_for_its_owner_alone_and_never_overwritten(it: Vouched, run: Run) -> None:
    run("keygen", "mine")
    assert stat.S_IMODE((it.root / "mine.key").stat().st_mode) == 0o600
    before = (it.root / "mine.key").read_bytes()
    assert "never overwritten" in run("keygen", "mine", code=1).output
    assert (it.root / "mine.key").read_bytes() == before


def test_a_key_that_others_may_read_is_not_used(it: Vouched, run: Run) -> None:
    run("keygen", "mine")
    (it.root / "mine.key").chmod(0o644)
    arguments = ("results", "--manifest", "release.yaml", "--key", "mine.key", "--out", "results.json")
    assert "chmod 600" in run(*arguments, code=1).output
    assert not (it.root / "results.json").exists()


def _signed(run: Run, *arguments: str, code: int = 0) -> Result:
    return run(*arguments[:1], "--manifest", "release.yaml", "--key", "ci.key", *arguments[1:], code=code)


def test_a_statement_is_made_anew_when_a_report_has_changed(it: Vouched, run: Run) -> None:
    run("keygen", "ci")
    _signed(run, "results", "--out", "results.json")
    before = (it.root / "results.json").read_bytes()
    (it.root / "junit.xml").write_text('<testsuite><testcase name="a"/></testsuite>')
    assert "made anew" in _signed(run, "results", "--out", "results.json").output
    assert (it.root / "results.json").read_bytes() != before
    _roots(it.root, ci=["tests", "coverage", "static-analysis", "security-scan", "vex"])
    it.manifest["evidence"]["statements"] = ["results.json"]
    dossier = collect(it.release(), Sources(it.root), load_trust(it.root / "roots.yaml"))
    assert "unbound" not in {entry.code for entry in dossier.rejected}


def test_nothing_but_the_same_statement_takes_the_place_of_another(it: Vouched, run: Run) -> None:
    run("keygen", "ci")
    said = ("--out", "s.json", "--by", "quinn")
    _signed(run, "qa", *said, "--recommendation", "no-go")
    before = (it.root / "s.json").read_bytes()
    assert "never overwritten" in _signed(run, "qa", *said, "--recommendation", "go", code=1).output
    assert "never overwritten" in _signed(run, "results", "--out", "s.json", code=1).output
    assert "never overwritten" in _signed(run, "results", "--out", "junit.xml", code=1).output
    assert (it.root / "s.json").read_bytes() == before
    _signed(run, "qa", *said, "--recommendation", "no-go", "--note", "still")


def test_results_of_some_kinds_do_not_take_the_place_of_those_of_all(it: Vouched, run: Run) -> None:
    run("keygen", "ci")
    _signed(run, "results", "--out", "results.json")
    _signed(run, "results", "--out", "results.json", "--only", "tests", code=1)
    it.manifest["artifact"]["image"] = "registry.example/checkout@sha256:" + "c" * 64
    it.manifest["evidence"]["vex"] = []
    _save(it)
    assert "never overwritten" in _signed(run, "results", "--out", "results.json", code=1).output


def test_provenance_can_be_attested_by_a_build_service_that_writes_none(it: Vouched, run: Run) -> None:
    run("keygen", "ci")
    build = ("--builder", "https://ci.example/runner", "--source", "git+https://forge.example/checkout")
    _signed(run, "provenance", "--out", "slsa.json", *build, "--commit", "a" * 40)
    _roots(it.root, ci=["provenance"])
    dossier = collect(it.release(), Sources(it.root), load_trust(it.root / "roots.yaml"))
    (facts,) = [item.facts for item in dossier.items if isinstance(item.facts, ProvenanceFacts)]
    assert (facts.builder, facts.commit) == ("https://ci.example/runner", "a" * 40)
    assert "git rev-parse" in _signed(run, "provenance", "--out", "x.json", *build, "--commit", "main", code=1).output


@pytest.mark.parametrize("content", ["", "no key", "-----BEGIN PUBLIC KEY-----\nAA==\n-----END PUBLIC KEY-----\n"])
def test_a_file_that_is_no_private_key_is_refused(it: Vouched, run: Run, content: str) -> None:
    (it.root / "bad.key").write_text(content)
    (it.root / "bad.key").chmod(0o600)
    arguments = ("results", "--manifest", "release.yaml", "--key", "bad.key", "--out", "results.json")
    assert "keygen" in run(*arguments, code=1).output


def test_results_that_would_be_refused_are_not_signed_and_all_are_named(it: Vouched, run: Run) -> None:
    run("keygen", "ci")
    (it.root / "junit.xml").write_text("<testsuites/>")
    (it.root / "lint.sarif").unlink()
    output = run("results", "--manifest", "release.yaml", "--key", "ci.key", "--out", "results.json", code=1).output
    assert "evidence.tests[0]" in output
    assert "evidence.staticAnalysis[0]" in output
    assert not (it.root / "results.json").exists()


def test_only_some_kinds_of_results_can_be_signed(it: Vouched, run: Run) -> None:
    run("keygen", "ci")
    arguments = ("--manifest", "release.yaml", "--key", "ci.key", "--out", "results.json", "--only", "tests", "--json")
    said = json.loads(run("results", *arguments).output)
    assert [file["name"] for file in said["predicate"]["files"]] == ["junit.xml"]
    assert said["signed"] is True


def test_a_bare_statement_can_be_signed_by_sigstore_and_is_then_accepted(it: Vouched, run: Run) -> None:
    run("results", "--manifest", "release.yaml", "--unsigned", "--out", "statement.json")
    sigstore = Sigstore()
    bundle = sigstore.bundle((it.root / "statement.json").read_bytes(), "ci@example.com")
    (it.root / "bundle.json").write_text(json.dumps(bundle))
    identities = [{"issuer": "https://issuer.example", "subject": "ci@example.com"}]
    roots = {
        "principals": [{"name": "ci", "identities": identities, "may": ["tests"]}],
        "sigstoreRoot": sigstore.root(),
    }
    (it.root / "roots.yaml").write_text(yaml.safe_dump(roots))
    shown = json.loads(run("verify", "bundle.json", "--trust", "roots.yaml", "--json").output)
    assert (shown["kind"], shown["method"], shown["signers"][0]["name"]) == ("results", "sigstore", "ci")
    assert "ci (sigstore)" in run("verify", "bundle.json", "--trust", "roots.yaml").output


def test_verify_refuses_what_does_not_hold(it: Vouched, run: Run) -> None:
    run("keygen", "ci")
    run("keygen", "other")
    run("results", "--manifest", "release.yaml", "--key", "ci.key", "--out", "results.json")
    _roots(it.root, other=["tests"])
    assert "untrusted" in run("verify", "results.json", "--trust", "roots.yaml", code=1).output
    _roots(it.root, ci=["tests"])
    run("verify", "results.json", "--trust", "roots.yaml")
    elsewhere = ("--subject", "sha256:" + "b" * 64)
    assert "not about" in run("verify", "results.json", "--trust", "roots.yaml", *elsewhere, code=1).output
    assert "missing" in run("verify", "none.json", "--trust", "roots.yaml", code=1).output


@pytest.mark.parametrize(
    "arguments",
    [
        ("qa", "--manifest", "release.yaml", "--out", "o", "--recommendation", "go", "--by", "q"),
        ("qa", "--manifest", "release.yaml", "--out", "o", "--unsigned", "--recommendation", "perhaps", "--by", "q"),
        (
            "qa",
            "--manifest",
            "release.yaml",
            "--out",
            "o",
            "--unsigned",
            "--recommendation",
            "go",
            "--by",
            "q",
            "--at",
            "x",
        ),
        ("staging", "--manifest", "release.yaml", "--out", "o", "--unsigned"),
    ],
    ids=["no key", "word", "time", "no outcome"],
)
def test_wrong_usage_is_explained(it: Vouched, run: Run, arguments: tuple[str, ...]) -> None:
    assert "Error" in run(*arguments, code=2).output
    assert not (it.root / "o").exists()


def test_a_manifest_with_problems_is_explained(it: Vouched, run: Run) -> None:
    (it.root / "release.yaml").write_text("service: checkout\n")
    output = run("results", "--manifest", "release.yaml", "--unsigned", "--out", "o", code=1).output
    assert "apiVersion" in output


def test_reports_beside_a_manifest_in_a_folder_are_bound(it: Vouched, run: Run) -> None:
    folder = it.root / "releases"
    folder.mkdir()
    for name in ("release.yaml", "junit.xml"):
        (it.root / name).rename(folder / name)
    arguments = ("--manifest", "releases/release.yaml", "--unsigned", "--out", "o", "--only", "tests", "--json")
    said = json.loads(run("results", *arguments).output)
    assert said["predicate"]["files"][0]["name"] == "releases/junit.xml"


MAKE = ("--manifest", "release.yaml", "--key", "olive.key", "--out", "made.json")
ROLE = ("--role", "service-owner")


@pytest.mark.parametrize(
    ("command", "text"),
    [
        (("qa", *MAKE, "--recommendation", "go", "--by", ""), "QA's recommendation: by"),
        (("approval", *MAKE, "--role", "", "--by", "olive"), "approval: role"),
        (("staging", *MAKE, "--outcome", "completed", "--stack", ""), "staging receipt: stack"),
        (
            ("drill", *MAKE, "--procedure", "rollback", "--outcome", "completed", "--seconds", "nan"),
            "NaN is not JSON",
        ),
        (("approval", *MAKE, *ROLE, "--by", "Dana"), "--by: Dana is the author (scope.author)"),
    ],
)
def test_what_the_gates_would_refuse_is_not_signed(it: Vouched, run: Run, command: tuple[str, ...], text: str) -> None:
    it.manifest["scope"]["author"] = "dana"
    _save(it)
    run("keygen", "olive")
    assert text in run(*command, code=1).output
    assert json.loads(run(*command, "--json", code=1).stdout)["ok"] is False
    assert not (it.root / "made.json").exists()


@pytest.mark.parametrize(
    ("option", "value", "text"),
    [
        ("--at", "2999-01-01T00:00:00Z", "is in the future"),
        ("--expires", "2020-01-01T00:00:00Z", "is in the past"),
        ("--expires", "99999999d", "or a duration from now such as 14d"),
    ],
)
def test_times_that_make_no_sense_are_refused(it: Vouched, run: Run, option: str, value: str, text: str) -> None:
    run("keygen", "olive")
    output = run("approval", *MAKE, *ROLE, "--by", "olive", option, value, code=2).output
    assert text in " ".join(output.split())


def test_half_a_key_pair_is_never_made(run: Run, tmp_path: Path) -> None:
    (tmp_path / "mine.pub").write_text("the other half was moved away")
    assert "never overwritten" in run("keygen", "mine", code=1).output
    assert not (tmp_path / "mine.key").exists()
    assert "names no file" in run("keygen", ".", code=2).output


def test_a_public_key_is_not_taken_for_a_private_one_that_others_may_read(it: Vouched, run: Run) -> None:
    run("keygen", "mine")
    output = run("results", "--manifest", "release.yaml", "--key", "mine.pub", "--out", "o", code=1).output
    assert "is no private key" in output
    assert "chmod" not in output


@pytest.mark.parametrize(
    ("key", "role", "by", "text"),
    [
        ("ci", "service-owner", "olive", "ci signed it and may not vouch for approval"),
        ("olive", "boss", "olive", "olive may not approve as boss"),
        ("olive", "service-owner", "quinn", "it says that quinn speaks, but olive signed it"),
    ],
)
def test_verify_refuses_what_its_signer_may_not_say(
    it: Vouched, run: Run, key: str, role: str, by: str, text: str
) -> None:
    run("keygen", "ci")
    run("keygen", "olive")
    made = ("--manifest", "release.yaml", "--key", f"{key}.key", "--out", "made.json", "--role", role, "--by", by)
    run("approval", *made)
    _roots(it.root, ci=["tests"], olive=["approval"])
    assert text in run("verify", "made.json", "--trust", "roots.yaml", code=1).output


def test_verify_says_which_reports_are_not_believed(it: Vouched, run: Run) -> None:
    run("keygen", "ci")
    run("results", "--manifest", "release.yaml", "--key", "ci.key", "--out", "results.json")
    _roots(it.root, ci=["tests"])
    lines = run("verify", "results.json", "--trust", "roots.yaml").output.splitlines()
    believed = {line.split()[0]: "not believed" not in line for line in lines[1:]}
    assert believed == {kind: kind == "tests" for kind in believed}
    assert {"tests", "coverage", "static-analysis"} <= set(believed)
    _roots(it.root, ci=["qa"])
    assert "may not vouch" in run("verify", "results.json", "--trust", "roots.yaml", code=1).output
