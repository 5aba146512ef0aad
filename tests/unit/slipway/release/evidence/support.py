"""What the tests of the readers share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from slipway.release.evidence.errors import Code, EvidenceError

DATA = Path(__file__).parents[4] / "data" / "evidence"
DIGEST = "sha256:" + "a" * 64
OTHER = "sha256:" + "b" * 64


def data(name: str) -> bytes:
    """A fixture."""
    return (DATA / name).read_bytes()


def refused(code: Code, read: Callable[[], object], *words: str) -> EvidenceError:
    """Assert that reading is refused with a code, and that the message has these words."""
    with pytest.raises(EvidenceError) as caught:
        read()
    assert caught.value.code == code, str(caught.value)
    for word in words:
        assert word in str(caught.value)
    return caught.value
