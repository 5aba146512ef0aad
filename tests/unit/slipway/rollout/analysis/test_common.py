from __future__ import annotations

from math import comb, exp

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from slipway.release.manifest.plan import PlannedStep
from slipway.rollout.analysis import Counts, Decision, Verdict, next_step, observe
from slipway.rollout.analysis.common import highest_common_ratio, nearest, two_sample_logs, usual_share, worse
from slipway.rollout.analysis.foresight import foresee
from slipway.rollout.analysis.state import Baseline
from tests.unit.slipway.rollout.analysis.examples import (
    analysis,
    counts,
    errors,
    first,
    fresh,
    guardrail,
    tick,
    traffic,
    watch,
)

shares = st.floats(0.02, 0.97)
sizes = st.integers(1, 4)


def expectation(
    ratio: float, share: float, usual: float, sides: tuple[int, int], truth: tuple[float, float], above: bool
) -> float:
    total = 0.0
    for x in range(sides[0] + 1):
        for y in range(sides[1] + 1):
            chance = 1.0
            for n, k, p in ((sides[0], x, truth[0]), (sides[1], y, truth[1])):
                chance *= comb(n, k) * p**k * (1.0 - p) ** (n - k)
            seen = Counts(sides[0], x), Counts(sides[1], y)
            total += chance * exp(two_sample_logs(ratio, [share], usual, *seen, above=above)[0])
    return total


@settings(max_examples=300)
@given(st.floats(1.0, 2.0), shares, shares, sizes, sizes, shares, st.floats(0.0, 1.0))
def test_against_a_tolerable_candidate_the_bet_is_fair_whatever_the_shares_are(
    ratio: float, share: float, usual: float, n_c: int, n_b: int, true_usual: float, part: float
) -> None:
    truth = min(0.999, part * ratio * true_usual), true_usual
    assert expectation(ratio, share, usual, (n_c, n_b), truth, above=True) <= 1.0 + 1e-9


@settings(max_examples=300)
@given(st.floats(1.0, 2.0), shares, shares, sizes, sizes, shares, st.floats(0.0, 1.0))
def test_against_a_candidate_that_is_too_bad_the_opposite_bet_is_fair(
    ratio: float, share: float, usual: float, n_c: int, n_b: int, true_usual: float, part: float
) -> None:
    assume(ratio * true_usual < 0.999)
    limit = ratio * true_usual
    truth = limit + part * (0.999 - limit), true_usual
    assert expectation(ratio, share, usual, (n_c, n_b), truth, above=False) <= 1.0 + 1e-9


@given(st.floats(1.0, 3.0), shares, shares, st.integers(1, 1000), st.integers(1, 1000))
def test_the_nearest_null_lies_on_its_border_and_between_the_two(
    ratio: float, share: float, usual: float, n_c: int, n_b: int
) -> None:
    a, b = nearest(ratio, share, usual, n_c, n_b)
    assert a == pytest.approx(ratio * b)
    assert 0.0 < b < 1.0
    assert a < 1.0
    low, high = sorted((share / ratio, usual))
    assert low - 1e-9 <= b <= high + 1e-9


def test_a_share_is_common_from_a_tenth_on_and_after_enough_events() -> None:
    assert usual_share(Baseline(1000, 99)) is None
    assert usual_share(Baseline(1000, 300)) == pytest.approx(0.3, abs=0.001)
    assert usual_share(Baseline(99, 60)) is None


@given(shares, st.floats(1.0, 3.0))
def test_alternatives_are_shares_in_order_and_begin_with_what_is_tolerated(usual: float, tolerate: float) -> None:
    found = worse(tolerate, usual)
    assert found[0] == pytest.approx(min(0.98, tolerate * usual))
    assert found == sorted(found)
    assert found[-1] < 1.0


def test_what_a_step_must_refute_is_a_share_that_can_be() -> None:
    assert highest_common_ratio(2.0, 1.1, 0.7) * 0.7 == pytest.approx(0.8235, abs=1e-3)
    assert highest_common_ratio(11.0, 1.1, 0.5) * 0.5 < 1.0
    assert highest_common_ratio(2.0, 1.5, 0.6) * 0.6 > 1.5 * 0.6


def halved(seed: int, candidate: float, baseline: float = 0.7, weight: float = 25.0) -> list[Decision]:
    guard = errors(negligible="0.1%")
    return watch(
        fresh(guard), traffic(seed, candidate=candidate, baseline=baseline, rate=50, weight=weight, ticks=150)
    )[1]


def test_completed_checkouts_that_are_halved_abort_the_release() -> None:
    times = [first(halved(seed, 0.85), Verdict.FAIL) for seed in range(9)]
    assert all(time is not None for time in times)
    assert np.median([time or 0 for time in times]) <= 30


@pytest.mark.parametrize("weight", [25.0, 50.0])
def test_as_many_completed_checkouts_as_before_pass(weight: float) -> None:
    for seed in range(8):
        decisions = halved(seed, 0.7, weight=weight)
        assert first(decisions, Verdict.FAIL) is None
        assert first(decisions, Verdict.PASS) is not None


def test_clearly_fewer_completed_checkouts_do_not_pass_the_half() -> None:
    for seed in range(8):
        decisions = halved(seed, 0.85, weight=50.0)
        passed, failed = first(decisions, Verdict.PASS), first(decisions, Verdict.FAIL)
        assert passed is None or (failed is not None and failed < passed)


def test_after_a_switch_too_a_loss_of_half_the_completed_checkouts_does_not_pass() -> None:
    evidence = fresh(guardrail(kind="custom", good="g", total="t", negligible="1%"))
    evidence, _ = observe(evidence, tick(2.0, 0.0, errors=counts((0, 0), (1000, 300))))
    evidence = next_step(evidence)
    decisions = watch(evidence, [tick(2.0 * i, 100.0, errors=counts((10, 6), (0, 0))) for i in range(2, 60)])[1]
    assert first(decisions, Verdict.PASS) is None
    healthy = watch(evidence, [tick(2.0 * i, 100.0, errors=counts((10, 3), (0, 0))) for i in range(2, 60)])[1]
    assert healthy[-1].verdict is Verdict.PASS


def test_what_is_still_detectable_and_what_passed_are_shares_that_can_be() -> None:
    decisions = halved(1, 0.7)
    passed = decisions[-1]
    assert "ratio below 1.2" in passed.reason
    detectable = passed.findings[0].detectable
    assert detectable is not None
    assert 1.1 < detectable < 1.3


@pytest.mark.parametrize(("share", "weight"), [(0.3, 25.0), (0.7, 25.0), (0.7, 50.0)])
def test_foresight_of_common_events_is_what_happens(share: float, weight: float) -> None:
    guard = errors(negligible="0.1%")
    expected = analysis(expected={"rate": 50, "bad_share": share})
    step = foresee((guard,), expected, (PlannedStep(weight, 60),)).steps[0]
    times = [first(halved(seed, share, baseline=share, weight=weight), Verdict.PASS) for seed in range(12)]
    assert step.passes == pytest.approx(np.mean([2 * (time or 0) + 2 for time in times]), rel=0.6)
