"""The files and commands of docs/flags.md, on a set of flags in memory."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from slipway.cli.main import cli
from slipway.release.flags import load
from slipway.release.flags.flag_set_inputs import FlagsSetting
from slipway.release.flags.of_stack import flags_of_stack
from slipway.release.gating.catalog import CATALOG
from slipway.rollout.exposure.wanted import Wanted
from tests.unit.slipway.cli.test_flags import Cluster, cluster
from tests.vouched import key, vouch

__all__ = ["cluster"]

TEXT = (Path(__file__).parents[3] / "docs" / "flags.md").read_text()
NEEDS_MORE = ("pulumi ", "kubectl ", "flagd ")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


def commands() -> list[list[str]]:
    """Each command of the page, with the lines that belong together joined."""
    lines = "".join(blocks("sh")).replace("\\\n", " ").splitlines()
    return [shlex.split(line) for line in lines if line and not line.startswith(NEEDS_MORE)]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with the files of the page, and the release that its drill is about."""
    flags, stack = blocks("yaml")
    it = vouch(tmp_path)
    files = {
        "Pulumi.yaml": "name: releases\nruntime: python\n",
        "Pulumi.prod.yaml": stack,
        "Pulumi.staging.yaml": stack,
        "flags/cart.yaml": flags,
        "releases/cart/1.0.0.yaml": yaml.safe_dump(it.manifest, sort_keys=False),
        "keys/receipts.key": key("stage")[0].decode(),
    }
    for name, content in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    (tmp_path / "keys" / "receipts.key").chmod(0o600)
    (tmp_path / "releases" / "cart" / "evidence").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_file_and_the_setting_are_valid(project: Path) -> None:
    flags, problem = flags_of_stack(project, "prod")
    assert problem == ""
    assert flags is not None
    assert Wanted.of("new-cart", flags.flags["new-cart"]).percent == 100.0
    setting = yaml.safe_load(blocks("yaml")[1])["config"]["releases:flags"]
    assert FlagsSetting.model_validate(setting).document == "feature-flag"


def test_every_command_does_what_the_page_says(project: Path, cluster: Cluster) -> None:
    declared = load.parse(blocks("yaml")[0], "flags.yaml")
    writer = cluster.add(
        "flags", yaml.safe_load(blocks("yaml")[0].replace(": on", ": 'on'").replace(": off", ": 'off'"))["flags"]
    )
    assert writer.load().declared.flags.keys() == declared.flags.keys()
    ran = [command for command in commands() if command[0] == "slipway"]
    assert [command[1] for command in ran] == ["kill", "flags", "resume", "drill"]
    said = []
    for command in ran:
        result = CliRunner().invoke(cli, command[1:])
        assert result.exit_code == 0, result.output
        said.append(result.stdout)
    assert "pay is off since" in said[0]
    assert "killed by" in said[1]
    assert "pay is resumed" in said[2]
    assert (project / "releases" / "cart" / "evidence" / "kill-pay.json").is_file()


def test_the_gates_that_it_names_are_there() -> None:
    assert set(re.findall(r"gates\.md#([a-z-]+)\)", TEXT)) <= set(CATALOG)
