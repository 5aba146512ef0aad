"""Sides that are counted at different moments: what waits, and for how long."""

from __future__ import annotations

import numpy as np
import pytest

from slipway.rollout.analysis import Decision, Evidence, GuardrailCounts, Tick, Verdict, next_step, observe
from slipway.rollout.analysis.gather import gather
from slipway.rollout.analysis.state import Pending
from slipway.rollout.analysis.types import Counts
from tests.unit.slipway.rollout.analysis.examples import counts, errors, first, fresh, latency, tick, watch


def scraped(
    seed: int, candidate: float, baseline: float = 0.01, *, apart: float, interval: float, seconds: float = 900.0
) -> list[Tick]:
    """100 requests a second at 20%; the one pod of each side is scraped every `interval`, `apart` from the other."""
    rng, found = np.random.default_rng(seed), []
    last = [0.0, 0.0]
    for index in range(int(seconds / 2)):
        at, sides = 2.0 * index + 2.0, []
        for side, (offset, rate, share) in enumerate(((1.0, 20.0, candidate), (1.0 + apart, 80.0, baseline))):
            scrape = offset + (at - offset) // interval * interval
            total = int(rng.poisson(rate * (scrape - last[side]))) if scrape > last[side] else 0
            last[side] = max(last[side], scrape)
            sides.append((total, int(rng.binomial(total, share))))
        found.append(tick(at, 20.0, errors=counts(*sides)))
    return found


@pytest.mark.parametrize(("apart", "interval"), [(7.0, 15.0), (7.0, 30.0), (17.0, 60.0)])
def test_a_fault_is_noticed_though_the_pods_are_scraped_at_different_moments(apart: float, interval: float) -> None:
    for seed in range(5):
        ticks = scraped(seed, 0.3, apart=apart, interval=interval)
        abort = first(watch(fresh(), ticks)[1], Verdict.FAIL)
        assert abort is not None
        assert ticks[abort].at <= 2.0 * interval + 2.0


@pytest.mark.parametrize("apart", [7.0, 15.0])
def test_a_healthy_candidate_passes_by_its_ratio_though_the_pods_are_scraped_at_different_moments(apart: float) -> None:
    decisions = watch(fresh(errors(negligible="0.01%")), scraped(1, 0.01, apart=apart, interval=30.0))[1]
    assert first(decisions, Verdict.FAIL) is None
    assert first(decisions, Verdict.PASS) is not None


def test_counts_that_never_meet_claim_nothing_that_could_be_detected() -> None:
    ticks = []
    for index in range(1, 300):
        far, side = index % 100 == 0, index % 100 == 50
        ticks.append(tick(2.0 * index, 20.0, errors=counts((500 if far else 0, 0), (2000 if side else 0, 20 * side))))
    decisions = watch(fresh(), ticks)[1]
    assert "no ratio is detectable" in decisions[199].reason
    assert decisions[199].findings[0].detectable is None


def test_a_tick_with_both_sides_is_complete_at_once() -> None:
    block, complete = gather(Pending(), counts((5, 1), (9, 0)), 2.0, False, False)
    assert complete
    assert block == Pending(Counts(5, 1), Counts(9, 0), 2.0)


def test_counts_of_one_side_wait_and_are_added_up() -> None:
    waiting, complete = gather(Pending(), counts((5, 1), (0, 0)), 2.0, False, False)
    assert not complete
    waiting, complete = gather(waiting, counts((4, 0), (0, 0)), 2.0, False, False)
    assert not complete
    block, complete = gather(waiting, counts((0, 0), (30, 2)), 2.0, False, False)
    assert complete
    assert block == Pending(Counts(9, 1), Counts(30, 2), 6.0)


def test_they_do_not_wait_for_ever_and_not_at_all_alone() -> None:
    assert gather(Pending(Counts(5, 1), Counts(0, 0), 88.0), counts((1, 0)), 2.0, False, False)[1]
    assert gather(Pending(), counts((1, 0)), 2.0, True, False)[1]
    assert not gather(Pending(), counts((0, 0), (5, 0)), 2.0, True, False)[1]


def test_histograms_are_added_up_bound_by_bound() -> None:
    one = Counts(10, 2, (0.1, 0.3), (5, 2))
    waiting, _ = gather(Pending(), counts((0, 0)), 2.0, False, False)
    waiting, _ = gather(Pending(one, Counts(0, 0), 2.0), _pair(one, Counts(0, 0)), 2.0, False, False)
    assert waiting.candidate == Counts(20, 4, (0.1, 0.3), (10, 4))
    other, _ = gather(waiting, _pair(Counts(1, 0, (0.2,), (1,)), Counts(0, 0)), 2.0, False, False)
    assert other.candidate == Counts(21, 4)


def _pair(candidate: Counts, baseline: Counts) -> GuardrailCounts:
    return GuardrailCounts(candidate, baseline)


def test_what_waits_at_the_end_of_a_step_is_remembered_of_the_baseline_and_bet_on_by_nobody() -> None:
    evidence, _ = observe(fresh(), tick(2.0, 20.0, errors=counts((0, 0), (400, 4))))
    assert evidence.states[0].pending.seconds == 2.0
    later = next_step(evidence)
    assert later.states[0].pending == Pending()
    assert (later.states[0].baseline.total, later.states[0].baseline.bad) == (400, 4)
    assert later.states[0].abort == evidence.states[0].abort


def test_what_was_counted_in_the_warm_up_is_not_judged_after_it() -> None:
    ticks = [tick(2.0, 20.0, errors=counts((20, 20), (0, 0))), tick(20.0, 20.0, errors=counts((0, 0), (500, 0)))]
    evidence, _ = watch(fresh(warm_up="10s"), ticks)
    assert evidence.states[0].abort.log == 0.0


def test_evidence_that_waits_is_part_of_the_record() -> None:
    slow = Counts(10, 2, (0.1, 0.3), (5, 2))
    evidence, _ = observe(fresh(latency()), tick(2.0, 20.0, latency=_pair(slow, Counts(0, 0))))
    assert Evidence.from_json(evidence.to_json()) == evidence
    assert evidence.states[0].pending.candidate == slow


def failed(decisions: list[Decision]) -> bool:
    return first(decisions, Verdict.FAIL) is not None


def test_healthy_candidates_are_rarely_aborted_though_the_pods_are_scraped_at_different_moments() -> None:
    runs = [scraped(seed, 0.01, apart=7.0, interval=15.0, seconds=600.0) for seed in range(40)]
    assert sum(failed(watch(fresh(errors(tolerate=1.0)), one)[1]) for one in runs) <= 2
