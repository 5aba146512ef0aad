from __future__ import annotations

from pathlib import Path

from slipway.release.gating.catalog import evaluate
from tests.vouched import vouch


def test_a_complete_release_is_ready(tmp_path: Path) -> None:
    case = vouch(tmp_path).case()
    assert [finding.message for finding in evaluate(case)] == []
    assert case.evidence.rejected == ()
