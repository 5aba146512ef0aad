"""Pods of one version that differ: how far, and by how much what is tolerated is widened."""

from __future__ import annotations

import numpy as np
import pytest

from slipway.rollout.analysis import Verdict, begin
from slipway.rollout.analysis.rules import Known
from slipway.rollout.analysis.spread import spread, widened
from tests.unit.slipway.rollout.analysis.examples import analysis, counts, errors, first, tick, watch


def history(seed: int, variation: float, pods: int = 8, requests: int = 36_000) -> list[list[tuple[int, int]]]:
    rng = np.random.default_rng(seed)
    shares = 0.01 * rng.gamma(1.0 / variation**2, variation**2, pods) if variation else np.full(pods, 0.01)
    return [[(requests // 360, int(rng.binomial(requests // 360, share))) for _ in range(360)] for share in shares]


@pytest.mark.parametrize("seed", range(8))
def test_pods_that_differ_by_chance_alone_have_no_spread(seed: int) -> None:
    assert spread(history(seed, 0.0)) == 0.0


def test_the_spread_of_few_pods_is_a_cautious_estimate_of_how_they_differ() -> None:
    found = [spread(history(seed, 0.3)) for seed in range(20)]
    assert sum(one > 0.25 for one in found) >= 16
    assert 0.3 < float(np.median(found)) < 0.7


def test_one_pod_or_no_errors_say_nothing() -> None:
    assert spread([]) == 0.0
    assert spread([[(100, 5)] * 10]) == 0.0
    assert spread([[(100, 0)] * 10] * 3) == 0.0


def test_more_pods_of_the_candidate_need_less_tolerance() -> None:
    past = {"errors": history(1, 0.3)}
    few, many = (widened(past, replicas, {})["errors"] for replicas in (2, 20))
    assert few > many > 1.0
    assert widened({"errors": history(1, 0.0)}, 2, {}) == {}


def test_pods_that_differ_rarely_abort_a_healthy_release_when_their_spread_is_known() -> None:
    aborted = {True: 0, False: 0}
    for seed in range(40):
        rng = np.random.default_rng(seed)
        shares = 0.01 * rng.gamma(1.0 / 0.09, 0.09, 10)  # Two pods of the candidate, eight of the baseline.
        past = [[(100, int(rng.binomial(100, share))) for _ in range(360)] for share in shares[2:]]
        ticks = []
        for index in range(200):
            bad = [int(rng.binomial(300, share)) for share in shares]
            ticks.append(tick(2.0 * index + 2, 20.0, errors=counts((600, sum(bad[:2])), (2400, sum(bad[2:])))))
        for aware in (True, False):
            known = Known(spread=widened({"errors": past}, 2, {}) if aware else {})
            decisions = watch(begin((errors(),), analysis(), known=known), ticks)[1]
            aborted[aware] += first(decisions, Verdict.FAIL) is not None
    assert aborted[True] <= 1
    assert aborted[False] >= 4
