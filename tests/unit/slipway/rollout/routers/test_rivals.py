"""Which routes would lose requests to a rule for single methods of another one."""

from __future__ import annotations

from typing import Any

import pytest

from slipway.release.manifest.route import Route
from slipway.rollout.routers.rivals import loses_to_methods
from tests.unit.slipway.rollout.examples import ROUTE

PARTNER = [{"type": "Exact", "name": "x-partner", "value": "yes"}]


def route(*matches: dict[str, Any]) -> Route:
    return Route.model_validate({**ROUTE, "matches": list(matches)})


def spec(**changes: Any) -> dict[str, Any]:
    """A route of the same host that is told apart by a header."""
    gateway = route().gateway
    assert gateway is not None
    match = {"path": {"type": "PathPrefix", "value": "/"}, "headers": PARTNER}
    return {
        "parentRefs": [{"namespace": gateway.namespace, "name": gateway.name}],
        "hostnames": list(route().hostnames),
        "rules": [{"matches": [{**match, **changes.pop("match", {})}]}],
        **changes,
    }


def test_a_route_that_is_told_apart_by_a_header_alone_loses() -> None:
    assert loses_to_methods(spec(), "shop", route())
    assert loses_to_methods(spec(match={"headers": [], "queryParams": [{"name": "a", "value": "b"}]}), "shop", route())
    assert loses_to_methods(spec(match={"path": {}}), "shop", route({"path": "/"}))


@pytest.mark.parametrize(
    "changes",
    [
        {"match": {"path": {"type": "PathPrefix", "value": "/partner"}}},
        {"match": {"path": {"type": "Exact", "value": "/"}}},
        {"match": {"method": "GET"}},
        {"match": {"headers": []}},
        {"hostnames": ["other.example"]},
        {"hostnames": ["*.example"]},
        {"parentRefs": [{"namespace": "elsewhere", "name": "internal"}]},
    ],
)
def test_one_with_a_path_method_host_or_gateway_of_its_own_does_not(changes: dict[str, Any]) -> None:
    assert not loses_to_methods(spec(**changes), "shop", route())


def test_what_has_a_method_itself_or_shares_no_request_takes_nothing_more() -> None:
    assert not loses_to_methods(spec(), "shop", route({"path": "/", "method": "GET"}))
    other = {"path": "/", "headers": [{"name": "X-Partner", "value": "no"}]}
    two = [*PARTNER, {"type": "Exact", "name": "x-more", "value": "1"}]
    assert not loses_to_methods(spec(match={"headers": two}), "shop", route(other))
    same = {"path": "/", "headers": [{"name": "X-Partner", "value": "yes"}]}
    assert loses_to_methods(spec(match={"headers": two}), "shop", route(same))
