from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2  # type: ignore[import-untyped]

from slipway.rollout.analysis import constants as const
from slipway.rollout.analysis.evidence import begin
from slipway.rollout.analysis.nulls import acceptable_share, bounded_share, promotable_share, upper_bound, warm_share
from slipway.rollout.analysis.past import Past, recorded
from slipway.rollout.analysis.rules import CompiledGuardrail, Known
from slipway.rollout.analysis.state import Baseline
from tests.unit.slipway.rollout.analysis.examples import analysis, errors, fresh, slo


def found_share(own: CompiledGuardrail, baseline: Baseline) -> tuple[object, str]:
    found = acceptable_share(own, baseline)
    assert found is not None
    return found


def rule(**fields: object) -> CompiledGuardrail:
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


def test_a_tighter_objective_counts_once_the_baseline_is_shown_to_have_met_it() -> None:
    strict = rule(negligible="0.01%", objective="1%")
    assert acceptable_share(strict, Baseline(10_000, 50)) == (0.01, "the objective")
    assert acceptable_share(strict, Baseline()) == (0.01, "the objective")
    few = found_share(strict, Baseline(1000, 5))
    assert few == (pytest.approx(1.1 * upper_bound(1000, 5)), "the objective")
    missed = found_share(strict, Baseline(1000, 50))
    assert missed == (pytest.approx(1.5 * 1.1 * upper_bound(1000, 50)), "the baseline recorded before")


def past_rule(past: Past, **fields: object) -> CompiledGuardrail:
    known = Known(past={"errors": past})
    return begin((errors(negligible="0.01%", **fields),), analysis(), known=known).settings.rules[0]


def test_the_worst_ten_minutes_of_the_hour_before_are_a_record_for_a_switch() -> None:
    own = past_rule(Past(108_000, 54, 18_000, 14))
    bound = upper_bound(18_000, 14)
    assert found_share(own, Baseline()) == (pytest.approx(1.65 * bound), "the baseline recorded before")
    assert found_share(own, Baseline(1800, 1)) == (pytest.approx(1.65 * bound), "the baseline recorded before")
    worse = acceptable_share(own, Baseline(1800, 18))
    assert worse is not None
    assert worse[0] > 1.65 * 0.01
    better = acceptable_share(own, Baseline(10**6, 300))
    assert better is not None
    assert better[0] < 1.65 * bound
    assert promotable_share(own, 100.0, True, Baseline()) == pytest.approx(3 * 54 / 108_000)


def test_the_record_of_the_hour_is_that_of_all_pods_and_its_worst_stretch() -> None:
    pods = [[(100, 0)] * 300 + [(100, 2)] * 300 + [(100, 0)] * 300, [(50, 0)] * 900]
    assert recorded({"errors": pods, "none": [[(0, 0)] * 900]}, 1800.0) == {
        "errors": Past(900 * 150, 600, 300 * 150, 600)
    }
    assert recorded({"errors": []}, 1800.0) == {}


def ramp_rule(**fields: object) -> CompiledGuardrail:
    return begin((errors(**fields),), analysis(), known=Known(weights=(10.0, 50.0, 100.0))).settings.rules[0]


def test_where_the_harm_is_bounded_what_may_be_left_depends_on_the_next_weight() -> None:
    own, usual = ramp_rule(negligible="0.1%"), Baseline(100_000, 499)
    assert bounded_share(own, 10.0, 50.0, usual) == pytest.approx(2 * 0.005 + 10 / (50 * 0.5 * 5), rel=0.01)
    assert bounded_share(own, 10.0, 1.0, usual) == 0.5
    assert bounded_share(own, 10.0, 1e9, Baseline(100_000, 0)) == 0.001


def test_the_ratio_must_be_shown_at_the_last_weight_beside_a_baseline_and_without_a_rare_usual_share() -> None:
    own, usual = ramp_rule(), Baseline(100_000, 499)
    assert bounded_share(own, 50.0, 50.0, usual) is None
    assert bounded_share(own, 100.0, 50.0, usual) is None
    assert bounded_share(own, 10.0, 50.0, Baseline(99, 0)) is None
    assert bounded_share(own, 10.0, 50.0, Baseline(1000, 101)) is None
    assert bounded_share(rule(), 10.0, 50.0, usual) is None
    declared = begin((errors(),), analysis(harm=0), known=Known(weights=(10.0, 50.0))).settings.rules[0]
    assert bounded_share(declared, 10.0, 50.0, usual) is None


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
