from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.release.manifest.plan import describe, planned_steps
from slipway.release.manifest.strategy import BlueGreen, Canary, Preview, Rolling, SmokeCheck, Step

CANARY = Canary(kind="canary", steps=(Step(weight=5, bake=120), Step(weight=100, bake=600)))
BLUE_GREEN = BlueGreen(kind="blue-green", bake=300)
ROLLING = Rolling(kind="rolling", batch=0.25, bake=30, final_bake=300)


def test_a_canary_walks_its_steps() -> None:
    assert [(step.weight, step.bake) for step in planned_steps(CANARY, 3, "forward")] == [(5, 120), (100, 600)]


def test_blue_green_is_one_switch() -> None:
    assert [(step.weight, step.bake) for step in planned_steps(BLUE_GREEN, 3, "forward")] == [(100, 300)]


def test_rolling_replaces_batches_and_bakes_longest_at_the_end() -> None:
    steps = planned_steps(ROLLING, 8, "forward")
    assert [(step.replicas, step.weight, step.bake) for step in steps] == [
        (2, 25.0, 30),
        (4, 50.0, 30),
        (6, 75.0, 30),
        (8, 100.0, 300),
    ]


@pytest.mark.parametrize(("strategy", "bake"), [(CANARY, 600), (BLUE_GREEN, 300), (ROLLING, 300)])
def test_a_first_release_is_one_switch_with_the_last_bake(strategy: Canary | BlueGreen | Rolling, bake: float) -> None:
    assert [(step.weight, step.bake) for step in planned_steps(strategy, 4, "first")] == [(100, bake)]


@pytest.mark.parametrize("strategy", [CANARY, BLUE_GREEN, ROLLING])
def test_the_return_to_a_good_revision_does_not_replay_the_steps(strategy: Canary | BlueGreen | Rolling) -> None:
    assert [(step.weight, step.bake) for step in planned_steps(strategy, 4, "rollback")] == [(100, 0)]


@given(st.integers(1, 1000), st.floats(0.001, 1))
def test_batches_grow_to_all_replicas_and_are_never_larger_than_asked_for(replicas: int, batch: float) -> None:
    steps = planned_steps(Rolling(kind="rolling", batch=batch), replicas, "forward")
    counts = [step.replicas or 0 for step in steps]
    assert counts[-1] == replicas
    sizes = [later - earlier for earlier, later in itertools.pairwise([0, *counts])]
    assert all(0 < size <= max(1, batch * replicas + 1) for size in sizes)
    assert [step.weight for step in steps] == [pytest.approx(100 * count / replicas) for count in counts]


def test_the_plan_is_described_in_one_line() -> None:
    assert describe(CANARY, 3, "forward") == "canary: 5% for 2m, 100% for 10m"
    assert describe(ROLLING, 2, "forward") == "rolling: 50% (1 replicas) for 30s, 100% (2 replicas) for 5m"
    assert describe(CANARY, 3, "rollback").startswith("return to a known good revision: 100%")


def test_smoke_checks_are_part_of_the_plan_of_a_new_revision_only() -> None:
    checked = BLUE_GREEN.model_copy(update={"preview": Preview(host="new.example"), "smoke": (SmokeCheck(path="/"),)})
    assert "1 smoke check(s) at 0%" in describe(checked, 3, "forward")
    assert "smoke" not in describe(checked, 3, "rollback")
