"""The program of this project on the real engine, with a provider that keeps nothing in place of the clusters."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.integration.standins.conftest import pulumi_environment as pulumi_environment  # noqa: PLC0414
from tests.integration.standins.project import VIRTUALENV, Project
from tests.manifests import text

ROOT = Path(__file__).parents[3]
RUNTIME = {"name": "python", "options": {"virtualenv": str(VIRTUALENV)}}
CONFIGURATION: dict[str, Any] = {
    "releases:namespace": "shop",
    "releases:metrics": {"kind": "prometheus", "url": "http://prometheus.example:9090"},
}


class Stack(Project):
    """A stack `dev` of the program, whose manifests are written by the test."""

    def release(self, version: str, **changes: object) -> str:
        """Write a manifest; its path in the project."""
        path = f"releases/checkout/{version}.yaml"
        self.write(path, text(version=version, **changes))
        return path

    def configure(self, services: object = None, **more: object) -> None:
        """Write the stack's file. None as a value leaves a key out."""
        values = {**CONFIGURATION, "releases:services": services}
        values |= {f"releases:{key}": value for key, value in more.items()}
        chosen = {key: value for key, value in values.items() if value is not None}
        salt = yaml.safe_load((self.folder / "Pulumi.dev.yaml").read_text())["encryptionsalt"]
        self.write("Pulumi.dev.yaml", yaml.safe_dump({"encryptionsalt": salt, "config": chosen}))

    def serve(self, manifest: str, standby: str | None = None) -> None:
        """Configure the one service `checkout`."""
        entry = {"manifest": manifest} if standby is None else {"manifest": manifest, "standby": standby}
        self.configure({"checkout": entry})

    def run_scripted(self) -> None:
        """Let the plugin itself, on worlds in memory, serve `slipway` (scripted.py)."""
        project = self.folder / "Pulumi.yaml"
        described = project.read_text()
        project.write_text(described.replace("name: slipway\n    path: ./echo", "name: slipway\n    path: ./scripted"))
        assert "./scripted" in project.read_text()
        (self.folder / "scripted").mkdir()
        shutil.copy(self.folder / "echo" / "PulumiPlugin.yaml", self.folder / "scripted")
        shutil.copy(Path(__file__).with_name("scripted.py"), self.folder / "scripted" / "__main__.py")
        self.environment["SLIPWAY_TEST_SCRIPT"] = str(self.write("script.json", "{}"))

    def steps(self) -> dict[str, str]:
        """The changes that a preview announces: `<type>::<name>` of a resource -> operation."""
        described = json.loads(self.pulumi("preview", "--json").stdout)
        return {_short(step["urn"]): str(step["op"]) for step in described["steps"] if step["op"] != "same"}


def _short(urn: str) -> str:
    kind, name = urn.split("::")[2:4]
    return f"{kind.rpartition('$')[2]}::{name}"


@pytest.fixture
def stack(tmp_path: Path, pulumi_environment: dict[str, str]) -> Iterator[Stack]:
    (tmp_path / "backend").mkdir()
    made = Stack(tmp_path / "project", pulumi_environment | {"PULUMI_BACKEND_URL": (tmp_path / "backend").as_uri()})
    project = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())
    project["runtime"] = RUNTIME
    project["plugins"] = {"providers": [{"name": name, "path": "./echo"} for name in ("slipway", "kubernetes")]}
    made.write("Pulumi.yaml", yaml.safe_dump(project))
    made.write("echo/PulumiPlugin.yaml", yaml.safe_dump({"runtime": RUNTIME}))
    shutil.copy(Path(__file__).with_name("echo.py"), made.folder / "echo" / "__main__.py")
    shutil.copy(ROOT / "__main__.py", made.folder)
    made.pulumi("stack", "init", "dev")
    yield made
    made.close()
