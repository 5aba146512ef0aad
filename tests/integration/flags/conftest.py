"""Sets of feature flags on the real API server, with the rights of the rollout's Role and none else."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from sandbox import world
from sandbox.chaos.flag_writers import FlagSet
from sandbox.stage.project import Stage as Project
from slipway.release.flags.journal import DocumentKind
from tests.integration.rollout.stage import Stage, admin_client


@pytest.fixture(scope="session")
def variables() -> Mapping[str, str]:
    """The sandbox's environment; it is brought up unless it is."""
    world.up()
    return world.environment()


@pytest.fixture(scope="module")
def stage(variables: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One namespace a module."""
    name = f"flags-{os.getpid()}-{time.monotonic_ns() % 10**6}"
    made = Stage.create(admin_client(variables["KUBECONFIG"]), name, tmp_path_factory.mktemp("stage"))
    yield made
    made.destroy()


@pytest.fixture
def project(variables: Mapping[str, str], tmp_path: Path) -> Iterator[Project]:
    """A project with one stack that declares flags and nothing else."""
    name = f"flags-{os.getpid()}-{time.monotonic_ns() % 10**6}"
    (tmp_path / "backend").mkdir()
    made = Project(
        tmp_path / "project", "test", name, {**variables, "PULUMI_BACKEND_URL": f"file://{tmp_path}/backend"}
    )
    made.flags = {"files": ["flags.yaml"]}
    made.create()
    yield made
    made.abandon()


def flag_set(stage: Stage, name: str, document: DocumentKind = "config-map", kubeconfig: Path | None = None) -> FlagSet:
    """A set in the stage's namespace."""
    return FlagSet(stage.namespace, name, document, kubeconfig or stage.kubeconfig)
