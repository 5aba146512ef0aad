"""The one request through the gateway before a first release is committed."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from slipway.rollout.traffic.reach import reach
from tests.unit.slipway.rollout.examples import ROUTE, wanted
from tests.unit.slipway.rollout.simulation import Simulation

CLIENT = httpx2.Client
OTHER = {"name": "legacy", "port": 80}


def asked(monkeypatch: pytest.MonkeyPatch, **route: Any) -> list[str]:
    """What the gateway was asked for, with the header x-a."""
    seen: list[httpx2.Request] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return httpx2.Response(401)

    monkeypatch.setattr(httpx2, "Client", lambda **given: CLIENT(**given, transport=httpx2.MockTransport(answer)))
    inputs = wanted(route={**ROUTE, **route}, gateway_url="http://gateway.example")
    assert reach(Simulation().world, inputs) == ""
    assert {one.headers["host"] for one in seen} <= {"checkout.example"}
    return [f"{one.method} {one.url.raw_path.decode()} {one.headers.get('x-a', '-')}" for one in seen]


def test_it_is_one_that_the_route_matches(monkeypatch: pytest.MonkeyPatch) -> None:
    match = {"path": "/api", "headers": [{"name": "x-a", "value": "1"}]}
    assert asked(monkeypatch) == ["GET / -"]
    assert asked(monkeypatch, matches=[{"method": "POST"}, match]) == ["GET /api 1"]
    assert asked(monkeypatch, matches=[{"method": "POST"}]) == []


def test_of_several_rules_it_meets_one_that_sends_to_the_service_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    shared = {"backendRefs": [{}, OTHER]}
    elsewhere = {"matches": [{"path": {"value": "/old"}}], "backendRefs": [OTHER]}
    vague = {"path": {"type": "RegularExpression", "value": "/v[0-9]"}}
    headers = [{"name": "x-a", "value": "1"}]
    match = {"path": {"value": "/api"}, "headers": headers, "queryParams": [{"name": "v", "value": "2"}]}
    plain = {"matches": [vague, {"method": "POST"}, match]}
    assert asked(monkeypatch, rules=[shared, elsewhere, plain]) == ["GET /api?v=2 1"]
    assert asked(monkeypatch, rules=[shared, elsewhere]) == [], "another backend might answer"
