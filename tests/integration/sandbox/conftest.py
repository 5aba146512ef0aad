"""The shared sandbox, and a namespace of one's own in it."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Mapping

import pytest

from sandbox import world
from sandbox.sample.binaries import binaries as build
from sandbox.sample.images import VERSIONS, publish
from tests.integration.sandbox.cluster import Cluster

_numbers = itertools.count()


@pytest.fixture(scope="session")
def variables() -> dict[str, str]:
    """The sandbox's environment; it is brought up unless it is."""
    world.up()
    return os.environ | world.environment()


@pytest.fixture(scope="session")
def images(variables: Mapping[str, str]) -> dict[str, str]:
    """The sample's versions in the sandbox's registry."""
    return publish(variables["SLIPWAY_REGISTRY"], build().sample, VERSIONS)


@pytest.fixture
def cluster(variables: Mapping[str, str]) -> Iterator[Cluster]:
    """A namespace that goes after the test."""
    found = Cluster(variables, f"world{os.getpid()}-{next(_numbers)}")
    found.kubectl("create", "namespace", found.namespace)
    yield found
    found.kubectl("delete", "namespace", found.namespace, "--wait=false")
