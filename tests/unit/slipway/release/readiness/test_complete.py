from __future__ import annotations

from pathlib import Path

from slipway.release.gating.catalog import evaluate
from tests.vouched import vouch


def test_a_complete_release_is_ready(tmp_path: Path) -> None:
    gate_input = vouch(tmp_path).gate_input()
    assert [finding.message for finding in evaluate(gate_input)] == []
    assert gate_input.evidence.rejected == ()
