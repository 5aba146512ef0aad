from __future__ import annotations

import base64
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from sandbox.standins.language_python import packages
from sandbox.standins.language_python.runtime import PythonRuntime


def install(folder: Path, name: str, version: str, described: dict[str, Any] | None = None, requires: str = "") -> None:
    information = folder / f"{name}-{version}.dist-info"
    information.mkdir(parents=True)
    lines = [f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: {version}"]
    lines += [f"Requires-Dist: {each}" for each in requires.split(";;") if each]
    (information / "METADATA").write_text("\n".join(lines) + "\n")
    if described is not None:
        module = folder / name
        module.mkdir()
        (module / "pulumi-plugin.json").write_text(json.dumps(described))


def found(folder: Path) -> dict[str, str]:
    return {each.name: each.version for each in packages.required_packages([str(folder)])}


def test_a_package_says_which_plugin_it_wants(tmp_path: Path) -> None:
    install(tmp_path, "pulumi_kubernetes", "4.34.2", {"resource": True, "name": "kubernetes", "version": "4.34.2"})
    install(tmp_path, "acme_widgets", "2.0.0", {"resource": True, "name": "widgets", "version": "v2.0.0"})
    assert found(tmp_path) == {"kubernetes": "v4.34.2", "widgets": "v2.0.0"}


def test_a_package_that_only_has_the_name_wants_the_plugin_of_its_name(tmp_path: Path) -> None:
    install(tmp_path, "pulumi_random", "4.1")
    assert found(tmp_path) == {"random": "v4.1"}


@pytest.mark.parametrize(
    ("name", "version", "described"),
    [
        ("pulumi_policy", "1.0.0", None),
        ("pulumi_tools", "1.0.0", {"resource": False}),
        ("pulumi_random", "4.1.0a15", None),
        ("requests", "2.0.0", None),
    ],
)
def test_others_want_none(tmp_path: Path, name: str, version: str, described: dict[str, Any] | None) -> None:
    install(tmp_path, name, version, described)
    assert found(tmp_path) == {}


def test_parameters_are_handed_on(tmp_path: Path) -> None:
    parameters = {"name": "tls", "version": "1.2.3", "value": base64.b64encode(b"{}").decode()}
    install(
        tmp_path, "pulumi_tls", "1.2.3", {"resource": True, "name": "any", "version": "0.1.0", "server": "s",
                                          "parameterization": parameters},
    )  # fmt: skip
    (each,) = packages.required_packages([str(tmp_path)])
    assert (each.name, each.version, each.server, each.kind) == ("any", "v0.1.0", "s", "resource")
    assert (each.parameterization.name, each.parameterization.value) == ("tls", b"{}")


def test_dependencies_are_those_that_nothing_else_requires(tmp_path: Path) -> None:
    install(tmp_path, "app_one", "1", requires='Lib.Two>=1;;Extra-Three; extra == "more"')
    install(tmp_path, "lib_two", "2")
    install(tmp_path, "extra_three", "3")
    everything = packages.dependencies([str(tmp_path)], transitive=True)
    assert [(each.name, each.version) for each in everything] == [
        ("app-one", "1"),
        ("extra-three", "3"),
        ("lib-two", "2"),
    ]
    direct = packages.dependencies([str(tmp_path)], transitive=False)
    assert [each.name for each in direct] == ["app-one", "extra-three"]


def test_the_folders_are_the_environments_own_or_the_interpreters(tmp_path: Path) -> None:
    inside = PythonRuntime("pip", tmp_path, tmp_path, Path(sys.prefix), None)
    assert any(Path(folder, "pulumi").is_dir() for folder in packages.search_path(inside))
    outside = PythonRuntime("pip", tmp_path, tmp_path, None, None)
    assert any(Path(folder, "json").is_dir() for folder in packages.search_path(outside))
