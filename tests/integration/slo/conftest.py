"""The programs of Debian's packages, unpacked by the sandbox's toolchain; no cluster is needed."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox import toolchain
from sandbox.progress import SilentReporter
from sandbox.toolchain import debian


@pytest.fixture(scope="session")
def packages() -> Path:
    """Where they are unpacked."""
    return debian.unpack(toolchain.store(), SilentReporter())
