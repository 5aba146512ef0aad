"""Fixtures: projects on the real CLI with the stand-ins in front."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sandbox import world
from sandbox.sample.binaries import binaries
from sandbox.sample.images import VERSIONS, publish
from sandbox.standins import bin_directory_for
from sandbox.toolchain import ensure_pulumi
from tests.integration.standins.cluster import Cluster
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


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    """The sandbox, brought up unless it is, with two versions of its sample service."""
    world.up()
    variables = os.environ | world.environment()
    wanted = {name: VERSIONS[name] for name in ("v1", "never-ready")}
    return Cluster(variables, publish(variables["SLIPWAY_REGISTRY"], binaries().sample, wanted))


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[str]:
    """A name for a namespace of the test's own, which need not exist; it is gone afterwards."""
    name = f"standins-{secrets.token_hex(4)}"
    yield name
    cluster.kubectl("delete", "namespace", name, "--ignore-not-found", "--wait=false")


@pytest.fixture
def make_cluster_project(make_project: MakeProject, cluster: Cluster) -> MakeProject:
    """``make_project`` with the sandbox's cluster as the default one."""

    def make(program: str, extra: str = "") -> Project:
        project = make_project(program, extra)
        project.environment["KUBECONFIG"] = cluster.variables["KUBECONFIG"]
        return project

    return make
