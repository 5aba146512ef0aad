"""The pack on the real engine: complete releases pass, and each broken one is refused by exactly its rule."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.engine.conftest import RUNTIME
from tests.integration.standins.conftest import pulumi_environment as pulumi_environment  # noqa: PLC0414
from tests.policies.releases.broken import RELEASES
from tests.policies.releases.resources import COMPLETE, RESOURCES
from tests.policies.releases.scene import ALERTING, ROOT, Scene

HERE = Path(__file__).parent
LIMIT = 400.0
Said = dict[str, dict[str, list[str]]]


class Engine:
    """A stack `prod` of a scene's project on the real CLI, with a provider that keeps nothing."""

    def __init__(self, scene: Scene, environment: Mapping[str, str], program: Path) -> None:
        self.scene = scene
        self.environment = {
            **environment,
            "PULUMI_BACKEND_URL": (scene.root / "backend").as_uri(),
            "PULUMI_DEBUG_COMMANDS": "true",
        }
        (scene.root / "backend").mkdir()
        project = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())
        project["runtime"] = RUNTIME
        project["plugins"] = {"providers": [{"name": n, "path": "./echo"} for n in ("slipway", "kubernetes", "aws")]}
        (scene.root / "Pulumi.yaml").write_text(yaml.safe_dump(project))
        (scene.root / "echo").mkdir()
        (scene.root / "echo" / "PulumiPlugin.yaml").write_text(yaml.safe_dump({"runtime": RUNTIME}))
        shutil.copy(ROOT / "tests/integration/engine/echo.py", scene.root / "echo" / "__main__.py")
        shutil.copy(program, scene.root / "__main__.py")
        self.pulumi("stack", "init", "prod", "--color=never")

    def pulumi(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["pulumi", *arguments, "--non-interactive"],
            cwd=self.scene.root,
            env=dict(self.environment),
            capture_output=True,
            text=True,
            timeout=LIMIT,
            check=False,
        )

    def preview(self, *more: str) -> tuple[int, Said, str]:
        """Exit code, what mandatory policies said (resource name -> policy -> messages), and the output."""
        log = self.scene.root / "events.jsonl"
        log.unlink(missing_ok=True)
        packed = ("--policy-pack", "policies", "--color=never", "--event-log", str(log), *more)
        result = self.pulumi("preview", *packed)
        said: Said = defaultdict(lambda: defaultdict(list))
        for line in log.read_text().splitlines() if log.exists() else ():
            event: dict[str, Any] = json.loads(line).get("policyEvent") or {}
            if event.get("enforcementLevel") == "mandatory":
                said[event["resourceUrn"].rpartition("::")[2]][event["policyName"]].append(event["message"])
        return result.returncode, {name: dict(rules) for name, rules in said.items()}, result.stdout + result.stderr


def component(scene: Scene, name: str) -> None:
    """Let the program declare the whole component of a service, after its Release."""
    path = scene.root / "stack.json"
    stack = json.loads(path.read_text())
    for entry in stack["releases"]:
        if entry["name"] == name:
            entry["component"] = entry["props"]["manifest"]
    path.write_text(json.dumps(stack))


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory, pulumi_environment: dict[str, str]) -> Said:
    """One preview of a project with the complete release, every broken one, and every resource."""
    scene = Scene(tmp_path_factory.mktemp("project"), alerting=ALERTING)
    scene.service("checkout")
    for one in RELEASES:
        one.add(scene)
    scene.resources = [
        {"type": kind, "name": f"complete-{number}", "props": props} for number, (kind, props) in enumerate(COMPLETE)
    ]
    scene.resources += [{"type": one.type, "name": one.name, "props": one.props} for one in RESOURCES]
    scene.write()
    component(scene, "checkout")
    code, found, output = Engine(scene, pulumi_environment, HERE / "program.py").preview()
    assert code != 0, output
    assert "Traceback" not in output, output
    return found


def test_nothing_is_said_of_what_is_complete(said: Said) -> None:
    names = {"checkout", *(name for name in said if name.startswith(("complete-", "checkout-")))}
    assert {name: said[name] for name in names if name in said} == {}


@pytest.mark.parametrize("one", [*RELEASES, *RESOURCES], ids=lambda one: one.name)
def test_each_defect_is_refused_by_exactly_its_rule(said: Said, one: Any) -> None:
    assert set(said.get(one.name, ())) == {one.rule}
    text = "\n".join(said[one.name][one.rule])
    assert f"<{one.rule}/{one.code}>" in text
    assert one.shows in text
    for part in (": found ", "; wanted ", "["):
        assert part in text


def test_nothing_else_is_refused(said: Said) -> None:
    assert set(said) == {*(one.name for one in RELEASES), *(one.name for one in RESOURCES)}


def test_the_pack_finds_the_files_of_the_stacks_in_the_folder_that_the_project_names(
    tmp_path: Path, pulumi_environment: dict[str, str]
) -> None:
    scene = Scene(tmp_path)
    scene.service("checkout")
    scene.write()
    component(scene, "checkout")
    engine = Engine(scene, pulumi_environment, HERE / "program.py")
    (tmp_path / "stacks").mkdir()
    for path in tmp_path.glob("Pulumi.*.yaml"):
        path.rename(tmp_path / "stacks" / path.name)
    project = yaml.safe_load((tmp_path / "Pulumi.yaml").read_text())
    (tmp_path / "Pulumi.yaml").write_text(yaml.safe_dump({**project, "stackConfigDir": "stacks"}))
    code, found, output = engine.preview()
    assert (code, found) == (0, {}), output
