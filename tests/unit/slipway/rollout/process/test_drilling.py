"""An update is a drill only where `slipway drill` said so."""

from __future__ import annotations

import pytest

from slipway.rollout.process.drilling import DRILL, drilled


@pytest.mark.parametrize(("named", "found"), [("rollback", "rollback"), ("deploy", "deploy"), ("1", None), ("", None)])
def test_only_a_procedure_is_a_drill(monkeypatch: pytest.MonkeyPatch, named: str, found: str | None) -> None:
    monkeypatch.setenv(DRILL, named)
    assert drilled() == found


def test_an_update_is_none_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(DRILL, raising=False)
    assert drilled() is None
