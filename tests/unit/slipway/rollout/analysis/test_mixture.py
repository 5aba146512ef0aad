from __future__ import annotations

from math import exp

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.rollout.analysis.mixture import mix, mix_and_share, restart_rate, share

logs = st.lists(st.floats(-50, 50), min_size=3, max_size=3)
parts = st.lists(st.floats(0.01, 1), min_size=3, max_size=3)


def spread(values: list[float]) -> list[float]:
    return [value / sum(values) for value in values]


@given(parts, logs)
def test_a_mixture_earns_the_mean_of_what_its_parts_earn(raw: list[float], values: list[float]) -> None:
    weights = spread(raw)
    growth, after = mix(weights, values)
    assert exp(growth) == pytest.approx(sum(w * exp(v) for w, v in zip(weights, values, strict=True)))
    assert sum(after) == pytest.approx(1.0)


@given(parts, logs, parts, st.floats(0, 0.5))
def test_fixed_share_leaves_every_bet_at_least_its_part_of_the_restart(
    raw: list[float], values: list[float], prior: list[float], eps: float
) -> None:
    after = share(mix(spread(raw), values)[1], spread(prior), eps)
    assert sum(after) == pytest.approx(1.0)
    assert all(weight >= eps * start * (1 - 1e-9) for weight, start in zip(after, spread(prior), strict=True))


def test_values_that_no_float_can_hold_are_survived() -> None:
    growth, after = mix([0.5, 0.5], [-1e4, 1e4])
    assert growth == pytest.approx(1e4, abs=1)
    assert after == [0.0, 1.0]
    assert mix([1.0, 0.0], [-2e4, 0.0])[0] == -700.0


def test_a_long_tick_never_restarts_more_than_half_of_the_wealth() -> None:
    assert restart_rate(2.0, 3600.0) == pytest.approx(4 * 2 / 3600)
    assert restart_rate(5000.0, 3600.0) == 0.5


@given(parts, logs, parts, st.floats(0, 0.5))
def test_one_pass_is_the_same_as_two(raw: list[float], values: list[float], start: list[float], eps: float) -> None:
    weights, prior = spread(raw), spread(start)
    growth, after = mix(weights, values)
    once, spread_out = mix_and_share(weights, values, prior, eps)
    assert once == pytest.approx(growth)
    assert spread_out == pytest.approx(share(after, prior, eps))


def test_a_tick_without_bad_events_only_moves_wealth_back_to_the_prior() -> None:
    assert mix_and_share([1.0, 0.0], [0.0, 0.0], [0.5, 0.5], 0.5) == (0.0, (0.75, 0.25))
    assert mix_and_share([1.0, 0.0], [-2e4, 0.0], [0.5, 0.5], 0.5) == (-700.0, (0.75, 0.25))
