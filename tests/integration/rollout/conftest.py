"""The adaptors on the real cluster, with the rights of the rollout's Role and none else."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping

import pytest
from lightkube import Client

from sandbox import world
from sandbox.sample.binaries import binaries
from sandbox.sample.images import VERSIONS, publish
from slipway.release.manifest.route import Route
from slipway.rollout.platforms.kubernetes.client import connect
from tests.integration.rollout.stage import Stage, admin_client


@pytest.fixture(scope="session")
def variables() -> Mapping[str, str]:
    """The sandbox's environment; it is brought up unless it is."""
    world.up()
    return world.environment()


@pytest.fixture(scope="session")
def images(variables: Mapping[str, str]) -> Mapping[str, str]:
    """The sample's versions in the sandbox's registry."""
    return publish(variables["SLIPWAY_REGISTRY"], binaries().sample, VERSIONS)


@pytest.fixture(scope="module")
def stage(variables: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One namespace a module."""
    name = f"adaptors-{os.getpid()}-{time.monotonic_ns() % 10**6}"
    made = Stage.create(admin_client(variables["KUBECONFIG"]), name, tmp_path_factory.mktemp("stage"))
    yield made
    made.destroy()


@pytest.fixture(scope="module")
def client(stage: Stage) -> Client:
    """The rollout's own client: a token of the Role's account."""
    return connect(stage.namespace, str(stage.kubeconfig))


@pytest.fixture
def host(stage: Stage) -> str:
    """A host name that nobody else uses."""
    return f"{stage.namespace}.example"


@pytest.fixture
def route(host: str) -> Route:
    """The service's route at the sandbox's gateway."""
    return Route.model_validate(
        {"gateway": {"namespace": "edge", "name": "public"}, "hostnames": [host], "timeout": "5s"}
    )
