from __future__ import annotations

import numpy as np
import pytest

from slipway.rollout.analysis import Verdict
from slipway.rollout.analysis.dispersion import estimate
from tests.unit.slipway.rollout.analysis.examples import counts, errors, first, fresh, tick, watch


def history(
    seed: int, burst: int, *, pods: int = 6, ticks: int = 360, level: float = 1.0
) -> list[list[tuple[int, int]]]:
    """Errors in bursts of one size; the level of all pods drifts up to `level` times."""
    rng = np.random.default_rng(seed)
    drift = np.linspace(1.0, level, ticks)
    return [[(200, int(burst * rng.poisson(2.0 * factor / burst))) for factor in drift] for _ in range(pods)]


@pytest.mark.parametrize("seed", range(10))
def test_independent_errors_have_no_dispersion(seed: int) -> None:
    assert estimate(history(seed, 1)) == 1.0


@pytest.mark.parametrize("burst", [3, 8])
def test_bursts_are_measured_by_their_size(burst: int) -> None:
    assert estimate(history(1, burst)) == pytest.approx(burst, rel=0.25)


def test_drift_that_all_pods_share_is_no_dispersion() -> None:
    assert estimate(history(2, 1, level=10.0)) == 1.0


def test_a_single_pod_is_compared_with_itself() -> None:
    assert estimate(history(3, 1, pods=1)) == 1.0
    assert estimate(history(3, 6, pods=1)) > 3.0


def test_clusters_that_stretch_over_several_ticks_are_found_in_larger_blocks() -> None:
    rng = np.random.default_rng(4)
    pods = []
    for _ in range(6):
        series = np.zeros(360, dtype=int)
        for at in rng.integers(0, 354, 60):
            series[at : at + 6] += 1
        pods.append([(200, int(bad)) for bad in series])
    assert estimate(pods) > 3.0


def test_clusters_that_all_proxies_see_alike_are_found_in_their_sum() -> None:
    rng = np.random.default_rng(5)
    series = [8 * int(rng.poisson(0.25)) for _ in range(1800)]
    split = [int(rng.binomial(bad, 0.5)) for bad in series]
    proxies = [[(300, own) for own in split], [(300, bad - own) for bad, own in zip(series, split, strict=True)]]
    assert estimate(proxies) == pytest.approx(8.0, rel=0.3)


@pytest.mark.parametrize("burst", [30, 60])
def test_a_few_bursts_in_an_hour_of_independent_errors_are_seen(burst: int) -> None:
    for seed in range(10):
        rng = np.random.default_rng(seed)
        series = rng.poisson(0.6, 1800)
        series[rng.integers(0, 1800, 2)] += burst
        assert estimate([[(200, int(bad)) for bad in series]]) > 1.0


def test_an_incident_in_the_hour_is_not_taken_for_clusters_of_its_size() -> None:
    rng = np.random.default_rng(6)
    level = np.full(1800, 0.6)
    level[901:991] = 60.0
    assert estimate([[(200, int(bad)) for bad in rng.poisson(level)]]) < 2.0


def test_no_history_and_no_errors_say_nothing() -> None:
    assert estimate([]) == 1.0
    assert estimate([[(100, 0)] * 50] * 3) == 1.0
    assert estimate([[(0, 0)] * 50, [(10, 1)] * 50]) == 1.0


def test_pods_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="same number of ticks"):
        estimate([[(1, 0)], [(1, 0), (1, 0)]])


def aborts(phi: float | None, ratio: float, runs: int) -> int:
    """Releases at 20% whose errors come eight at a time."""
    rng = np.random.default_rng(6)
    found = 0
    for _ in range(runs):
        seen = []
        for index in range(60):
            x, y = 8 * rng.poisson(0.05 * ratio), 8 * rng.poisson(0.2)
            seen.append(tick(2.0 * index + 2, 20, errors=counts((400, int(min(x, 400))), (1600, int(y)))))
        found += first(watch(fresh(errors(tolerate=1.0), phi=phi), seen)[1], Verdict.FAIL) is not None
    return found


def test_the_guard_keeps_bursts_from_aborting_healthy_releases() -> None:
    assert aborts(None, 1.0, 60) > 30
    assert aborts(8.0, 1.0, 60) <= 2


def mixed(rng: np.random.Generator, total: int, share: float, burst: float) -> int:
    """Bad events of which a tenth come in bursts of geometric size."""
    number = int(rng.poisson(0.1 * total * share / burst))
    bursts = number + int(rng.negative_binomial(number, 1.0 / burst)) if number else 0
    return min(total, int(rng.binomial(total, 0.9 * share)) + bursts)


@pytest.mark.parametrize(("rate", "burst"), [(300, 20.0), (300, 50.0), (3000, 100.0)])
def test_bursts_among_independent_errors_do_not_abort_healthy_releases(rate: int, burst: float) -> None:
    rng, aborted = np.random.default_rng(3), 0
    for _ in range(30):
        past = [(2 * rate, mixed(rng, 2 * rate, 0.01, burst)) for _ in range(1800)]
        seen = []
        for index in range(200):
            sides = [(rate, mixed(rng, rate, 0.01, burst)) for _ in range(2)]
            seen.append(tick(2.0 * index + 2, 50, errors=counts(sides[0], sides[1])))
        aborted += first(watch(fresh(errors(), phi=estimate([past])), seen)[1], Verdict.FAIL) is not None
    assert aborted <= 2


def test_a_guarded_release_that_is_really_bad_is_still_aborted() -> None:
    assert aborts(8.0, 30.0, 20) >= 18


def test_a_guarded_release_alone_at_100_percent_is_judged_too() -> None:
    quiet = [tick(2.0 * i, 0.0, errors=counts((0, 0), (600, 8 * (i % 9 == 0)))) for i in range(1, 61)]
    bad = [tick(120 + 2.0 * i, 100.0, in_step=2.0 * i, errors=counts((600, 56))) for i in range(1, 61)]
    _, decisions = watch(fresh(phi=8.0), quiet + bad)
    assert first(decisions, Verdict.FAIL) is not None
    good = [tick(120 + 2.0 * i, 100.0, in_step=2.0 * i, errors=counts((600, 8 * (i % 9 == 0)))) for i in range(1, 61)]
    assert first(watch(fresh(phi=8.0), quiet + good)[1], Verdict.FAIL) is None


def test_a_dispersion_for_no_guardrail_is_refused() -> None:
    with pytest.raises(ValueError, match="dispersion"):
        fresh(errors(), phi=0.5)
