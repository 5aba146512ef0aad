from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2  # type: ignore[import-untyped]

from rollout.analysis import constants as const
from rollout.analysis.nulls import acceptable_share, promotable_share, upper_bound, warm_share
from rollout.analysis.rules import Rule
from rollout.analysis.state import Baseline
from tests.unit.rollout.analysis.examples import errors, fresh, slo


def rule(**fields: object) -> Rule:
    return fresh(errors(**fields)).settings.rules[0]


@given(st.integers(0, 5000), st.integers(0, 10**6))
def test_the_upper_bound_is_that_of_the_poisson_distribution(bad: int, more: int) -> None:
    total = bad + more + 10_000
    exact = chi2.ppf(0.999, 2 * bad + 2) / 2 / total
    assert upper_bound(total, bad) == pytest.approx(exact, rel=0.03)


def test_clusters_and_missing_events_make_the_bound_wider() -> None:
    assert upper_bound(10_000, 50, phi=5.0) > upper_bound(10_000, 50)
    assert upper_bound(0, 0) == 1.0


def test_what_is_negligible_is_always_acceptable() -> None:
    found = acceptable_share(rule(), Baseline(10**7, 0))
    assert found == (0.01, "the baseline recorded before")


def test_the_recorded_baseline_comes_with_tolerance_drift_and_its_uncertainty() -> None:
    found = acceptable_share(rule(negligible="0.01%"), Baseline(10_000, 50))
    assert found is not None
    assert found[0] == pytest.approx(const.DRIFT * 1.1 * upper_bound(10_000, 50))


def test_a_tighter_objective_counts_unless_the_baseline_did_not_meet_it() -> None:
    strict = rule(negligible="0.01%", objective="1%")
    assert acceptable_share(strict, Baseline(1000, 5)) == (0.01, "the objective")
    missed = acceptable_share(strict, Baseline(1000, 50))
    assert missed is not None
    assert missed[0] > 0.05
    assert acceptable_share(strict, Baseline()) == (0.01, "the objective")


def test_the_baseline_does_not_excuse_an_slo() -> None:
    own = fresh(slo()).settings.rules[0]
    assert acceptable_share(own, Baseline(1000, 500)) == (0.01, "the objective")


@given(st.floats(1e-4, 0.9))
def test_the_warm_up_accepts_more_but_no_gross_fault(share: float) -> None:
    assert share <= warm_share(share) <= max(share, const.GROSS_SHARE)


@pytest.mark.parametrize(("bad", "limit"), [(300, 0.5625), (700, 0.875)])
def test_promotion_alone_asks_of_common_events_for_a_multiple_of_the_odds(bad: int, limit: float) -> None:
    recorded = Baseline(1000, bad)
    assert promotable_share(rule(), 100.0, True, recorded) == pytest.approx(limit, abs=0.001)
    judged = rule(objective=0.2)
    assert promotable_share(judged, 100.0, True, Baseline()) == pytest.approx(1 / 3)


def test_promotion_alone_asks_for_twice_the_objective_or_twice_the_baseline_and_its_drift() -> None:
    own = rule(negligible="0.1%")
    assert promotable_share(own, 5.0, False, Baseline(1000, 100)) == 0.001
    assert promotable_share(own, 100.0, True, Baseline(1000, 90)) == pytest.approx(0.27, rel=0.01)
    assert promotable_share(own, 100.0, True, Baseline(100, 1)) == pytest.approx(0.045)
    assert promotable_share(own, 100.0, True, Baseline(99, 1)) == 0.001
    assert promotable_share(rule(objective="3%"), 100.0, True, Baseline()) == pytest.approx(0.06)
    assert promotable_share(fresh(slo()).settings.rules[0], 5.0, False, Baseline()) == pytest.approx(0.11)
