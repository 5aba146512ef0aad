"""The CI recipes of the documentation: they are YAML, and the commands in them do what they are there for."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from defusedxml import ElementTree

from tests.integration.standins.conftest import pulumi_environment as pulumi_environment  # noqa: PLC0414
from tests.policies.releases.scene import ROOT, Scene
from tests.policies.releases.test_preview import Engine
from tests.shell import run_script

RECIPES = ROOT / "docs" / "ci"


def commands(recipe: str, job: str) -> list[str]:
    """The commands of one job, but for those that set the machine up."""
    content: dict[str, Any] = yaml.safe_load((RECIPES / recipe).read_text())
    if recipe == "github-actions.yml":
        scripts = [step["run"] for step in content["jobs"][job]["steps"] if "run" in step]
    else:
        scripts = content[job]["script"]
    return [script.strip() for script in scripts if "make setup" not in script]


class Ci:
    """A machine of CI with a project of one release, which is complete or lacks its approvals."""

    def __init__(self, root: Path, environment: dict[str, str]) -> None:
        self.scene = Scene(root)
        self.scene.configuration["artifact-integrity"] = {"registry": False}
        self.it = self.scene.service("checkout").it
        self.scene.write()
        self.engine = Engine(self.scene, environment, ROOT / "__main__.py")
        self.scene.write()
        shutil.copytree(ROOT / "policies" / "fixtures", root / "policies" / "fixtures")
        path = f"{ROOT / '.venv' / 'bin'}:{self.engine.environment['PATH']}"
        self.environment = {**self.engine.environment, "PATH": path, "STACK": "prod"}

    def run(self, script: str) -> tuple[int, str]:
        """One step, as CI runs it."""
        done = run_script(script, self.scene.root, self.environment, 400)
        return done.returncode, done.stdout


@pytest.fixture
def ci(tmp_path: Path, pulumi_environment: dict[str, str]) -> Ci:
    return Ci(tmp_path, pulumi_environment)


def test_the_recipes_are_yaml_and_name_commands_of_ours() -> None:
    for recipe in ("github-actions.yml", "gitlab-ci.yml"):
        gates = commands(recipe, "gates")
        assert any(command.startswith("slipway gates") for command in gates)
        assert any(command.startswith("pulumi preview") and "--policy-pack policies" in command for command in gates)
        assert all("--policy-pack policies" in command for command in commands(recipe, "rollout"))


@pytest.mark.parametrize("recipe", ["github-actions.yml", "gitlab-ci.yml"])
def test_a_complete_release_passes_every_step_and_a_broken_one_fails_the_gates(ci: Ci, recipe: str) -> None:
    for script in [*commands(recipe, "gates"), *commands(recipe, "rollout")]:
        code, output = ci.run(script)
        assert code == 0, f"{script}\n{output}"

    ci.it.manifest["approvals"] = []
    ci.scene.write()
    refused = [script for script in commands(recipe, "gates") if not script.startswith("slipway policy")]
    for script in refused:
        code, output = ci.run(script)
        assert code != 0, script
        assert "no valid approval as service-owner" in output, script
        assert "Traceback" not in output
    _reports(ci.scene.root)


def _reports(root: Path) -> None:
    """What the steps left behind for the CI system."""
    if (root / "gates.sarif").exists():
        (run,) = json.loads((root / "gates.sarif").read_text())["runs"]
        assert [result["ruleId"] for result in run["results"]] == ["approvals"]
    else:
        suite = ElementTree.fromstring((root / "gates.xml").read_text())[0]
        assert [case.get("name") for case in suite if case.find("failure") is not None] == ["approvals"]


def test_the_recipes_say_where_pulumi_and_the_cluster_come_from(tmp_path: Path) -> None:
    """`make setup` installs neither: on a plain image of Python the steps of the engine would not be found."""
    gitlab = yaml.safe_load((RECIPES / "gitlab-ci.yml").read_text())
    assert gitlab["default"]["image"] == "$SLIPWAY_IMAGE"
    for job in yaml.safe_load((RECIPES / "github-actions.yml").read_text())["jobs"].values():
        uses = [step["uses"].partition("@")[0] for step in job["steps"] if "uses" in step]
        assert "pulumi/actions" in uses
        (install,) = [step for step in job["steps"] if "make setup" in step.get("run", "")]
        environment = {name: str(tmp_path / name) for name in ("GITHUB_PATH", "GITHUB_ENV")}
        script = install["run"].replace("make setup", "true")
        more = {"CLUSTER": "kind: Config", "RUNNER_TEMP": str(tmp_path), "PATH": "/usr/bin:/bin"}
        subprocess.run(["bash", "-euo", "pipefail", "-c", script], env=environment | more, check=True, cwd=tmp_path)
        assert (tmp_path / "kubeconfig").read_text() == "kind: Config\n"
        assert (tmp_path / "kubeconfig").stat().st_mode & 0o077 == 0
        assert (tmp_path / "GITHUB_ENV").read_text().splitlines()[-1] == f"KUBECONFIG={tmp_path / 'kubeconfig'}"
