"""How long a rollout waits between two looks."""

from __future__ import annotations

import pytest

from slipway.rollout.executor.pacing import pause_after


@pytest.mark.parametrize(
    ("took", "tick", "pause"),
    [
        (0.0, 1.0, 1.0),
        (0.3, 1.0, 0.7),
        (0.3, 30.0, 0.7),
        (0.9, 1.0, 0.1),
        (7.0, 1.0, 0.1),
        (0.8, 2.0, 1.2),
        (0.8, 30.0, 1.2),
        (0.01, 0.25, 0.24),
    ],
)
def test_the_time_of_a_look_counts_until_the_next_and_a_busy_process_looks_less_often(
    took: float, tick: float, pause: float
) -> None:
    assert pause_after(took, tick) == pytest.approx(pause)


@pytest.mark.parametrize(
    ("took", "tick", "pause"), [(0.0, 0.25, 1.0), (0.0, 1.0, 1.0), (0.1, 2.0, 1.9), (0.9, 2.0, 1.1), (0.0, 10.0, 2.0)]
)
def test_in_a_crowd_no_rollout_looks_twice_in_a_tick_or_more_than_once_a_second(
    took: float, tick: float, pause: float
) -> None:
    assert pause_after(took, tick, crowded=True) == pytest.approx(pause)
