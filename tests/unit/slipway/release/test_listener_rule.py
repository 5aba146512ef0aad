"""What a release on ECS is refused for, before anything moves."""

from __future__ import annotations

from typing import Any

import pytest

from slipway.release.listener_rule import refused_by
from slipway.release.manifest.route import Route
from slipway.release.manifest.strategy import BlueGreen, Canary, Rolling
from slipway.release.target import KubernetesTarget, Target, parse_target
from tests.targets import ecs_target

ECS = parse_target(ecs_target(**{"checkout": 110, "a-service-with-a-long-name": 120}))
KUBERNETES = KubernetesTarget(namespace="shop")
GATEWAY = {"namespace": "edge", "name": "public"}
ROLLING = Rolling(kind="rolling")


def refused(
    target: Target = ECS,
    service: str = "checkout",
    strategy: Canary | BlueGreen | Rolling = ROLLING,
    **route: Any,
) -> dict[str, str]:
    """Place -> message."""
    wanted = Route.model_validate({"hostnames": ["shop.example"], **route})
    return {one.path: one.message for one in refused_by(target, service, wanted, strategy)}


def test_a_plain_route_is_taken_by_both() -> None:
    assert refused() == {}
    assert refused(KUBERNETES, gateway=GATEWAY) == {}


def test_the_gateway_is_named_for_kubernetes_only() -> None:
    assert refused(KUBERNETES) == {"route.gateway": "is missing"}
    assert "Gateway of a Kubernetes cluster" in refused(gateway=GATEWAY)["route.gateway"]


def test_a_service_whose_target_groups_could_have_no_name_is_refused() -> None:
    assert "may have 32" in refused(service="a-service-with-a-long-name")["service"]


def test_a_service_without_a_priority_is_refused() -> None:
    assert refused(service="cart") == {"target.rules": "has no priority for cart"}


@pytest.mark.parametrize(
    ("route", "place"),
    [
        ({"timeout": "5s"}, "route.timeout"),
        ({"affinity": {"cookie": "shop"}}, "route.affinity.cookie"),
        (
            {"matches": [{"path": "/a", "pathType": "Exact", "method": "GET"}, {"path": "/b", "pathType": "Exact"}]},
            "route.matches",
        ),
        ({"matches": [{"path": "/a"}, {"path": "/b*"}]}, "route.matches[1].path"),
        ({"matches": [{"headers": [{"name": "x", "value": "?"}]}]}, "route.matches[0].headers[0].value"),
        ({"hostnames": [f"{name}.example" for name in "abcdef"]}, "route"),
        ({"matches": [{"path": f"/{name}"} for name in "abc"]}, "route"),
    ],
)
def test_what_only_another_router_has_is_refused_at_its_place(route: dict[str, Any], place: str) -> None:
    assert list(refused(**route)) == [place]


def test_a_prefix_takes_two_of_the_five_values_and_the_preview_one_more() -> None:
    paths: dict[str, Any] = {"matches": [{"path": "/a"}, {"path": "/b"}]}
    header = {"header": {"name": "x-preview", "value": "1"}}
    assert refused(**paths) == {}
    strategy = BlueGreen.model_validate({"kind": "blue-green", "preview": header})
    assert refused(strategy=strategy, **paths) == {"route": "needs 6 values of conditions, and a listener rule has 5"}


def test_a_step_finer_than_a_weight_is_refused() -> None:
    strategy = Canary.model_validate(
        {
            "kind": "canary",
            "steps": [{"weight": 0.05, "bake": "1m"}, {"weight": 0.1, "bake": "1m"}, {"weight": 100, "bake": "1m"}],
        }
    )
    assert refused(strategy=strategy) == {"strategy.steps[0].weight": "is finer than the 0.1% of a listener rule"}
