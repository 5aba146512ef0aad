"""The program of a project of one's own: this repository's, with paths that lead back to where slipway is installed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import yaml

from slipway.cli import program_files as module
from slipway.cli.program_files import FILES, SOURCE, program_files
from slipway.release.errors import InputError


def test_its_paths_lead_to_the_plugin_and_to_this_environment(tmp_path: Path) -> None:
    texts = program_files(tmp_path)
    assert set(texts) == set(FILES)
    project = yaml.safe_load(texts["Pulumi.yaml"])
    (provider,) = project["plugins"]["providers"]
    assert (tmp_path / provider["path"]).resolve() == SOURCE / "slipway" / "plugin"
    assert (tmp_path / provider["path"] / "PulumiPlugin.yaml").is_file()
    pack = yaml.safe_load(texts["policies/PulumiPolicy.yaml"])
    environment = Path(sys.prefix).resolve()
    assert (tmp_path / project["runtime"]["options"]["virtualenv"]).resolve() == environment
    assert (tmp_path / "policies" / pack["runtime"]["options"]["virtualenv"]).resolve() == environment


def test_the_rest_is_as_it_is_in_the_repository() -> None:
    texts = program_files(SOURCE)
    for name in ("__main__.py", "policies/__main__.py"):
        assert texts[name] == (SOURCE / name).read_text()
    original, made = (SOURCE / "Pulumi.yaml").read_text(), texts["Pulumi.yaml"]
    changed = [line for line in made.splitlines() if line not in original.splitlines()]
    assert all("virtualenv: " in line for line in changed)


def test_without_a_checkout_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SOURCE", tmp_path)
    with pytest.raises(InputError, match="Install slipway from a checkout"):
        program_files(tmp_path)
