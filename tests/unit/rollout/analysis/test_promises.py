"""Small Monte Carlo, seeds fixed: what the two error rates promise, and how soon the product must act."""

from __future__ import annotations

import statistics

import numpy as np
import pytest

from rollout.analysis import Verdict, observe
from tests.unit.rollout.analysis.examples import counts, errors, first, fresh, tick, traffic, watch


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
