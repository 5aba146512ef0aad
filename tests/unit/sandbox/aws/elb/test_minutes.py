"""Counters of Envoy become whole minutes of CloudWatch."""

from __future__ import annotations

from functools import partial
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sandbox.aws.elb.minutes import points
from sandbox.aws.elb.view import Group, Listener, Rule, View
from sandbox.aws.minutes import Minutes, grown

BALANCER = "arn:aws:elasticloadbalancing:eu-central-1:1:loadbalancer/app/shop/1"
GROUP = "arn:aws:elasticloadbalancing:eu-central-1:1:targetgroup/shop/2"
FORWARD = {"Type": "forward", "TargetGroupArn": GROUP}
VIEW = View(
    (Listener("l", BALANCER, 80, (Rule(None, (), (FORWARD,)),)),),
    {GROUP: Group(GROUP, "shop", "/", "200", "traffic-port", 5, 5, 2, 2, 10, ())},
)
COMPLETED, GOOD, BAD = (f"cluster.shop.upstream_rq_{name}" for name in ("completed", "2xx", "5xx"))


def test_a_minute_has_the_names_and_dimensions_of_a_load_balancer() -> None:
    found = list(points(VIEW, {COMPLETED: 10, GOOD: 9, BAD: 1}, 120.0))
    assert {one["MetricName"]: one["Value"] for one in found} == {
        "RequestCount": 10.0,
        "HTTPCode_Target_2XX_Count": 9.0,
        "HTTPCode_Target_5XX_Count": 1.0,
    }
    dimensions = {one["Name"]: one["Value"] for one in found[0]["Dimensions"]}
    assert dimensions == {"LoadBalancer": "app/shop/1", "TargetGroup": "targetgroup/shop/2"}
    assert found[0]["Timestamp"].timestamp() == 120.0


def test_a_minute_without_requests_has_no_metrics() -> None:
    assert list(points(VIEW, {COMPLETED: 0, GOOD: 0}, 120.0)) == []


def test_a_minute_is_sent_as_late_as_it_is_asked_for_and_once() -> None:
    sent: list[list[Any]] = []
    now, total = [659.0], {COMPLETED: 5}
    minutes = Minutes(sent.append, clock=lambda: now[0])
    minutes.look(partial(points, VIEW), lambda: total, 30.0)
    total[COMPLETED] = 8
    for moment in (660.0, 689.9, 690.0, 719.0):
        now[0] = moment
        minutes.look(partial(points, VIEW), lambda: total, 30.0)
        assert len(sent) == (1 if moment >= 690.0 else 0)
    assert sent[0][0]["Value"] == 3.0


@given(st.lists(st.integers(0, 1000), min_size=1))
def test_what_has_grown_adds_up_to_what_was_counted(steps: list[int]) -> None:
    total, counted, before = 0, 0, {"n": 0}
    for step in steps:
        total += step
        counted += grown(before, {"n": total})["n"]
        before = {"n": total}
    assert counted == total


def test_a_counter_that_began_anew_counts_what_it_has() -> None:
    assert grown({"n": 10}, {"n": 4}) == {"n": 4}
