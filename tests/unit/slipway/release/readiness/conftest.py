from __future__ import annotations

from pathlib import Path

import pytest

from tests.vouched import Vouched, vouch


@pytest.fixture
def it(tmp_path: Path) -> Vouched:
    """A release about which nothing is wrong."""
    return vouch(tmp_path)
