from __future__ import annotations

from math import comb, exp, lgamma, log

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.rollout.analysis.likelihood import at_odds, level_bets, ratio_logs, share_bets, share_logs

exposures = st.floats(0.5, 1e5)
ratios = st.floats(1.0, 10.0)


def binomial(n: int, p: float) -> list[float]:
    return [comb(n, x) * p**x * (1.0 - p) ** (n - x) for x in range(n + 1)]


@given(exposures, exposures, st.integers(1, 12), ratios, st.floats(1.0, 30.0))
def test_the_conditional_binomial_has_expectation_one_at_the_tolerated_ratio(
    n_c: float, n_b: float, both: int, rho0: float, multiple: float
) -> None:
    theta = rho0 * n_c / (rho0 * n_c + n_b)
    values = [exp(ratio_logs(rho0, [rho0 * multiple], n_c, n_b, x, both)[0]) for x in range(both + 1)]
    assert sum(p * v for p, v in zip(binomial(both, theta), values, strict=True)) == pytest.approx(1.0)


@given(exposures, exposures, st.integers(1, 12), ratios, st.floats(1.0, 30.0), st.floats(0.01, 1.0))
def test_below_the_tolerated_ratio_its_expectation_is_at_most_one(
    n_c: float, n_b: float, both: int, rho0: float, multiple: float, smaller: float
) -> None:
    theta = rho0 * smaller * n_c / (rho0 * smaller * n_c + n_b)
    values = [exp(ratio_logs(rho0, [rho0 * multiple], n_c, n_b, x, both)[0]) for x in range(both + 1)]
    assert sum(p * v for p, v in zip(binomial(both, theta), values, strict=True)) <= 1.0 + 1e-9


