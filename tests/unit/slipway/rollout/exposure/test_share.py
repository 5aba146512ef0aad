"""The exposure check: a measured share against the one that was declared."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.rollout.exposure.share import exposure_problem, tolerance


def test_no_evaluation_and_nobody_with_the_variant_are_two_problems() -> None:
    assert "no evaluation of either variant" in str(exposure_problem(25.0, 0, 0, 100))
    assert "no user gets the variant" in str(exposure_problem(25.0, 0, 500, 100))


@pytest.mark.parametrize(("percent", "exposed"), [(25.0, 950), (5.0, 400), (50.0, 5), (100.0, 600)])
def test_a_share_beyond_the_interval_is_named_with_both_numbers(percent: float, exposed: int) -> None:
    problem = exposure_problem(percent, exposed, 1000 - exposed, 1000)
    assert problem is not None
    assert f"{exposed / 10:.1f}%" in problem
    assert f"{percent:.1f}%" in problem


def test_at_100_percent_some_callers_may_have_no_key() -> None:
    assert exposure_problem(100.0, 900, 100, 1000) is None


def test_more_clients_that_count_alike_narrow_the_interval() -> None:
    stale = (50, 950)  # 5% after the exposure was raised to 25%
    assert exposure_problem(25.0, *stale, 100) is None
    assert exposure_problem(25.0, *stale, 1000) is not None


def test_where_targeting_decides_first_only_a_missing_side_is_a_problem() -> None:
    assert exposure_problem(5.0, 900, 100, 1000, targeted=True) is None
    assert exposure_problem(5.0, 0, 100, 1000, targeted=True) is not None


@given(st.floats(1.0, 99.0), st.integers(10, 10_000))
def test_the_interval_shrinks_with_the_clients_to_the_slack(percent: float, clients: int) -> None:
    wide, narrow = tolerance(percent, clients), tolerance(percent, 4 * clients)
    smaller = min(percent, 100.0 - percent) / 100.0
    assert narrow < wide
    assert math.isclose((wide - 0.25 * smaller) / 2.0, narrow - 0.25 * smaller, rel_tol=1e-6)


def test_users_who_call_unequally_often_stay_within_the_interval_of_as_many_as_count_alike() -> None:
    chance = random.Random(7)  # noqa: S311
    beyond = 0
    for _ in range(1000):
        rates = [chance.paretovariate(1.5) for _ in range(2000)]
        alike = sum(rates) ** 2 / sum(rate * rate for rate in rates)
        on = sum(rate for rate in rates if chance.random() < 0.05)
        share = on / sum(rates)
        problem = exposure_problem(5.0, round(share * 1e6), round((1.0 - share) * 1e6), max(10, int(alike)))
        beyond += problem is not None
    assert beyond <= 2
