"""A move that costs traffic is announced, and one that need not cost any does not."""

from __future__ import annotations

from typing import Any

import pytest

from slipway.rollout.moves import move_lines, must_delete_first, rival_line
from slipway.rollout.routers.parts import matches
from slipway.rollout.routers.rivals import share_a_match
from tests.unit.slipway.rollout.examples import ROUTE, wanted


def at(*hosts: str, **changes: Any) -> Any:
    return wanted(route={**ROUTE, "hostnames": list(hosts)}, **changes)


OLD = at("a.example").to_wire()


def said(new: Any, *replaces: str) -> list[str]:
    return list(move_lines(OLD, new, replaces))


def test_the_same_host_name_in_another_namespace_is_a_gap_that_is_announced() -> None:
    (line,) = said(at("a.example", namespace="new"), "namespace")
    assert line.startswith("moved (namespace shop -> new): the route is deleted before the new one is ready")
    assert "no traffic for up to 1m" in line
    assert must_delete_first(OLD, at("a.example"))


def test_other_host_names_in_another_namespace_have_no_gap() -> None:
    new = at("b.example", namespace="new")
    assert not must_delete_first(OLD, new)
    assert said(new, "namespace") == [
        "moved (namespace shop -> new): the new route is ready before the old one is deleted",
        "a.example: no route any more from this update on, requests to it get 404",
    ]


def test_a_host_name_that_goes_is_named_also_without_a_move() -> None:
    assert said(at("b.example")) == ["a.example: no route any more from this update on, requests to it get 404"]


@pytest.mark.parametrize("hosts", [("a.example",), ("a.example", "b.example"), ("*.example",)])
def test_a_host_name_that_stays_is_no_warning(hosts: tuple[str, ...]) -> None:
    assert said(at(*hosts)) == []


def test_a_wildcard_may_claim_the_old_name() -> None:
    assert must_delete_first(OLD, at("*.example"))
    assert not must_delete_first(OLD, at("*.other.example"))


def test_the_same_host_name_in_another_cluster_has_no_gap() -> None:
    new = at("a.example", namespace=None, target={"name": "eu", "namespace": "shop"})
    assert said(new, "target", "namespace") == [
        "moved (target shop -> eu/shop): the new route is ready before the old one is deleted"
    ]


def test_a_state_that_does_not_say_its_host_names_counts_as_the_same() -> None:
    assert must_delete_first({}, at("b.example"))


def test_a_second_route_with_the_same_match_is_named() -> None:
    text = rival_line(at("a.example").route, ["checkout"])
    assert text is not None
    assert text.startswith("a second route with the same match: checkout claims a.example too")
    assert rival_line(at("a.example").route, []) is None


def test_routes_share_a_match_by_host_name_and_path() -> None:
    route = at("a.example").route
    same = {"hostnames": ["a.example"], "rules": [{"matches": matches(route)}]}
    assert share_a_match(same, route, matches(route))
    assert not share_a_match({**same, "hostnames": ["b.example"]}, route, matches(route))
    other = [{"path": {"type": "PathPrefix", "value": "/other"}}]
    assert not share_a_match({**same, "rules": [{"matches": other}]}, route, matches(route))