@settings(max_examples=200)
@given(st.integers(1, 9), st.integers(1, 9), ratios, st.floats(1.0, 30.0), st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_of_two_sides_with_any_bad_shares_its_expectation_is_at_most_one_exactly(
    n_c: int, n_b: int, rho0: float, multiple: float, part: float, smaller: float
) -> None:
    """Not given X: requests fail independently of each other, rarely or often, and both sides' counts are random."""
    share = part / rho0
    expected = 0.0
    for x, chance in enumerate(binomial(n_c, rho0 * smaller * share)):
        for y, other in enumerate(binomial(n_b, share)):
            expected += chance * other * exp(ratio_logs(rho0, [rho0 * multiple], n_c, n_b, x, x + y)[0])
    assert expected <= 1.0 + 1e-9


@given(exposures, exposures, st.integers(1, 12), st.floats(1.5, 11.0), st.floats(0.05, 1.0), st.floats(1.0, 20.0))
def test_against_a_ratio_to_be_rejected_its_expectation_is_at_most_one_above_that_ratio(
    n_c: float, n_b: float, both: int, highest: float, fraction: float, above: float
) -> None:
    theta = highest * above * n_c / (highest * above * n_c + n_b)
    values = [exp(ratio_logs(highest, [highest * fraction], n_c, n_b, x, both)[0]) for x in range(both + 1)]
    assert sum(p * v for p, v in zip(binomial(both, theta), values, strict=True)) <= 1.0 + 1e-9


@given(st.integers(1, 30), st.floats(0.001, 0.6), st.floats(1.0, 20.0), st.floats(0.0, 1.0))
def test_the_binomial_against_a_share_has_expectation_at_most_one_below_it(
    n: int, null: float, multiple: float, smaller: float
) -> None:
    p = at_odds(null, multiple)
    values = [exp(share_logs(null, [p], n, x)[0]) for x in range(n + 1)]
    chances = binomial(n, null * smaller)
    assert sum(c * v for c, v in zip(chances, values, strict=True)) <= 1.0 + 1e-9


@given(st.integers(1, 30), st.floats(0.001, 0.6), st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_the_binomial_for_a_share_has_expectation_at_most_one_above_it(
    n: int, null: float, fraction: float, above: float
) -> None:
    values = [exp(max(-700.0, share_logs(null, [null * fraction], n, x)[0])) for x in range(n + 1)]
    chances = binomial(n, null + above * (1.0 - null))
    assert sum(c * v for c, v in zip(chances, values, strict=True)) <= 1.0 + 1e-9


@given(st.integers(1, 6), st.integers(2, 9), st.floats(0.01, 0.9), st.floats(1.0, 30.0))
def test_a_bet_on_the_share_of_a_tick_cannot_be_fooled_by_clusters(
    clusters: int, size: int, w: float, multiple: float
) -> None:
    n_c, n_b = 1000.0 * w, 1000.0 * (1.0 - w)
    both = clusters * size
    values = [exp(share_bets(1.0, [multiple], n_c, n_b, k * size, both)[0]) for k in range(clusters + 1)]
    assert sum(p * v for p, v in zip(binomial(clusters, w), values, strict=True)) <= 1.0 + 1e-9


@given(st.integers(1, 6), st.integers(1, 9), st.floats(0.001, 0.2), st.floats(1.0, 20.0), st.floats(1.0, 20.0))
def test_a_bet_on_the_level_cannot_be_fooled_by_clusters_either(
    clusters: int, size: int, null: float, multiple: float, phi: float
) -> None:
    total = clusters * size
    values = [exp(level_bets(null, [multiple], phi, total, k * size)[0]) for k in range(clusters + 1)]
    assert sum(p * v for p, v in zip(binomial(clusters, null), values, strict=True)) <= 1.0 + 1e-9


def test_the_quasi_likelihood_alone_is_fooled_by_few_clusters() -> None:
    # The reason for the share bet: one burst of nine errors, phi 9, w 5%.
    values = [exp(ratio_logs(1.0, [20.0], 50.0, 950.0, k * 9, 9)[0]) for k in (0, 1)]
    assert 0.95 * values[0] + 0.05 * values[1] > 1000.0


@given(exposures, exposures, st.integers(0, 20), st.integers(0, 20), st.integers(0, 20), st.integers(0, 20))
def test_how_the_counts_of_one_exposure_are_split_over_ticks_does_not_matter(
    n_c: float, n_b: float, x1: int, y1: int, x2: int, y2: int
) -> None:
    whole = ratio_logs(1.1, [4.4], n_c, n_b, x1 + x2, x1 + x2 + y1 + y2)[0]
    parts = ratio_logs(1.1, [4.4], n_c, n_b, x1, x1 + y1)[0] + ratio_logs(1.1, [4.4], n_c, n_b, x2, x2 + y2)[0]
    assert whole == pytest.approx(parts, abs=1e-8)


@given(exposures, exposures, st.integers(1, 50), st.integers(0, 49))
def test_one_more_bad_event_on_the_candidate_is_always_more_evidence(n_c: float, n_b: float, both: int, x: int) -> None:
    fewer, more = min(x, both - 1), min(x, both - 1) + 1
    assert ratio_logs(1.0, [3.0], n_c, n_b, more, both)[0] > ratio_logs(1.0, [3.0], n_c, n_b, fewer, both)[0]


def test_without_a_baseline_the_relative_test_knows_nothing() -> None:
    assert ratio_logs(1.1, [2.2, 22.0], 500.0, 0.0, 250, 250) == [0.0, 0.0]


@given(st.floats(1e-6, 0.97), st.floats(1.0, 1000.0))
def test_a_multiple_of_the_odds_is_a_share_between_the_null_and_one(null: float, multiple: float) -> None:
    assert null <= at_odds(null, multiple) * (1 + 1e-12)
    assert at_odds(null, multiple) < 1.0


def test_the_formula_is_the_ratio_of_two_binomial_probabilities() -> None:
    n_c, n_b, x, both, rho, rho0 = 50.0, 950.0, 4, 9, 5.0, 1.1

    def log_chance(ratio: float) -> float:
        theta = ratio * n_c / (ratio * n_c + n_b)
        return lgamma(both + 1) - lgamma(x + 1) - lgamma(both - x + 1) + x * log(theta) + (both - x) * log(1 - theta)

    assert ratio_logs(rho0, [rho], n_c, n_b, x, both)[0] == pytest.approx(log_chance(rho) - log_chance(rho0))
