from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.standins.errors import StandInError
from sandbox.standins.language_python import sdk

RUNNER = "pulumi-language-python-exec"
DYNAMIC = "pulumi-resource-pulumi-python"


def module(cache: Path, version: str) -> Path:
    folder = cache / "github.com" / "pulumi" / "pulumi" / "sdk" / f"v3@v{version}"
    for inner in (f"python/cmd/{RUNNER}", f"python/dist/{DYNAMIC}"):
        (folder / inner).parent.mkdir(parents=True)
        (folder / inner).touch()
    return folder


def test_the_newest_module_in_the_cache_is_used(tmp_path: Path) -> None:
    module(tmp_path, "3.99.0")
    newest = module(tmp_path, "3.259.0")
    variables = {"GOMODCACHE": str(tmp_path)}
    assert sdk.program_runner(variables) == newest / "python" / "cmd" / RUNNER
    assert sdk.dynamic_provider(variables) == newest / "python" / "dist" / DYNAMIC
    assert sdk.sdk_version(variables) == "3.259.0"


def test_the_cache_may_follow_from_gopath(tmp_path: Path) -> None:
    folder = module(tmp_path / "pkg" / "mod", "3.259.0")
    assert sdk.sdk_folder({"GOPATH": f"{tmp_path}:/elsewhere"}) == folder


def test_a_folder_may_be_named_whole_or_flat(tmp_path: Path) -> None:
    whole = module(tmp_path, "3.259.0")
    assert sdk.program_runner({"SLIPWAY_PULUMI_SDK": str(whole)}) == whole / "python" / "cmd" / RUNNER
    flat = tmp_path / "share"
    flat.mkdir()
    (flat / RUNNER).touch()
    assert sdk.program_runner({"SLIPWAY_PULUMI_SDK": str(flat)}) == flat / RUNNER
    with pytest.raises(StandInError, match=f"does not hold {DYNAMIC}"):
        sdk.dynamic_provider({"SLIPWAY_PULUMI_SDK": str(flat)})


def test_nothing_anywhere_is_an_error_with_its_remedy(tmp_path: Path) -> None:
    variables = {"GOMODCACHE": str(tmp_path), "GOPATH": str(tmp_path), "PATH": ""}
    with pytest.raises(StandInError, match="slipway sandbox up"):
        sdk.program_runner(variables)
    assert sdk.sdk_version(variables) == ""
