"""What was asked of each version of the sandbox's Lambda."""

from __future__ import annotations

from typing import Any

from sandbox.aws.rest.counts import Counters, Way, points

OLD, NEW = Way("cart", "live", "1", "cart-aaaa"), Way("cart", "live", "2", "cart-bbbb")
DIRECT = Way("cart", "", "2", "cart-bbbb")


def counted(*asked: tuple[Way, bool]) -> Counters:
    found = Counters()
    for way, failed in asked:
        found.begin(way)
        found.end(way, failed=failed)
    return found


def by_version(found: list[dict[str, Any]]) -> dict[tuple[str, str], float]:
    named = [({each["Name"]: each["Value"] for each in one["Dimensions"]}, one) for one in found]
    assert {names["Resource"] for names, _ in named} == {"cart:live"}
    return {(names.get("ExecutedVersion", ""), one["MetricName"]): one["Value"] for names, one in named}


def test_a_minute_has_each_version_of_an_alias_and_the_alias_itself() -> None:
    found = counted((OLD, False), (OLD, False), (NEW, True), (DIRECT, False)).read()
    assert by_version(list(points(found, 120.0))) == {
        ("1", "Invocations"): 2.0,
        ("1", "Errors"): 0.0,
        ("2", "Invocations"): 1.0,
        ("2", "Errors"): 1.0,
        ("", "Invocations"): 3.0,
        ("", "Errors"): 1.0,
    }


def test_a_minute_without_requests_has_no_metrics() -> None:
    quiet = dict.fromkeys(counted((OLD, True)).read(), 0)
    assert list(points(quiet, 120.0)) == []


def test_prometheus_sees_errors_as_a_status_and_what_is_under_way() -> None:
    found = counted((NEW, True), (NEW, False))
    found.begin(NEW)
    text = found.text()
    labels = 'function="cart",alias="live",version="2",set="cart-bbbb"'
    assert f'lambda_invocations_total{{{labels},status="200"}} 1' in text
    assert f'lambda_invocations_total{{{labels},status="500"}} 1' in text
    assert f"lambda_active{{{labels}}} 1" in text
