from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.release.errors import ClusterError
from slipway.rollout.metrics.copies import check_copies
from slipway.rollout.metrics.envoy import ALIVE, CLUSTER, CODE, REQUESTS

OWN = (CLUSTER, CODE)


def series(name: str, *values: tuple[float, float], **labels: str) -> dict[str, Any]:
    return {"metric": {"__name__": name, "pod": "edge", CODE: "200", **labels}, "values": list(values)}


def check(*rows: dict[str, Any]) -> None:
    check_copies(rows, OWN, ALIVE)


def test_two_envoys_under_one_pod_label_are_told_with_the_labels_that_differ() -> None:
    with pytest.raises(ClusterError, match=r"two Envoys have the label pod='edge'.*they differ in job \('a' and 'b'\)"):
        check(
            series(REQUESTS, (0, 100), (15, 200), (30, 300), job="a"),
            series(REQUESTS, (7, 10), (22, 20), (37, 30), job="b"),
        )


def test_without_a_pod_the_address_is_the_name() -> None:
    with pytest.raises(ClusterError, match=r"label instance='a:1'.*of its own"):
        check(
            series(REQUESTS, (0, 100), (15, 200), job="a", pod="", instance="a:1"),
            series(REQUESTS, (7, 10), (22, 20), job="b", pod="", instance="a:1"),
        )


def test_two_envoys_with_the_same_counts_are_known_by_when_they_started() -> None:
    with pytest.raises(ClusterError, match="two Envoys"):
        check(series(ALIVE, (0, 500), (15, 515), job="a"), series(ALIVE, (7, 100), (22, 115), job="b"))


def test_copies_of_one_envoy_pass() -> None:
    check(
        series(REQUESTS, (0, 100), (15, 200), (30, 300), job="a"),
        series(REQUESTS, (7, 150), (22, 210), (37, 350), job="b"),
        series(ALIVE, (0, 100), (30, 130), job="a"),
        series(ALIVE, (7, 106), (37, 137), job="b"),
    )


def test_copies_by_clocks_a_moment_apart_pass() -> None:
    check(
        series(REQUESTS, (0.0, 100), (1.0, 200), (2.0, 300), replica="a"),
        series(REQUESTS, (0.4, 95), (1.4, 195), (2.4, 295), replica="b"),
    )


def test_an_envoy_that_began_anew_between_two_scrapers_passes() -> None:
    check(
        series(REQUESTS, (0, 100), (15, 200), job="a"),
        series(REQUESTS, (7, 150), (22, 3), job="b"),
        series(ALIVE, (0, 600), (15, 615), job="a"),
        series(ALIVE, (7, 607), (22, 4), job="b"),
    )


def test_series_of_different_codes_clusters_or_pods_are_not_compared() -> None:
    check(
        series(REQUESTS, (0, 100), (15, 200)),
        series(REQUESTS, (7, 1), (22, 2), **{CODE: "503"}),
        series(REQUESTS, (7, 1), (22, 2), **{CLUSTER: "other"}),
        series(REQUESTS, (7, 1), (22, 2), pod="second"),
    )


@given(
    st.lists(st.tuples(st.floats(1.0, 20.0), st.integers(0, 1000), st.booleans()), min_size=2, max_size=12),
)
def test_any_split_of_one_counters_samples_is_taken_for_copies(steps: list[tuple[float, int, bool]]) -> None:
    at, value, kept = 0.0, 0.0, ([], [])  # type: ignore[var-annotated]
    for gap, grown, side in steps:
        at, value = at + gap, value + grown
        kept[side].append((at, value))
    assert all(before[0] < after[0] for rows in kept for before, after in pairwise(rows))
    check(series(REQUESTS, *kept[0], job="a"), series(REQUESTS, *kept[1], job="b"))
