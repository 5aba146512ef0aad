"""The commands of docs/aws.md for the example on ECS, as they stand there: gates, plan, release, end."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import yaml

from sandbox.example import NAMESPACES
from sandbox.paths import PROJECT
from sandbox.stage.ecs import Aws
from tests.shell import run_script

SECTION = (PROJECT / "docs" / "aws.md").read_text().partition("## The example")[2].partition("\n## ")[0]
LIMIT = 420.0
HERE_ALREADY = "slipway sandbox up"
WITHOUT_A_QUESTION = {
    "pulumi preview": "pulumi preview --non-interactive",
    "pulumi up": "pulumi up --yes --skip-preview",
    "pulumi destroy": "pulumi destroy --yes --skip-preview",
}
UNCHANGED = "pulumi preview --non-interactive --stack ecs --expect-no-changes"


def commands(folder: Path) -> list[str]:
    """The lines of the block, for a sandbox that is up, into this folder; nothing in them asks."""
    (block,) = re.findall(r"```sh\n(.*?)```", SECTION, re.DOTALL)
    text = block.replace("out/example", str(folder))
    for command, quiet in WITHOUT_A_QUESTION.items():
        text = text.replace(command, quiet)
    return [line for line in text.splitlines() if not line.startswith(HERE_ALREADY)]


@pytest.fixture
def environment(variables: Mapping[str, str], tmp_path: Path) -> Iterator[dict[str, str]]:
    """The sandbox; all that the example made is gone afterwards."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{variables['PATH']}"
    found = {**variables, "PATH": path}
    yield found
    folder = tmp_path / "example"
    if (file := folder / "Pulumi.ecs.yaml").exists():
        cluster = yaml.safe_load(file.read_text())["config"]["releases:target"]["cluster"]
        run_script("pulumi destroy --yes --skip-preview --stack ecs", folder, found)
        for stack in (*NAMESPACES, "ecs"):
            run_script(f"pulumi stack rm --yes --force --stack {stack}", folder, found)
        Aws(variables).delete(cluster)
    for namespace in NAMESPACES.values():
        run_script(f"kubectl delete namespace {namespace} --ignore-not-found --wait=false", tmp_path, found)


def test_the_example_on_ecs_is_planned_released_unchanged_and_destroyed(
    environment: dict[str, str], tmp_path: Path
) -> None:
    lines = commands(tmp_path / "example")
    (released,) = [number for number, line in enumerate(lines) if line.startswith("pulumi up")]
    script = "\n".join([*lines[: released + 1], UNCHANGED, *lines[released + 1 :]])
    done = run_script(script, tmp_path, environment, LIMIT)
    assert done.returncode == 0, done.stdout
    for said in ("passed   cart 1.4.0 for ecs", "+ 11 to create", "11 unchanged", "serves       1.4.0", "- 11 deleted"):
        assert said in done.stdout, done.stdout
    assert "Traceback" not in done.stdout
