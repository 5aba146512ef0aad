"""The local AWS, and a cluster and a load balancer of one's own in it."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Mapping

import pytest

from sandbox import world
from sandbox.sample.binaries import binaries as build
from sandbox.sample.images import VERSIONS, publish
from tests.integration.aws.shop import Shop

_numbers = itertools.count()


@pytest.fixture(scope="session")
def variables() -> dict[str, str]:
    """The environment of a sandbox with the local AWS; it is brought up unless it is."""
    world.up(aws=True)
    return os.environ | world.environment()


@pytest.fixture(scope="session")
def images(variables: Mapping[str, str]) -> dict[str, str]:
    """The sample's versions in the sandbox's registry."""
    return publish(variables["SLIPWAY_REGISTRY"], build().sample, VERSIONS)


@pytest.fixture
def shop(variables: Mapping[str, str]) -> Iterator[Shop]:
    """It goes after the test."""
    with Shop(variables, f"shop{os.getpid()}-{next(_numbers)}") as found:
        yield found
