from __future__ import annotations

from math import exp

import numpy as np
import pytest
from numpy.typing import NDArray

from slipway.rollout.analysis import Counts, Decision, GuardrailCounts, Tick, Verdict, observe
from tests.unit.slipway.rollout.analysis.examples import first, fresh, latency, watch

BOUNDS = (0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.5)


def histogram(times: NDArray[np.float64], threshold: float = 0.3) -> Counts:
    slower = tuple(int((times > bound).sum()) for bound in BOUNDS)
    return Counts(len(times), slower[BOUNDS.index(threshold)], BOUNDS, slower)


def pair(candidate: Counts, baseline: Counts) -> dict[str, GuardrailCounts]:
    return {"latency": GuardrailCounts(candidate, baseline)}


def soon(decisions: list[Decision]) -> int:
    abort = first(decisions, Verdict.FAIL)
    return len(decisions) + 1 if abort is None else abort + 1


def ticks(seed: int, factor: float, *, weight: float = 5.0, number: int = 150, threshold: float = 0.3) -> list[Tick]:
    """Lognormal response times; the candidate's are `factor` times as long."""
    rng = np.random.default_rng(seed)
    found = []
    for index in range(number):
        candidate, baseline = (
            histogram(times * 0.04 * rng.lognormal(0.0, 0.7, rng.poisson(200 * share)), threshold)
            for times, share in ((factor, weight / 100), (1.0, 1.0 - weight / 100))
        )
        at = 2.0 * (index + 1)
        found.append(Tick(at, at, 2.0, weight, pair(candidate, baseline), {}))
    return found


def test_a_candidate_three_times_as_slow_is_aborted_soon_though_few_cross_the_threshold() -> None:
    _, decisions = watch(fresh(latency()), ticks(1, 3.0))
    abort = first(decisions, Verdict.FAIL)
    assert abort is not None
    assert abort <= 8
    assert "ratio above 1.1 shown for responses slower than 100ms" in decisions[abort].reason


def test_the_histogram_is_faster_than_the_threshold_alone() -> None:
    def alone(tick: Tick) -> Tick:
        counts = tick.counts["latency"]
        candidate, baseline = (Counts(side.total, side.bad) for side in (counts.candidate, counts.baseline))
        return Tick(tick.at, tick.in_step, tick.length, tick.weight, pair(candidate, baseline), {})

    whole, bare = [], []
    for seed in range(7):
        seen = ticks(seed, 2.0)
        whole.append(soon(watch(fresh(latency()), seen)[1]))
        bare.append(soon(watch(fresh(latency()), map(alone, seen))[1]))
    assert np.median(whole) < np.median(bare)


@pytest.mark.parametrize("seed", range(4))
def test_a_shift_far_below_the_threshold_is_no_harm_that_was_declared(seed: int) -> None:
    _, decisions = watch(fresh(latency(threshold="2500ms")), ticks(seed, 1.5, threshold=2.5))
    assert first(decisions, Verdict.FAIL) is None


def test_healthy_latency_is_promoted_and_not_aborted() -> None:
    for seed in range(6):
        _, decisions = watch(fresh(latency(negligible="1%")), ticks(seed, 1.0))
        assert first(decisions, Verdict.FAIL) is None
        assert first(decisions, Verdict.PASS) is not None


def test_only_bounds_from_a_quarter_of_the_threshold_take_part() -> None:
    evidence, _ = observe(fresh(latency()), ticks(1, 1.0)[0])
    buckets = evidence.states[0].buckets
    assert [BOUNDS[place] for place in buckets.places] == [0.1, 0.2, 0.5]


def test_other_bounds_than_before_start_the_histogram_anew() -> None:
    one, two = ticks(2, 1.0, number=2)
    evidence, _ = observe(fresh(latency()), one)
    counts = two.counts["latency"]
    candidate, baseline = (
        Counts(side.total, side.bad, BOUNDS[:6], side.slower[:6]) for side in (counts.candidate, counts.baseline)
    )
    evidence, _ = observe(evidence, Tick(4, 4, 2, 5, pair(candidate, baseline), {}))
    assert evidence.states[0].buckets.bounds == BOUNDS[:6]
    assert evidence.states[0].buckets.total == baseline.total


def test_a_histogram_with_a_hole_is_an_error() -> None:
    broken = Counts(10, 0, BOUNDS, (1, 0))
    _, decision = observe(fresh(latency()), Tick(2, 2, 2, 5, {"latency": GuardrailCounts(broken, broken)}, {}))
    assert decision.verdict is Verdict.ERROR
    assert "histogram" in decision.reason


def test_bets_on_several_bounds_together_stay_fair() -> None:
    """A tick's evidence is 1 on average under the null, whatever the bounds have in common."""
    rng = np.random.default_rng(5)
    first_tick = ticks(3, 1.0, weight=50)[0]
    evidence, _ = observe(fresh(latency(tolerate=1.0)), first_tick)
    before, grown = evidence.states[0].abort.log, []
    for _ in range(1500):
        candidate, baseline = (histogram(0.04 * rng.lognormal(0.0, 0.7, 100)) for _ in range(2))
        after, _ = observe(evidence, Tick(4, 4, 2, 50, pair(candidate, baseline), {}))
        grown.append(exp(after.states[0].abort.log - before))
    assert np.mean(grown) <= 1.0 + 3 * np.std(grown) / np.sqrt(len(grown))


def test_the_bound_that_stands_for_the_threshold_does_not_bet_twice() -> None:
    evidence, _ = observe(fresh(latency(threshold="320ms")), ticks(1, 1.0)[0])
    buckets = evidence.states[0].buckets
    assert [BOUNDS[place] for place in buckets.places] == [0.1, 0.2, 0.5]
