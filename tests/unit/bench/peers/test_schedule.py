from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bench.peers import schedule
from bench.peers.contention import busy_between
from bench.peers.matrix import SETTINGS, Cell, Fault
from bench.peers.schedule import TRIES, Schedule, missing, wanted
from bench.peers.store import Run, Store
from bench.peers.waiting import Patience
from sandbox.errors import SandboxError

CELL = Cell("slipway", SETTINGS[0], Fault("healthy", "never"), 2)
OTHER = Cell("flagger", SETTINGS[0], Fault("healthy", "never"), 2)


def done(cell: Cell, number: int, *, seconds: float = 60.0) -> Run:
    return Run(cell.system, cell.setting.name, cell.fault.name, number, False, None, 0, seconds, "", 0.0)


class Idle:
    """A machine that always has room."""

    def __init__(self, patience: Patience) -> None:
        self.patience = patience

    def wait(self) -> None:
        return


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Cell, int], Run]], Schedule]:
    monkeypatch.setattr(schedule, "Admission", Idle)
    store = Store(tmp_path / "runs.jsonl")
    return lambda runner: Schedule(store, runner, lambda _: None, 2, Patience())


def test_runs_are_missing_round_by_round() -> None:
    order = [(cell.system, number) for cell, number in missing([CELL, OTHER], [done(CELL, 0)])]
    assert order == [("flagger", 0), ("slipway", 1), ("flagger", 1)]


def test_a_cell_that_takes_over_ten_minutes_is_run_three_times() -> None:
    five = replace(CELL, runs=5)
    assert wanted([five], [done(CELL, 0, seconds=601.0)])[0].runs == 3
    assert wanted([five], [done(CELL, 0, seconds=599.0)])[0].runs == 5


def test_a_run_that_failed_is_tried_again(build: Callable[..., Schedule], tmp_path: Path) -> None:
    failures = iter([SandboxError("part", "broke", "again")])

    def runner(cell: Cell, number: int) -> Run:
        for failure in failures:
            raise failure
        return done(cell, number)

    assert build(runner).do([replace(CELL, runs=1)])
    assert [run.number for run in Store(tmp_path / "runs.jsonl").runs] == [0]


def test_a_run_that_never_succeeds_is_given_up(build: Callable[..., Schedule], tmp_path: Path) -> None:
    tried = []

    def runner(cell: Cell, number: int) -> Run:
        tried.append(number)
        raise SandboxError("machine", "too busy", "again")

    assert not build(runner).do([replace(CELL, runs=1)])
    assert len(tried) == TRIES
    assert Store(tmp_path / "runs.jsonl").runs == ()


def test_the_processors_use_is_what_is_not_idle_of_all_ticks() -> None:
    assert busy_between((100, 200), (150, 300)) == 0.5
