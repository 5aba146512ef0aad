"""Fixtures: projects on the real CLI with the stand-ins in front."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sandbox.standins import bin_directory_for
from sandbox.toolchain import ensure_pulumi
from tests.integration.standins.project import VIRTUALENV, Project, base_environment

MakeProject = Callable[..., Project]


@pytest.fixture(scope="session")
def pulumi_environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    environment = base_environment(tmp_path_factory.mktemp("pulumi-home"))
    if shutil.which("pulumi", path=environment["PATH"]) is None:
        environment["PATH"] = os.pathsep.join([str(ensure_pulumi().cli.parent), environment["PATH"]])
    folder = bin_directory_for(environment)
    return environment | {"PATH": f"{folder}{os.pathsep}{environment['PATH']}"}


@pytest.fixture
def make_project(tmp_path: Path, pulumi_environment: dict[str, str]) -> Iterator[MakeProject]:
    """``make_project(program, extra=...)``: a project with a stack; ``extra`` is appended to Pulumi.yaml."""
    made: list[Project] = []

    def make(program: str, extra: str = "", virtualenv: Path = VIRTUALENV) -> Project:
        backend = tmp_path / f"backend{len(made)}"  # of its own: a killed update leaves its lock behind
        backend.mkdir()
        environment = pulumi_environment | {"PULUMI_BACKEND_URL": backend.as_uri()}
        project = Project(tmp_path / f"project{len(made)}", environment)
        project.write(
            "Pulumi.yaml",
            f"name: standins\nruntime:\n  name: python\n  options:\n    virtualenv: {virtualenv}\n{extra}",
        )
        project.write("__main__.py", program)
        project.pulumi("stack", "init", "dev")
        made.append(project)
        return project

    yield make
    for project in made:
        project.close()
