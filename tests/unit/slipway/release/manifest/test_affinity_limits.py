"""A route that keeps its clients: what it has no room for is told before anything moves."""

from __future__ import annotations

from typing import Any

import pytest

from tests.manifests import release
from tests.unit.slipway.release.manifest.test_checks import places

SIDE = {"cookie": "side"}


def canary(*weights: float) -> dict[str, Any]:
    return {"kind": "canary", "steps": [{"weight": weight, "bake": "1m"} for weight in weights]}


def test_as_many_steps_as_a_rule_has_backends_and_no_more() -> None:
    fits = canary(*range(1, 16), 100)
    assert release(route__affinity=SIDE, strategy=fits).route.affinity
    assert places(route__affinity=SIDE, strategy=canary(*range(1, 17), 100)) == ["strategy.steps"]
    assert release(strategy=canary(*range(1, 17), 100)).strategy


def test_every_batch_of_rolling_is_a_step() -> None:
    rolling = {"kind": "rolling", "batch": "5%"}
    assert places(route__affinity=SIDE, strategy=rolling, workload__replicas=20) == ["strategy.batch"]
    assert release(route__affinity=SIDE, strategy=rolling, workload__replicas=16).strategy


def test_steps_closer_than_weights_can_be_written_are_refused() -> None:
    assert places(route__affinity=SIDE, strategy=canary(1, 1.005, 100)) == ["strategy.steps"]
    assert release(route__affinity=SIDE, strategy=canary(0.02, 0.03, 100)).strategy


def test_a_match_of_the_cookie_header_is_in_the_way() -> None:
    matches = [{"path": "/a"}, {"path": "/b", "headers": [{"name": "Cookie", "value": "a=1"}]}]
    assert places(route__affinity=SIDE, route__matches=matches) == ["route.matches[1].headers"]
    assert release(route__matches=matches).route.matches


def test_every_match_is_there_three_times_so_there_is_room_for_a_third_of_them() -> None:
    matches = [{"path": f"/{number}"} for number in range(43)]
    assert places(route__affinity=SIDE, route__matches=matches) == ["route.matches"]
    assert release(route__affinity=SIDE, route__matches=matches[:42]).route.matches


@pytest.mark.parametrize("affinity", [{"cookie": "a b"}, {"cookie": "a=b"}, {"header": "x client"}])
def test_names_that_no_header_can_carry_are_refused(affinity: dict[str, str]) -> None:
    assert places(route__affinity=affinity) == [f"route.affinity.{next(iter(affinity))}"]


def test_what_keeps_clients_outside_the_route_limits_nothing() -> None:
    assert release(route__affinity={"header": "x-client"}, strategy=canary(*range(1, 17), 100)).strategy
