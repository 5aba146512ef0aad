"""`slipway gates` and `slipway policy`: exit codes, and what each format tells."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from defusedxml import ElementTree

from slipway.cli.gates_view import as_text
from slipway.cli.main import cli
from slipway.release.evidence import junit, sarif
from slipway.release.gating.configuration import Configuration
from slipway.release.gating.judge import judge
from slipway.release.readiness.gate_input import BudgetStatus
from slipway.release.release_inputs import Observed
from tests.policies.releases.broken import FALSE_ACCEPTANCES, RELEASES
from tests.policies.releases.scene import Scene, keep_stacks_in


class Project:
    """A project with one release, complete until a test breaks it."""

    def __init__(self, root: Path) -> None:
        self.scene = Scene(root)
        self.scene.configuration["artifact-integrity"] = {"registry": False}
        self.it = self.scene.service("checkout").it
        (root / "Pulumi.yaml").write_text("name: releases\n")

    def break_it(self) -> None:
        """Without an approval, and with an empty report."""
        self.it.manifest["approvals"] = []
        (self.it.root / "junit.xml").write_bytes(b"")

    def gates(self, *arguments: str) -> Result:
        self.scene.write()
        return CliRunner().invoke(cli, ["gates", "-C", str(self.scene.root), "--stack", "prod", *arguments])


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_a_complete_release_passes_with_exit_code_0(project: Project) -> None:
    result = project.gates()
    assert result.exit_code == 0
    first, risk, *rest = result.stdout.splitlines()
    assert first == "passed   checkout 1.0.0 for prod  (releases/checkout/1.0.0.yaml)"
    assert risk.startswith("  risk low (4.95): canary, because ")
    assert rest == []


@pytest.mark.parametrize("name", FALSE_ACCEPTANCES)
def test_what_looks_clean_and_is_not_is_refused_by_its_rule_alone(tmp_path: Path, name: str) -> None:
    one = next(one for one in RELEASES if one.name == name)
    scene = Scene(tmp_path)
    scene.configuration["artifact-integrity"] = {"registry": False}
    one.add(scene)
    (tmp_path / "Pulumi.yaml").write_text("name: releases\n")
    scene.write()
    result = CliRunner().invoke(cli, ["gates", "-C", str(tmp_path), "--stack", "prod", "--json"])
    assert result.exit_code == 1
    (release,) = json.loads(result.stdout)["releases"]
    assert {finding["gate"] for finding in release["findings"]} == {one.rule}
    assert one.code in {finding["code"] for finding in release["findings"]}


def test_a_registry_that_was_not_asked_on_purpose_is_explained(project: Project) -> None:
    del project.scene.configuration["artifact-integrity"]
    result = project.gates("--ask", "nothing")
    assert result.exit_code == 1
    assert "the registry was not asked" in result.stdout
    assert "Leave out --ask nothing" in result.stdout


def test_a_staging_manifest_that_is_broken_is_named(project: Project) -> None:
    project.scene.write()
    root = project.scene.root
    (root / "broken.yaml").write_text("service: [")
    named = "config: {'releases:services': {checkout: {manifest: %s}}}\n"
    arguments = ["gates", "-C", str(root), "--stack", "prod"]
    for path, words in (("broken.yaml", "broken.yaml, which the stack staging names"), ("gone.yaml", "gone.yaml")):
        (root / "Pulumi.staging.yaml").write_text(named % path)
        said = CliRunner().invoke(cli, arguments).stdout
        assert "[parity/unknown" in said
        assert words in said
    (root / "Pulumi.staging.yaml").write_text("config: {}\n")
    said = CliRunner().invoke(cli, arguments).stdout
    assert "no manifest of checkout under releases:services" in said
    assert "Pulumi.staging.yaml" in said


@pytest.mark.parametrize("suffix", [".yaml", ".yml", ".json"])
def test_the_stacks_files_are_found_where_the_project_keeps_them(project: Project, suffix: str) -> None:
    project.scene.write()
    keep_stacks_in(project.scene.root, "stacks", suffix)
    result = CliRunner().invoke(cli, ["gates", "-C", str(project.scene.root), "--stack", "acme/releases/prod"])
    assert result.exit_code == 0, "the gate on parity knows what staging runs"
    assert result.stdout.startswith("passed   checkout 1.0.0 for prod")


def test_the_score_is_shown_factor_by_factor(project: Project) -> None:
    (release,) = json.loads(project.gates("--json").stdout)["releases"]
    risk = release["risk"]
    assert risk["score"] == pytest.approx(sum(factor["points"] for factor in risk["factors"]))
    assert all(factor["found"] and factor["why"] for factor in risk["factors"])
    assert (risk["level"], risk["recommended"]["kind"], risk["mind"]) == ("low", "canary", [])
    assert risk["recommended"]["steps"]
    assert risk["reasons"]


def test_what_the_past_adds_is_shown_beside_the_score(project: Project) -> None:
    project.scene.write()
    root, path = project.scene.root, "releases/checkout/1.0.0.yaml"
    past = Observed(completed=6, aborted=2, budget=BudgetStatus(remaining=0.1, at=project.scene.now))
    judgement = judge(root, "prod", "urn", path, Configuration(), past, project.scene.now)
    shown = as_text(root, "prod", [(path, judgement)])
    assert "  risk medium (9.95): " in shown
    assert "  Mind: 2 of the last 8 releases were aborted (25%)" in shown
    assert "  Mind: 10% of it is left (error budget)" in shown


def test_a_committed_release_is_not_judged_by_what_came_after(project: Project) -> None:
    project.scene.write()
    root, path = project.scene.root, "releases/checkout/1.0.0.yaml"
    budget = BudgetStatus(remaining=0.1, at=project.scene.now)
    past = Observed(completed=6, aborted=2, budget=budget, settled=True)
    judgement = judge(root, "prod", "urn", path, Configuration(), past, project.scene.now)
    assert "  risk low (4.95): canary" in as_text(root, "prod", [(path, judgement)])


def test_a_refused_release_says_everything_by_whose_turn_it_is(project: Project) -> None:
    project.break_it()
    result = project.gates()
    assert result.exit_code == 1
    for wanted in (
        "REFUSED  checkout 1.0.0 for prod: 2 problem(s)",
        "Turn of QA:",
        "[evidence/empty, high]",
        "Turn of the owner:",
        "Found:  no valid approval as service-owner",
        "Wanted: a signed approval as service-owner",
        "Remedy: Let a service-owner run",
        "Owner: payments, https://oncall.example",
        project.scene.urn("checkout"),
    ):
        assert wanted in result.stdout


def test_manifests_can_be_named_from_the_folder_or_from_the_project(project: Project) -> None:
    project.scene.write()
    path = project.scene.root / "releases" / "checkout" / "1.0.0.yaml"
    for named in ("releases/checkout/1.0.0.yaml", str(path)):
        assert project.gates("--manifest", named).exit_code == 0
    outside = project.gates("--manifest", "/etc/hostname")
    assert outside.exit_code == 1
    assert "leaves the project" in outside.stdout


def test_advisory_findings_and_exemptions_are_shown_and_refuse_nothing(project: Project) -> None:
    project.break_it()
    (project.it.root / "junit.xml").unlink()
    project.it.manifest["evidence"]["tests"] = []
    settings = project.scene.configuration
    settings["evidence"] = {**settings["evidence"], "required": ["coverage"]}
    settings["approvals"] = "advisory"
    project.it.manifest["evidence"]["statements"].remove("drill.json")
    settings["drill"] = {
        "exemptions": [
            {
                "resource": project.scene.urn("checkout"),
                "owner": "olive",
                "reason": "the staging cluster is being rebuilt",
                "ticket": "OPS-3",
                "granted": "2000-01-01T00:00:00Z",
                "expires": "2000-01-02T00:00:00Z",
            }
        ]
    }
    expired = project.gates()
    assert expired.exit_code == 1
    assert "Note:   the exemption OPS-3 of olive expired" in expired.stdout

    granted = project.scene.now
    settings["drill"]["exemptions"][0] |= {
        "granted": granted.isoformat(),
        "expires": (granted + timedelta(days=20)).isoformat(),
    }
    exempted = project.gates()
    assert exempted.exit_code == 0
    assert "Exempted: drill/missing evidence.statements by olive (OPS-3: the staging cluster" in exempted.stdout
    assert "Advisory:" in exempted.stdout

    settings["drill"]["exemptions"][0]["expires"] = (granted + timedelta(days=31)).isoformat()
    bad = project.gates()
    assert bad.exit_code == 1
    assert "must expire within 30 days" in bad.stderr


def test_json_holds_everything_and_an_error_is_json_too(project: Project) -> None:
    project.break_it()
    told = json.loads(project.gates("--json").stdout)
    assert (told["ok"], told["stack"]) == (False, "prod")
    (release,) = told["releases"]
    assert {(f["gate"], f["code"], f["turn"]) for f in release["findings"]} == {
        ("evidence", "empty", "qa"),
        ("approvals", "missing", "owner"),
    }
    assert all(f["refuses"] and f["line"] for f in release["findings"])
    error = project.gates("--json", "--config", "gone.json")
    assert error.exit_code == 1
    assert json.loads(error.stdout)["ok"] is False


def test_github_gets_an_annotation_on_the_line_of_the_manifest(project: Project) -> None:
    project.break_it()
    lines = project.gates("--format", "github").stdout.splitlines()
    text = (project.it.root / "1.0.0.yaml").read_text().splitlines()
    line = next(number for number, one in enumerate(text, start=1) if "junit.xml" in one)
    where = f"::error file=releases/checkout/1.0.0.yaml,line={line},title=evidence/empty::"
    assert any(one.startswith(where) for one in lines)
    assert all(one.startswith("::error ") for one in lines)


def test_what_it_writes_as_sarif_and_junit_is_read_by_the_readers_of_evidence(project: Project) -> None:
    passing = project.gates("--format", "junit").stdout
    assert junit.parse(passing.encode()).failed == 0
    assert sarif.parse_analysis(project.gates("--format", "sarif").stdout.encode()).errors == 0
    project.break_it()
    broken = project.gates("--format", "junit").stdout
    assert junit.parse(broken.encode()).failed == 2
    found = sarif.parse_analysis(project.gates("--format", "sarif").stdout.encode())
    assert (found.errors, found.successful) == (2, True)


def test_a_report_goes_to_a_file_and_the_text_to_stderr(project: Project) -> None:
    project.break_it()
    out = project.scene.root / "gates.xml"
    result = project.gates("--format", "junit", "--output", str(out))
    assert (result.exit_code, result.stdout) == (1, "")
    assert "REFUSED" in result.stderr
    assert ElementTree.fromstring(out.read_text())[0].get("failures") == "2"


def test_a_registry_that_is_not_asked_is_unknown_where_it_is_required(project: Project) -> None:
    del project.scene.configuration["artifact-integrity"]
    result = project.gates("--ask", "nothing")
    assert result.exit_code == 1
    assert "the registry was not asked" in result.stdout


# -- slipway policy ------------------------------------------------------------------------------------------------

FIXTURE: dict[str, Any] = {
    "rule": "probes",
    "cases": [
        {
            "name": "no containers",
            "resources": [{"type": "kubernetes:apps/v1:Deployment", "props": {}}],
            "expect": ["missing"],
        }
    ],
}


def one_case(**changes: object) -> dict[str, Any]:
    (gate_input,) = FIXTURE["cases"]
    return FIXTURE | {"cases": [gate_input | {"expect": []} | changes]}


def fixtures(tmp_path: Path, content: object, *arguments: str) -> Result:
    (tmp_path / "one.yaml").write_text(json.dumps(content))
    return CliRunner().invoke(cli, ["policy", "test", str(tmp_path), *arguments])


def test_fixtures_that_hold_pass(tmp_path: Path) -> None:
    result = fixtures(tmp_path, FIXTURE)
    assert (result.exit_code, result.stdout) == (0, "1 cases of 1 rules, 0 failed\n")


@pytest.mark.parametrize("form", ["text", "json", "junit"])
def test_fixtures_that_do_not_hold_fail_and_say_what_was_found(tmp_path: Path, form: str) -> None:
    (gate_input,) = FIXTURE["cases"]
    result = fixtures(tmp_path, FIXTURE | {"cases": [gate_input | {"expect": []}]}, "--format", form)
    assert result.exit_code == 1
    assert "missing" in result.stdout
    assert "no containers" in result.stdout


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        (FIXTURE | {"rule": "probe"}, "Did you mean probes?"),
        (FIXTURE | {"case": []}, "Did you mean cases?"),
        (FIXTURE | {"settings": {"livenes": True}}, "Did you mean liveness?"),
        (FIXTURE | {"rule": "tests"}, "judges releases"),
        (
            one_case(resources=[{"type": "kubernetes:apps/v1:Deploymnt", "props": {}}]),
            "Did you mean kubernetes:apps/v1",
        ),
        (one_case(resources=[]), "judges resources"),
        (
            one_case(resources=[{"type": "kubernetes:apps/v1:Deployment", "props": {"a": []}}], unknown=["a[3].b"]),
            "nowhere",
        ),
    ],
    ids=["rule", "field", "setting", "release", "type", "nothing", "path"],
)
def test_a_slip_in_a_fixture_is_named(tmp_path: Path, content: object, shown: str) -> None:
    result = fixtures(tmp_path, content)
    assert result.exit_code == 1
    assert shown in result.stderr


def test_a_resource_of_an_odd_shape_is_malformed_as_it_is_in_the_pack(tmp_path: Path) -> None:
    budget = {"type": "kubernetes:policy/v1:PodDisruptionBudget", "props": {"spec": {"maxUnavailable": {"a": 1}}}}
    content = one_case(resources=[budget], expect=["malformed"]) | {"rule": "disruption-budget"}
    assert fixtures(tmp_path, content).exit_code == 0


def test_the_fixtures_of_this_project_hold() -> None:
    root = Path(__file__).parents[4]
    result = CliRunner().invoke(cli, ["policy", "test", str(root / "policies" / "fixtures")])
    assert result.exit_code == 0, result.output


def test_the_rules_are_listed_with_their_types() -> None:
    told = json.loads(CliRunner().invoke(cli, ["policy", "list", "--json"]).stdout)
    by_name = {rule["name"]: rule for rule in told["rules"]}
    assert by_name["tests"]["rows"] == ["W2", "A1"]
    assert "kubernetes:apps/v1:Deployment" in by_name["probes"]["types"]


def test_the_uri_of_a_sarif_result_is_one_also_for_a_path_with_a_space(project: Project) -> None:
    project.scene.write()
    (project.scene.root / "re leases").mkdir()
    (project.scene.root / "re leases" / "1.yaml").write_text("{}")
    told = json.loads(project.gates("--manifest", "re leases/1.yaml", "--format", "sarif").stdout)
    places = [result["locations"][0]["physicalLocation"] for result in told["runs"][0]["results"]]
    assert {place["artifactLocation"]["uri"] for place in places} == {"re%20leases/1.yaml"}


@pytest.mark.parametrize(
    ("services", "says"),
    [
        ({}, "names no service"),
        ({"checkout": {}}, "checkout.manifest"),
        ({"checkout": {"manifest": 7}}, "no path"),
        ({"web": {"manifest": "releases/checkout/1.0.0.yaml"}}, "1.0.0.yaml is a release of checkout. Name a manifest"),
    ],
    ids=["none", "missing", "number", "another's"],
)
def test_judging_nothing_does_not_look_like_passing(project: Project, services: dict[str, Any], says: str) -> None:
    project.scene.write()
    path = project.scene.root / "Pulumi.prod.yaml"
    path.write_text(json.dumps({"config": {"releases:services": services}}))
    result = CliRunner().invoke(cli, ["gates", "-C", str(project.scene.root), "--stack", "prod"])
    assert result.exit_code == 1
    assert says in result.stderr


def test_a_report_is_written_into_a_new_folder_and_one_that_cannot_be_is_an_error(project: Project) -> None:
    out = project.scene.root / "out" / "gates.sarif"
    assert project.gates("--format", "sarif", "--output", str(out)).exit_code == 0
    assert json.loads(out.read_text())["version"] == "2.1.0"
    bad = project.gates("--output", str(project.scene.root))
    assert bad.exit_code != 0
    below = project.gates("--output", str(out / "x"))
    assert below.exit_code == 1
    assert "cannot be written" in below.stderr


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("kind: Release\nservice: checkout\nversion: [1]\n", 3),
        ("kind: Release\nkind: Release\n", 2),
        ("kind: Release\nservice: [a\nversion: 1\n", 3),
    ],
    ids=["a value", "twice", "no YAML"],
)
def test_a_manifest_that_cannot_be_read_is_annotated_on_its_lines(project: Project, content: str, line: int) -> None:
    project.scene.write()
    (project.scene.root / "releases" / "bad.yaml").write_text(content)
    arguments = ["gates", "-C", str(project.scene.root), "--stack", "prod", "-m", "releases/bad.yaml"]
    result = CliRunner().invoke(cli, [*arguments, "--format", "github"])
    assert result.exit_code == 1
    assert f"::error file=releases/bad.yaml,line={line},title=manifest/malformed::" in result.stdout


@pytest.mark.parametrize("form", ["text", "json", "junit"])
def test_a_fixture_that_cannot_be_used_hides_no_other_and_is_named(tmp_path: Path, form: str) -> None:
    """Of a folder of fixtures every slip is said in one run, with its file and its case."""
    slip = one_case(name="slipped", resources=[{"type": "kubernetes:apps/v1:Deploymnt", "props": {}}])
    (tmp_path / "a.yaml").write_text(json.dumps({**slip, "cases": [*slip["cases"], *FIXTURE["cases"]]}))
    (tmp_path / "b.yaml").write_text(json.dumps({"rule": "probs", "cases": []}))
    result = fixtures(tmp_path, FIXTURE, "--format", form, "-v")
    assert result.exit_code == 1
    assert "cases[0] (slipped) resources[0].type" in result.stderr
    assert all(text in result.stderr for text in (f"{tmp_path / 'a.yaml'}: 1", "Did you mean probes?", "cases"))
    if form == "text":
        assert "2 cases of 1 rules, 0 failed" in result.stdout
    elif form == "json":
        said = json.loads(result.stdout)
        assert (said["ok"], len(said["cases"]), len(said["errors"])) == (False, 2, 2)
    else:
        suite = ElementTree.fromstring(result.stdout)
        assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("4", "0", "2")
        assert len(suite.findall("testcase/error")) == 2


def test_two_formats_at_once_are_refused(project: Project) -> None:
    assert project.gates("--json", "--format", "sarif").exit_code == 2
    assert project.gates("--json", "--format", "json").exit_code == 0


def test_a_cluster_can_only_be_asked_where_the_stack_names_its_namespace(project: Project) -> None:
    project.scene.write()
    (project.scene.root / "Pulumi.prod.yaml").write_text("config: {}\n")
    arguments = ["gates", "-C", str(project.scene.root), "--stack", "prod", "-m", "releases/checkout/1.0.0.yaml"]
    result = CliRunner().invoke(cli, [*arguments, "--ask", "cluster"])
    assert result.exit_code == 1
    assert "has neither releases:namespace nor releases:target; name one, or leave out --ask cluster" in result.stderr
    assert "--namespace" not in result.stderr


def test_a_stack_may_be_named_with_its_organization(project: Project) -> None:
    assert project.gates("--stack", "acme/releases/prod").stdout == project.gates().stdout
    assert project.gates("--stack", "").exit_code == 2
