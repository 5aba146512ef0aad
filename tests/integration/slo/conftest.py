"""The programs of Debian's packages, unpacked by the sandbox's toolchain; no cluster is needed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox import toolchain
from sandbox.progress import SilentReporter
from sandbox.toolchain import debian
from tests.integration.engine.conftest import stack as stack  # noqa: PLC0414
from tests.integration.slo.monitoring import Monitoring, monitoring
from tests.integration.standins.conftest import pulumi_environment as pulumi_environment  # noqa: PLC0414


@pytest.fixture(scope="session")
def packages() -> Path:
    """Where they are unpacked."""
    return debian.unpack(toolchain.store(), SilentReporter())


@pytest.fixture(scope="session")
def alerting() -> Path:
    """The package of Alertmanager."""
    return debian.unpack_alertmanager(toolchain.store(), SilentReporter())


@pytest.fixture(scope="session")
def node_exporter() -> Path:
    """The program, out of its package."""
    found = debian.unpack(toolchain.store(), SilentReporter(), "debian-node-exporter", ("prometheus-node-exporter",))
    return found / "usr" / "bin" / "prometheus-node-exporter"


@pytest.fixture
def world(packages: Path, alerting: Path, tmp_path: Path) -> Iterator[Monitoring]:
    """A Prometheus with an Alertmanager."""
    folder = tmp_path / "monitoring"
    folder.mkdir()
    with monitoring(packages, alerting, folder) as made:
        yield made
