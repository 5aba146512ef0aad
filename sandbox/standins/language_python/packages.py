"""What is installed next to a program: its dependencies, and the Pulumi packages that need a resource plugin."""

from __future__ import annotations

import base64
import json
import re
import subprocess
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

from pulumi.runtime.proto import language_pb2, plugin_pb2

from sandbox.standins.language_python.runtime import PythonRuntime

_WITHOUT_PLUGIN = {"pulumi-policy", "pulumi-esc-sdk"}
_RELEASE = re.compile(r"^\d+\.\d+(\.\d+)?$")


def search_path(runtime: PythonRuntime) -> list[str]:
    """The folders a runtime imports packages from."""
    interpreter = runtime.interpreter()
    if runtime.virtualenv is not None:
        return [str(folder) for folder in sorted(runtime.virtualenv.glob("lib/python3*/site-packages"))]
    answer = subprocess.run(
        [interpreter, "-c", "import json, sys; print(json.dumps(sys.path[1:]))"],
        capture_output=True,
        text=True,
        check=True,
    )
    return [str(folder) for folder in json.loads(answer.stdout)]


def required_packages(folders: Iterable[str]) -> list[plugin_pb2.PackageDependency]:
    """The resource plugins that the installed Pulumi packages want, by name.

    A package says so in ``pulumi-plugin.json`` (name, version, server, parameterization); one that is merely called
    ``pulumi-...`` wants the plugin of its name, unless its version is a pre-release, which does not tell the plugin's.
    """
    found: dict[str, plugin_pb2.PackageDependency] = {}
    for folder in map(Path, folders):
        for module, version in _candidates(folder):
            name = _normal(module)
            dependency = None if name in _WITHOUT_PLUGIN else _dependency(folder / module, name, version)
            if dependency is not None:
                found.setdefault(name, dependency)
    return [found[name] for name in sorted(found)]


def dependencies(folders: list[str], *, transitive: bool) -> list[language_pb2.DependencyInfo]:
    """The installed distributions, by name; without ``transitive`` those that no other one requires."""
    installed = {_normal(each.name): each for each in distributions(path=folders) if each.name}
    names = set(installed)
    if not transitive:
        for each in installed.values():
            names -= _requirements(each)
    return [language_pb2.DependencyInfo(name=name, version=installed[name].version) for name in sorted(names)]


def _candidates(folder: Path) -> Iterator[tuple[str, str]]:
    versions: dict[str, str] = {}
    for information in folder.glob("*.dist-info"):
        name, _, version = information.name.removesuffix(".dist-info").rpartition("-")
        versions[name.replace("-", "_")] = version
    modules = {module for module in versions if module.startswith("pulumi_")}
    modules |= {described.parent.name for described in folder.glob("*/pulumi-plugin.json")}
    for module in sorted(modules):
        yield module, versions.get(module, "")


def _dependency(module: Path, name: str, version: str) -> plugin_pb2.PackageDependency | None:
    try:
        described: dict[str, Any] = json.loads((module / "pulumi-plugin.json").read_text())
    except FileNotFoundError:
        described = {"resource": True}
    if not described.get("resource"):
        return None
    wanted = described.get("version") or (version if _RELEASE.match(version) else "")
    if not wanted:
        return None
    dependency = plugin_pb2.PackageDependency(
        name=described.get("name") or name.removeprefix("pulumi-"),
        kind="resource",
        version="v" + wanted.removeprefix("v"),
        server=described.get("server") or "",
    )
    if parameters := described.get("parameterization"):
        dependency.parameterization.name = parameters["name"]
        dependency.parameterization.version = parameters["version"]
        dependency.parameterization.value = base64.b64decode(parameters["value"])
    return dependency


def _requirements(distribution: Distribution) -> set[str]:
    """What it requires without any extra."""
    lines = [line for line in distribution.requires or () if "extra ==" not in line]
    return {_normal(match.group()) for line in lines if (match := re.match(r"[A-Za-z0-9._-]+", line))}


def _normal(name: str) -> str:
    """PEP 503."""
    return re.sub(r"[-_.]+", "-", name).lower()
