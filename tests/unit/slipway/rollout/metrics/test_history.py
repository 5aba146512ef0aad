from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from slipway.release.errors import ClusterError
from slipway.rollout.analysis.dispersion import estimate
from slipway.rollout.metrics.envoy import REQUESTS, SECONDS
from slipway.rollout.metrics.history import History

CLUSTER = "shop_checkout-old_8080"


def series(name: str, values: list[float], *, at: float = 1000.0, every: float = 1.0, **labels: str) -> dict[str, Any]:
    metric = {"__name__": name, "pod": "p", "envoy_cluster_name": CLUSTER, **labels}
    return {"metric": metric, "values": [[at + every * index, str(value)] for index, value in enumerate(values)]}


def code(code: str, values: list[float], **options: Any) -> dict[str, Any]:
    return series(REQUESTS, values, envoy_response_code=code, **options)


def test_counters_become_ticks_of_answers_and_errors() -> None:
    past = History([code("200", [10, 20, 40, 70]), code("503", [1, 1, 3, 3])], CLUSTER)
    assert past.errors(2.0) == [[(10, 0), (52, 2)]]


def test_a_counter_that_falls_began_anew() -> None:
    assert History([code("200", [10, 4, 6])], CLUSTER).errors(10.0) == [[(6, 0)]]


def test_a_status_that_appears_later_began_at_zero() -> None:
    past = History([code("200", [10, 20, 30]), code("500", [5], at=1002.0)], CLUSTER)
    assert past.errors(10.0) == [[(25, 5)]]


def test_every_envoy_is_a_row_of_its_own() -> None:
    past = History([code("200", [0, 10]), code("200", [0, 20], pod="q")], CLUSTER)
    assert past.errors(10.0) == [[(10, 0)], [(20, 0)]]


def test_copies_of_a_series_are_not_added_up() -> None:
    copies = [code("200", [0, 10, 20], job="a"), code("200", [10, 20], job="b", at=1001.0)]
    assert History(copies, CLUSTER).errors(10.0) == [[(20, 0)]]
    assert History(copies[::-1], CLUSTER).errors(10.0) == [[(20, 0)]]


def test_other_backends_are_not_meant() -> None:
    assert History([code("200", [0, 10])], "shop_other_8080").errors(1.0) == []


def test_slow_answers_are_those_above_the_bound() -> None:
    bounds = {"100": [0, 4, 8], "250": [0, 9, 16], "+Inf": [0, 10, 20]}
    past = History([series(SECONDS, list(map(float, values)), le=le) for le, values in bounds.items()], CLUSTER)
    assert past.slow(0.25, 10.0) == [[(20, 4)]]
    assert past.slow(0.3, 10.0) == [[(20, 4)]]
    with pytest.raises(ClusterError, match="cannot be read"):
        past.slow(0.01, 10.0)
    assert History([], CLUSTER).slow(0.25, 10.0) == []


@pytest.mark.parametrize(("burst", "least", "most"), [(1, 1.0, 1.0), (8, 5.0, 12.0)])
def test_clusters_are_found_in_the_counters_of_a_single_envoy(burst: int, least: float, most: float) -> None:
    rng = np.random.default_rng(1)
    bad = np.cumsum(burst * rng.poisson(1.0 / burst, 3600)).astype(float).tolist()
    good = np.cumsum(rng.poisson(100, 3600)).astype(float).tolist()
    ticks = History([code("200", good), code("500", bad)], CLUSTER).errors(2.0)
    assert least <= estimate(ticks) <= most
