"""Scenes and whole rollouts of the benchmark show what they are for."""

from __future__ import annotations

from math import isnan

import numpy as np
import pytest

from bench.decisions.cells import Cell, gates
from bench.decisions.ramps import Plan, line, rollout, summary
from bench.decisions.recordings import simulate
from bench.decisions.scenes import SCENES, Scene, abort_time


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_a_scene_is_the_same_each_time_and_aborts_nothing_healthy_in_a_few_runs(scene: Scene) -> None:
    times = [abort_time(scene, run, 1.1) for run in range(2)]
    assert all(isnan(time) for time in times)
    _, sides = scene.draw(np.random.default_rng(1))
    _, again = scene.draw(np.random.default_rng(1))
    assert [next(sides) for _ in range(20)] == [next(again) for _ in range(20)]


def test_pods_scraped_apart_are_never_counted_in_one_tick() -> None:
    scene = next(scene for scene in SCENES if scene.name == "apart 0.01 7s of 30s")
    _, sides = scene.draw(np.random.default_rng(1))
    ticks = [next(sides) for _ in range(300)]
    assert not any(candidate[0] and baseline[0] for candidate, baseline in ticks)
    assert sum(candidate[0] for candidate, _ in ticks) == pytest.approx(20 * 600, rel=0.1)


def test_there_are_gates_for_incidents_of_both_sides_with_an_objective_and_thin_baselines_and_for_mixed_bursts() -> (
    None
):
    found = gates()
    assert all(cell.objective is not None for cell in found["both sides bad, with an objective"])
    assert {cell.weight for cell in found["both sides bad, at 90 to 98%"]} == {0.9, 0.95, 0.98}
    assert {cell.shape for cell in found["bursts among others"]} == {"mixed"}
    names = [cell.name for cells in found.values() for cell in cells]
    assert len(set(names)) == len(names)


def test_mixed_bursts_have_the_share_that_was_asked_for_and_are_clustered() -> None:
    seen = simulate(Cell(0.01, 1000.0, 0.5, 1.0, "mixed", 20.0), runs=20)
    bad = seen.baseline_bad
    assert bad.sum() / seen.baseline_total.sum() == pytest.approx(0.01, rel=0.05)
    assert bad.var() / bad.mean() > 2.0


def test_a_rollout_completes_when_healthy_and_is_aborted_when_it_is_not() -> None:
    assert rollout(Plan(200.0, 0.003, 0.01), 1)[0] == "completed"
    end, at, failed = rollout(Plan(200.0, 0.003, 0.01, ratio=10.0), 1)
    assert end == "aborted"
    assert at < 60.0
    assert failed > 0.0


def test_a_summary_counts_ends_and_says_them_in_a_line() -> None:
    found = summary(Plan(1000.0, 0.001, 0.01), 2)
    assert (found.completed, found.undecided, found.median) == (1.0, 0.0, 360.0)
    assert found.to_json()["harm"] == 10.0
    assert "completed 100.0%, median 360 s" in line(found)
