"""The sample's real programs, built as the sandbox builds them."""

from __future__ import annotations

import pytest

from sandbox.sample.binaries import Binaries
from sandbox.sample.binaries import binaries as build


@pytest.fixture(scope="session")
def binaries() -> Binaries:
    return build()
