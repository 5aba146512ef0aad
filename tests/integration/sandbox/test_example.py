"""README's example, run as it stands there: from the gates of staging to a release that serves in production."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from sandbox.example import NAMESPACES
from sandbox.paths import PROJECT
from tests.shell import run_script

LIMIT = 420.0
HERE_ALREADY = ("make setup", "slipway sandbox up")
WITHOUT_A_QUESTION = {
    "pulumi preview": "pulumi preview --non-interactive",
    "pulumi up": "pulumi up --yes --skip-preview",
}


def commands(folder: Path) -> str:
    """The block of the example, for a machine that is set up, into this folder; nothing in it asks."""
    section = (PROJECT / "README.md").read_text().partition("## The example")[2]
    block = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)[0]
    lines = [line for line in block.splitlines() if not line.startswith(HERE_ALREADY)]
    text = "\n".join(lines).replace("out/example", str(folder))
    for command, quiet in WITHOUT_A_QUESTION.items():
        text = text.replace(command, quiet)
    return text


@pytest.fixture
def environment(variables: Mapping[str, str], tmp_path: Path) -> Iterator[dict[str, str]]:
    """The sandbox; the stacks and namespaces of the example are gone afterwards."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{variables['PATH']}"
    found = {**variables, "PATH": path}
    yield found
    for stack, namespace in NAMESPACES.items():
        folder = tmp_path / "example"
        if folder.is_dir():
            destroy = ["pulumi", "destroy", "--yes", "--skip-preview", "--non-interactive", "--stack", stack]
            subprocess.run(destroy, cwd=folder, env=found, capture_output=True, check=False, timeout=LIMIT)
            remove = ["pulumi", "stack", "rm", "--yes", "--force", "--non-interactive", "--stack", stack]
            subprocess.run(remove, cwd=folder, env=found, capture_output=True, check=False, timeout=LIMIT)
        delete = ["kubectl", "delete", "namespace", namespace, "--ignore-not-found", "--wait=false"]
        subprocess.run(delete, env=found, capture_output=True, check=False, timeout=LIMIT)


def test_the_example_goes_from_staging_to_production_by_the_commands_of_readme(
    environment: dict[str, str], tmp_path: Path
) -> None:
    script = commands(tmp_path / "example")
    assert "slipway sandbox example" in script
    assert script.count("pulumi up --yes") == 2
    done = run_script(script, PROJECT, environment, LIMIT)
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("passed   checkout 2026.11.23-1 for ") == 2
    assert "serves       2026.11.23-1" in done.stdout
    assert "Traceback" not in done.stdout
