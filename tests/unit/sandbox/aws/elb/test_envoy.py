"""Rules and targets become Envoy's configuration."""

from __future__ import annotations

import re
from typing import Any

import pytest

from sandbox.aws.elb import envoy
from sandbox.aws.elb.view import Group, Listener, Rule, View


def group(name: str) -> Group:
    return Group(f"arn/{name}", name, "/", "200", "traffic-port", 5, 5, 2, 2, 10, ())


def routed(*rules: Rule) -> Any:
    listener = Listener("l", "lb", 80, rules)
    view = View((listener,), {one.arn: one for one in (group("old"), group("new"))})
    return envoy.routes(listener, view)["virtual_hosts"][0]["routes"]


def forward(**weights: int) -> Any:
    pairs = [{"TargetGroupArn": f"arn/{name}", "Weight": weight} for name, weight in weights.items()]
    return {"Type": "forward", "ForwardConfig": {"TargetGroups": pairs}}


def test_weights_are_kept_with_those_that_are_zero() -> None:
    (route,) = routed(Rule(None, (), (forward(old=999, new=0),)))
    shares = {one["name"]: one["weight"] for one in route["route"]["weighted_clusters"]["clusters"]}
    assert shares == {"old": 999, "new": 0}


def test_a_rule_whose_weights_are_all_zero_answers_503() -> None:
    (route,) = routed(Rule(None, (), (forward(old=0),)))
    assert route["direct_response"] == {"status": 503}


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        ("/shop/*", "/shop/cart", True),
        ("/shop/*", "/shop", False),
        ("/a?c", "/abc", True),
        ("/a.c", "/abc", False),
    ],
)
def test_a_pattern_of_a_path_is_that_of_a_load_balancer(pattern: str, text: str, *, matches: bool) -> None:
    found = envoy.match([{"Field": "path-pattern", "PathPatternConfig": {"Values": [pattern]}}])
    assert bool(re.fullmatch(found["safe_regex"]["regex"], text)) is matches


def test_a_host_matches_by_any_of_its_values_whatever_its_case_and_port() -> None:
    found = envoy.match([{"Field": "host-header", "HostHeaderConfig": {"Values": ["a.test", "*.b.test"]}}])
    regex = found["headers"][0]["string_match"]["safe_regex"]["regex"]
    assert all(re.fullmatch(regex, host) for host in ("A.test", "x.b.test:8081"))
    assert not re.fullmatch(regex, "c.test")


def test_a_condition_that_is_not_known_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="source-ip"):
        envoy.match([{"Field": "source-ip"}])


@pytest.mark.parametrize(
    ("states", "health"),
    [
        (["healthy", "unhealthy"], ["HEALTHY", "UNHEALTHY"]),
        (["unhealthy", "unhealthy"], ["HEALTHY", "HEALTHY"]),
        (["initial", "initial"], ["UNHEALTHY", "UNHEALTHY"]),
        (["healthy", "draining"], ["HEALTHY", "DRAINING"]),
    ],
)
def test_only_healthy_targets_get_requests_unless_none_is(states: list[str], health: list[str]) -> None:
    there = {(f"10.0.0.{number}", 8080): state for number, state in enumerate(states)}
    found = envoy.endpoints(group("old"), there)["endpoints"][0]["lb_endpoints"]
    assert [one["health_status"] for one in found] == health
