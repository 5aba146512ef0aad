"""Where the plugin runs: what is installed for it, and what it leaves on Python's path."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[4]
PLUGIN = ROOT / "slipway" / "plugin"


def test_a_consumer_installs_what_the_package_needs_and_no_aws() -> None:
    lines = (PLUGIN / "requirements.txt").read_text().splitlines()
    wanted = [line for line in lines if not line.startswith("#")]
    assert wanted == tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert not any("aws" in line for line in wanted)


def test_the_version_is_the_projects() -> None:
    from slipway.plugin.version import VERSION

    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == VERSION


def test_a_consumer_gets_an_environment_in_its_own_copy() -> None:
    """The path is below the copy that Pulumi makes, where nothing is yet: it makes the environment itself."""
    options = yaml.safe_load((PLUGIN / "PulumiPlugin.yaml").read_text())["runtime"]["options"]
    assert options["toolchain"] == "pip"
    assert (PLUGIN / options["virtualenv"]).resolve().is_relative_to(ROOT)


def test_the_plugins_modules_hide_no_library(tmp_path: Path) -> None:
    """Started as Pulumi does, the modules beside `__main__.py` are not importable by their bare names."""
    folder = tmp_path / "slipway" / "plugin"
    folder.mkdir(parents=True)
    shutil.copy(PLUGIN / "__main__.py", folder)
    (folder / "schema.py").write_text("")
    (tmp_path / "slipway" / "__init__.py").write_text("")
    (folder / "__init__.py").write_text("")
    (folder / "serve.py").write_text(
        "import importlib.util, sys\n"
        "def main(argv):\n"
        "    print(importlib.util.find_spec('schema'), sys.path[-1])\n"
        "    return 0\n"
    )
    started = [sys.executable, "-S", str(folder), "127.0.0.1:1"]
    done = subprocess.run(started, capture_output=True, text=True, check=False, cwd=tmp_path.parent)
    assert done.stdout.split() == ["None", str(tmp_path)], done.stderr
