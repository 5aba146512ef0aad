"""The program of this project under the pack, on the real engine: what passes, what is refused, and what moves."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.integration.standins.conftest import pulumi_environment as pulumi_environment  # noqa: PLC0414
from tests.policies.releases.scene import ROOT, Scene
from tests.policies.releases.test_preview import Engine

NO_REGISTRY = {"registry": False}


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """One complete release; the provider of these tests observes nothing, so the registry is not asked for."""
    made = Scene(tmp_path)
    made.configuration["artifact-integrity"] = NO_REGISTRY
    made.service("checkout")
    return made


def engine(scene: Scene, environment: dict[str, str]) -> Engine:
    scene.write()
    made = Engine(scene, environment, ROOT / "__main__.py")
    scene.write()  # `stack init` has written the file of the stack anew
    return made


def configure(scene: Scene, gate: str, **settings: Any) -> None:
    section = scene.configuration.setdefault(gate, {})
    scene.configuration[gate] = {**(section if isinstance(section, dict) else {}), **settings}


def test_a_complete_release_passes_and_one_without_an_approval_moves_nothing(
    scene: Scene, pulumi_environment: dict[str, str]
) -> None:
    it = engine(scene, pulumi_environment)
    code, said, output = it.preview()
    assert (code, said) == (0, {}), output

    scene.services["checkout"].it.manifest["approvals"] = []
    scene.write()
    code, said, output = it.preview()
    assert code != 0
    assert set(said["checkout"]) == {"approvals"}

    result = it.pulumi("up", "--yes", "--skip-preview", "--policy-pack", "policies", "--color=never")
    assert result.returncode != 0
    state = json.loads(it.pulumi("stack", "export").stdout)["deployment"].get("resources", [])
    assert {one["type"] for one in state} <= {"pulumi:pulumi:Stack", "pulumi:providers:slipway"}


def test_a_freeze_stops_releases_and_lets_tracked_hotfixes_pass(
    scene: Scene, pulumi_environment: dict[str, str]
) -> None:
    hot = scene.service("hotfixed")
    due = (scene.now + timedelta(days=3)).isoformat()
    hot.it.manifest["hotfix"] = {"ticket": "INC-7", "reason": "payments fail", "followUpDue": due}
    hot.it.people()
    window = {"start": (scene.now - timedelta(days=1)).isoformat(), "end": (scene.now + timedelta(days=1)).isoformat()}
    configure(scene, "freeze", windows=[{"name": "year end", **window}])
    _, said, output = engine(scene, pulumi_environment).preview()
    assert {name: set(rules) for name, rules in said.items()} == {"checkout": {"freeze"}}, output


def test_an_exemption_lets_one_finding_of_one_resource_pass_until_it_expires(
    scene: Scene, pulumi_environment: dict[str, str]
) -> None:
    for name in ("exempted", "expired", "left"):
        scene.service(name).it.manifest["evidence"]["statements"].remove("drill.json")

    def exemption(name: str, days: float) -> dict[str, str]:
        granted = scene.now - timedelta(days=10)
        return {
            "resource": scene.urn(name),
            "owner": "olive",
            "reason": "the staging cluster is being rebuilt",
            "ticket": "OPS-3",
            "granted": granted.isoformat(),
            "expires": (granted + timedelta(days=days)).isoformat(),
        }

    configure(scene, "drill", exemptions=[exemption("exempted", 20), exemption("expired", 5)])
    _, said, output = engine(scene, pulumi_environment).preview()
    assert {name: set(rules) for name, rules in said.items()} == {"expired": {"drill"}, "left": {"drill"}}, output
    assert "the exemption OPS-3 of olive expired" in said["expired"]["drill"][0]


def test_levels_come_from_the_file_of_the_stack_and_over_it_from_the_command_line(
    scene: Scene, pulumi_environment: dict[str, str]
) -> None:
    scene.services["checkout"].it.manifest["evidence"]["statements"].remove("drill.json")
    configure(scene, "drill", enforcementLevel="advisory")
    it = engine(scene, pulumi_environment)
    code, said, output = it.preview()
    assert (code, said) == (0, {})
    assert "drill/missing" in output, "advisory findings are shown"

    (scene.root / "strict.json").write_text(json.dumps({"drill": "mandatory"}))
    code, said, _ = it.preview("--policy-pack-config", "strict.json")
    assert code != 0
    assert set(said["checkout"]) == {"drill"}


@pytest.mark.parametrize(
    ("configuration", "shown"),
    [
        ({"coverge": {"minLines": 0.9}}, "names no gate. Did you mean coverage?"),
        ({"all": "disabled"}, "evidence: is disabled, but must be mandatory"),
    ],
    ids=str,
)
def test_a_configuration_with_a_slip_stops_everything(
    scene: Scene, pulumi_environment: dict[str, str], configuration: dict[str, Any], shown: str
) -> None:
    scene.configuration |= configuration
    code, _, output = engine(scene, pulumi_environment).preview()
    assert code != 0
    assert shown in output
    assert "Traceback" not in output


def test_a_stack_without_a_configuration_trusts_nobody(scene: Scene, pulumi_environment: dict[str, str]) -> None:
    it = engine(scene, pulumi_environment)
    (scene.root / "policies" / "config" / "prod.json").unlink()
    code, said, _ = it.preview()
    assert code != 0
    assert {"evidence", "artifact-integrity", "qa", "approvals"} <= set(said["checkout"])
