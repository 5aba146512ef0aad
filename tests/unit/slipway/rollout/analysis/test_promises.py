"""Small Monte Carlo, seeds fixed: what the two error rates promise, and how soon the product must act."""

from __future__ import annotations

import statistics

import numpy as np
import pytest

from slipway.rollout.analysis import Verdict, begin, observe
from slipway.rollout.analysis.rules import Known
from tests.unit.slipway.rollout.analysis.examples import analysis, counts, errors, first, fresh, tick, traffic, watch


@pytest.mark.parametrize(("share", "weight"), [(0.003, 5.0), (0.01, 50.0)])
def test_releases_as_good_as_tolerated_are_rarely_aborted(share: float, weight: float) -> None:
    aborted = 0
    for seed in range(150):
        evidence = fresh(errors(tolerate=1.1), falseAbort=0.05)
        seen = traffic(seed, candidate=1.1 * share, baseline=share, weight=weight, ticks=100, length=10.0)
        aborted += first(watch(evidence, seen)[1], Verdict.FAIL) is not None
    assert aborted <= 12  # 5% of 150 is 7.5; more than 12 has a chance below 4%, and the truth is below 5%


def test_a_candidate_at_the_limit_of_its_step_is_rarely_promoted() -> None:
    promoted = 0
    for seed in range(200):
        seen = traffic(seed, candidate=0.02, baseline=0.01, weight=50, ticks=60)
        evidence = fresh(errors(negligible="0.1%"), falseAbort=1e-6)
        promoted += first(watch(evidence, seen)[1], Verdict.PASS) is not None
    assert promoted <= 16  # 5% of 200 is 10


def test_an_error_rate_at_the_negligible_share_is_rarely_promoted_by_silence() -> None:
    promoted = 0
    rng = np.random.default_rng(1)
    for _ in range(200):
        evidence = fresh(errors(negligible="1%"), falseAbort=1e-6)
        for index in range(60):
            x = int(rng.binomial(15, 0.01))
            evidence, decision = observe(evidence, tick(index + 1, errors=counts((15, x), (0, 0))))
            if decision.verdict is Verdict.PASS:
                promoted += 1
                break
    assert promoted <= 16


def test_a_five_percent_fault_at_100_rps_and_5_percent_is_aborted_well_within_15_seconds() -> None:
    waits = []
    for seed in range(60):
        seen = traffic(seed, candidate=0.05, baseline=0.0, rate=100, weight=5, length=1.0)
        decisions = watch(fresh(), seen)[1]
        abort = first(decisions, Verdict.FAIL)
        began = next(index for index, one in enumerate(seen) if one.counts["errors"].candidate.bad)
        assert abort is not None
        waits.append(seen[abort].at - seen[began].at + 1.0)
    assert statistics.median(waits) <= 12.0


def ramp(seed: int, candidate: float, harm: float) -> tuple[str, float]:
    """How the step at 10%, with 20% to follow, of 50 requests a second with 0.5% of errors ends, and when."""
    known = Known(weights=(10.0, 20.0, 50.0))
    evidence = begin((errors(negligible="0.1%"),), analysis(harm=harm), known=known)
    for one in traffic(seed, candidate=candidate, baseline=0.005, rate=50, weight=10, ticks=300):
        evidence, decision = observe(evidence, one)
        if decision.verdict is Verdict.FAIL or (decision.verdict is Verdict.PASS and one.at >= 60):
            return decision.reason, one.at
    return "undecided", 600.0


def test_where_the_harm_is_bounded_a_step_is_left_earlier_and_the_line_says_what_was_shown() -> None:
    early, late = ([ramp(seed, 0.005, harm) for seed in range(15)] for harm in (10.0, 0.0))
    assert statistics.median([at for _, at in early]) <= 70.0 < statistics.median([at for _, at in late])
    said = "at most 10 requests in 5s at 20% beyond twice what is usual"
    assert any(said in reason for reason, _ in early)
    assert not any(said in reason for reason, _ in late)


def test_a_fault_that_would_fail_more_than_the_harm_is_rarely_let_on() -> None:
    bound = 2 * 0.005 + 10 / (50 * 0.2 * 5)
    outcomes = [ramp(seed, bound, 10.0)[0] for seed in range(60)]
    assert sum("shown: at most" in reason for reason in outcomes) <= 5


def test_evidence_against_the_candidate_keeps_it_from_being_let_on_early() -> None:
    early = [ramp(seed, 0.025, 10.0) for seed in range(20)]
    assert sum("ratio above" in reason for reason, _ in early) >= 15
