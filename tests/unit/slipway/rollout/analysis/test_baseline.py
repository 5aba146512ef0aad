"""What the baseline's bad share is taken to be, and how soon a fault is noticed after an outage of both sides."""

from __future__ import annotations

from statistics import median

import numpy as np
import pytest

from slipway.rollout.analysis import Verdict
from slipway.rollout.analysis.baseline import record
from slipway.rollout.analysis.state import Baseline
from slipway.rollout.analysis.types import Counts
from tests.unit.slipway.rollout.analysis.examples import errors, first, fresh, traffic, watch


def after_outage(seed: int, outage: float, level: float, *, usual: float, fault: float, rate: float) -> float:
    """Seconds from the end of an outage of both sides to the abort of a candidate that fails from then on."""
    weight, quiet, length = 25.0, 60, round(outage / 2)
    seen = traffic(seed, candidate=usual, baseline=usual, rate=rate, weight=weight, ticks=quiet)
    seen += traffic(seed + 1, candidate=level, baseline=level, rate=rate, weight=weight, ticks=length, start=120)
    end = 120.0 + outage
    seen += traffic(seed + 2, candidate=fault, baseline=usual, rate=rate, weight=weight, ticks=200, start=end)
    ticks = [one.__class__(one.at, one.at, one.length, one.weight, one.counts, {}) for one in seen]
    abort = first(watch(fresh(errors(negligible="0.1%")), ticks)[1], Verdict.FAIL)
    assert abort is not None
    assert ticks[abort].at > end
    return ticks[abort].at - end


@pytest.mark.parametrize(
    ("usual", "fault", "rate"), [(0.001, 0.05, 300.0), (0.001, 0.05, 50.0), (0.01, 0.05, 300.0), (0.3, 0.5, 100.0)]
)
@pytest.mark.parametrize(("outage", "level"), [(6.0, 1.0), (20.0, 1.0), (60.0, 1.0), (60.0, 0.5)])
def test_after_an_outage_of_both_sides_a_fault_is_noticed_about_as_soon_as_without_one(
    usual: float, fault: float, rate: float, outage: float, level: float
) -> None:
    def times(seconds: float) -> float:
        return median(after_outage(3 * seed, seconds, level, usual=usual, fault=fault, rate=rate) for seed in range(9))

    assert times(outage) <= times(0.0) + 10.0


def test_an_outage_is_not_what_is_usual_once_it_is_over() -> None:
    baseline, ends = Baseline(), []
    for bad in [0, 1, 0, 0, 450, 450, 450, 0, 1, 0]:
        baseline, over = record(baseline, Counts(450, bad), 1.0)
        ends.append(over)
    assert (baseline.total, baseline.bad) == (3 * 450, 1)
    assert ends == [False] * 7 + [True] + [False] * 2


def test_while_it_lasts_it_is() -> None:
    baseline = Baseline(10_000, 10)
    for _ in range(3):
        baseline, over = record(baseline, Counts(450, 300), 1.0)
        assert not over
    assert baseline.bad / baseline.total == pytest.approx(2 / 3)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("share", [0.0, 0.001, 0.02, 0.3])
def test_luck_is_no_change(seed: int, share: float) -> None:
    rng, baseline = np.random.default_rng(seed), Baseline()
    for _ in range(1000):
        baseline, over = record(baseline, Counts(150, int(rng.binomial(150, share))), 1.0)
        assert not over
    assert baseline.total == 150_000


def test_clusters_are_no_change_either() -> None:
    assert record(Baseline(10_000, 20), Counts(300, 30), 20.0)[0].total == 10_300
    assert record(Baseline(10_000, 20), Counts(300, 30), 1.0)[0].total == 300


def test_a_slow_drift_is_no_change() -> None:
    rng, baseline = np.random.default_rng(1), Baseline()
    for index in range(1800):
        share = 0.003 * 3.0 ** (index / 1800)
        baseline, over = record(baseline, Counts(150, int(rng.binomial(150, share))), 1.0)
        assert not over
    assert baseline.total == 1800 * 150
