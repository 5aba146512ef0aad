from __future__ import annotations

import math
from typing import Any

import pytest

from slipway.release.errors import ClusterError
from slipway.rollout.metrics.base import Series
from slipway.rollout.metrics.envoy import (
    ACTIVE,
    ALIVE,
    REQUESTS,
    SECONDS,
    Frame,
    cluster_name,
    samples,
    scrape_interval,
    selector,
)
from tests.unit.slipway.rollout.examples import backend

CLUSTER = "shop_checkout-aaaaaaaa_8080"


def row(name: str, value: float, *, at: float = 100.0, pod: str | None = "p", **labels: str) -> dict[str, Any]:
    metric = {"__name__": name, "instance": "10.0.0.1:8002", "job": "envoy", **labels}
    if pod is not None:
        metric["pod"] = pod
    return {"metric": metric, "values": [[at - 1, str(value - 1)], [at, str(value)]]}


def answers(code: str, count: float, **changes: Any) -> dict[str, Any]:
    return row(REQUESTS, count, envoy_cluster_name=CLUSTER, envoy_response_code=code, **changes)


def bucket(le: str, count: float, **changes: Any) -> dict[str, Any]:
    return row(SECONDS, count, envoy_cluster_name=CLUSTER, le=le, **changes)


def active(count: float, **changes: Any) -> dict[str, Any]:
    return row(ACTIVE, count, envoy_cluster_name=CLUSTER, **changes)


def alive(**changes: Any) -> dict[str, Any]:
    return row(ALIVE, 7, **changes)


def frame(*rows: dict[str, Any]) -> Frame:
    return Frame(samples(rows))


def test_the_cluster_is_named_as_the_gateway_names_it() -> None:
    assert cluster_name("shop", backend()) == CLUSTER


def test_one_query_asks_for_all_names_of_both_sides_and_for_who_is_alive() -> None:
    assert selector(["a", "b"], ["x", "y"], 4.2) == (
        '{__name__=~"envoy_server_uptime|a|b",envoy_cluster_name=~"x|y|"}[5s]'
    )


def test_answers_of_5xx_are_bad_whoever_gave_them_and_those_of_4xx_are_not() -> None:
    found = frame(
        alive(), answers("200", 90), answers("404", 4), answers("500", 3), answers("503", 2), answers("504", 1)
    )
    assert found.requests(CLUSTER) == {"p": Series(100, 6, {})}


def test_each_proxy_is_an_emitter_of_its_own_named_by_pod_or_address() -> None:
    rows = [alive(), answers("200", 5), alive(pod=None), answers("200", 7, pod=None)]
    assert frame(*rows).requests(CLUSTER) == {"p": Series(5, 0, {}), "10.0.0.1:8002": Series(7, 0, {})}


def test_a_proxy_that_knows_the_cluster_but_sent_it_nothing_counts_zero() -> None:
    found = frame(alive(), active(0))
    assert found.requests(CLUSTER) == {"p": Series(0, 0, {})}
    assert found.latency(CLUSTER, 0.25) == {"p": Series(0, 0, {})}


def test_copies_of_a_series_are_not_added_up() -> None:
    rows = [alive(), answers("200", 90, at=99.0, replica="a"), answers("200", 91, replica="b"), alive(replica="b")]
    assert frame(*rows).requests(CLUSTER) == {"p": Series(91, 0, {})}


def test_a_series_that_is_older_than_its_proxys_last_scrape_has_vanished() -> None:
    found = frame(alive(at=100.0), answers("200", 90, at=99.0), active(3, at=99.0))
    assert found.requests(CLUSTER) == {}
    assert found.active(CLUSTER) == 0


def test_a_proxy_that_does_not_say_that_it_is_alive_is_not_believed() -> None:
    assert frame(answers("200", 90)).requests(CLUSTER) == {}


def test_latency_is_counted_in_seconds_from_the_histograms_own_total() -> None:
    found = frame(alive(), answers("200", 99), bucket("100", 60), bucket("250", 80), bucket("+Inf", 90))
    wanted = Series(90, 10, {0.1: 60, 0.25: 80, math.inf: 90})
    assert found.latency(CLUSTER, 0.25) == {"p": wanted}
    assert found.latency(CLUSTER, 0.3) == {"p": wanted}
    assert found.latency(CLUSTER, 0.1)["p"].bad == 30


def test_a_threshold_below_all_bounds_is_an_error() -> None:
    with pytest.raises(ClusterError, match="lowest bound is 100ms"):
        frame(alive(), bucket("100", 60), bucket("+Inf", 90)).latency(CLUSTER, 0.01)


def test_requests_in_flight_are_added_over_the_proxies() -> None:
    assert frame(alive(), active(3), alive(pod="q"), active(4, pod="q")).active(CLUSTER) == 7
    assert frame(alive()).active(CLUSTER) == 0


def test_the_time_is_that_of_the_newest_scrape() -> None:
    assert frame(alive(at=100.0), alive(pod="q", at=101.5)).at == 101.5
    assert frame().at == 0.0


def test_a_value_that_is_no_number_is_an_error() -> None:
    broken = answers("200", 1)
    broken["values"][-1][1] = "NaN"
    with pytest.raises(ClusterError, match="is nan, which is no count"):
        frame(broken)


def test_the_scrape_interval_is_that_of_the_slowest_and_a_missed_scrape_does_not_change_it() -> None:
    def times(*at: float) -> dict[str, Any]:
        return {"metric": {}, "values": [[when, "1"] for when in at]}

    assert scrape_interval([times(0, 1, 2, 3, 8, 9)]) == 1
    assert scrape_interval([times(0, 1, 2), times(0, 15, 30)]) == 15
    assert scrape_interval([times(0, 5, 10), times(0, 200)]) == 5
    assert scrape_interval([times(0, 5), times(7)]) == 5
    assert scrape_interval([times(5)]) is None
    assert scrape_interval([]) is None
