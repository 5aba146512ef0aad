"""Kills of a flag while their writers die and answers are lost; `python -m sandbox.chaos.flag_trials` runs more."""

from __future__ import annotations

from sandbox.chaos.flag_trials import run


def test_no_kill_is_lost_and_no_flag_comes_on_again() -> None:
    rows = run(9, seed=20261126)
    assert {row.kind for row in rows} == {"guard", "provider", "answers"}
    assert [row for row in rows if not row.clean] == []
    assert any(row.told for row in rows)
