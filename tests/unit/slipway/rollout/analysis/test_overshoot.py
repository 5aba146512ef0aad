from __future__ import annotations

from math import comb, exp

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.rollout.analysis import constants as const
from slipway.rollout.analysis.abort import ratios
from slipway.rollout.analysis.likelihood import ratio_logs
from slipway.rollout.analysis.overshoot import boost

cases = st.tuples(
    st.floats(0.01, 0.95), st.integers(1, 40), st.floats(0.01, 5.4), st.floats(1.0, 3.0), st.integers(0, 5)
)


def outcomes(w: float, both: int, rho0: float, weights: tuple[float, ...]) -> list[tuple[float, float]]:
    """For every number of bad events on the candidate: its chance under the null, and the bet's L."""
    n_c, n_b = 1e4 * w, 1e4 * (1.0 - w)
    theta = rho0 * n_c / (rho0 * n_c + n_b)
    found = []
    for x in range(both + 1):
        logs = ratio_logs(rho0, ratios(rho0), n_c, n_b, x, both)
        likelihood = sum(weight * exp(value) for weight, value in zip(weights, logs, strict=True))
        found.append((comb(both, x) * theta**x * (1.0 - theta) ** (both - x), likelihood))
    return found


def lean(which: int) -> tuple[float, ...]:
    """The prior, leaning on one of the alternatives."""
    raw = [weight + (index == which) for index, weight in enumerate(const.PRIOR)]
    return tuple(value / sum(raw) for value in raw)


@given(cases)
def test_the_truncated_boosted_bet_has_expectation_at_most_one(case: tuple[float, int, float, float, int]) -> None:
    w, both, room, rho0, which = case
    weights = lean(which)
    factor = exp(boost(weights, rho0, ratios(rho0), 1e4 * w, 1e4 * (1.0 - w), both, room))
    cap = exp(room)
    assert factor >= 1.0
    expected = sum(chance * min(factor * value, cap) for chance, value in outcomes(w, both, rho0, weights))
    assert expected <= 1.0 + 1e-9


@given(cases)
def test_a_larger_boost_would_break_the_promise(case: tuple[float, int, float, float, int]) -> None:
    w, both, room, rho0, which = case
    weights = lean(which)
    factor = exp(boost(weights, rho0, ratios(rho0), 1e4 * w, 1e4 * (1.0 - w), both, room))
    found = outcomes(w, both, rho0, weights)
    expected = sum(chance * min(1.01 * factor * value, exp(room)) for chance, value in found)
    assert expected > 1.0 or max(value for _, value in found) <= exp(room)


@settings(max_examples=25)
@given(
    st.sampled_from([5, 20, 40]),
    st.sampled_from([20, 80]),
    st.sampled_from([0.001, 0.01, 0.03, 0.08]),
    st.sampled_from([1.0, 1.1, 2.0]),
    st.floats(0.05, 5.0),
    st.integers(0, 5),
)
def test_of_two_sides_with_random_counts_a_boosted_tick_is_fair_to_half_a_percent(
    n_c: int, n_b: int, share: float, rho0: float, room: float, which: int
) -> None:
    """The boost takes bad events for rare. Where they are not, the tick that comes near the threshold may have an
    expectation of slightly more than 1; ticks further away have less."""
    weights, cap, expected = lean(which), exp(room), 0.0
    for x in range(n_c + 1):
        for y in range(n_b + 1):
            chance = comb(n_c, x) * (rho0 * share) ** x * (1.0 - rho0 * share) ** (n_c - x)
            chance *= comb(n_b, y) * share**y * (1.0 - share) ** (n_b - y)
            if chance > 1e-12:
                logs = ratio_logs(rho0, ratios(rho0), n_c, n_b, x, x + y)
                value = sum(weight * exp(log) for weight, log in zip(weights, logs, strict=True))
                value *= exp(boost(weights, rho0, ratios(rho0), n_c, n_b, x + y, room))
                expected += chance * min(value, cap)
    assert expected <= 1.005


def test_nothing_is_boosted_where_nothing_can_overshoot() -> None:
    assert boost(const.PRIOR, 1.1, ratios(1.1), 50.0, 950.0, 1, 4.6) == 0.0


@pytest.mark.parametrize(("candidate", "baseline", "both"), [(50.0, 0.0, 3), (50.0, 50.0, 20), (5e5, 5e5, 500)])
def test_it_rests_without_a_baseline_at_large_shares_and_with_many_events(
    candidate: float, baseline: float, both: int
) -> None:
    assert boost(const.PRIOR, 1.0, ratios(1.0), candidate, baseline, both, 0.5) == 0.0


def test_where_the_binomial_is_exact_a_large_share_is_boosted_too() -> None:
    assert boost(const.PRIOR, 1.0, ratios(1.0), 0.05, 0.95, 1, 0.5, rare=False) > 0.0


def test_far_from_the_threshold_it_rests() -> None:
    assert boost(const.PRIOR, 1.0, ratios(1.0), 50.0, 950.0, 9, const.BOOST_ROOM - 0.1) > 0.0
    assert boost(const.PRIOR, 1.0, ratios(1.0), 50.0, 950.0, 9, const.BOOST_ROOM + 0.1) == 0.0
