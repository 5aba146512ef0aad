"""What an alias of Lambda cannot do is refused by its place in the manifest, before anything moves."""

from __future__ import annotations

from typing import Any

import pytest

from slipway.release.listener_rule import refused_by
from slipway.release.manifest.route import Route
from slipway.release.manifest.strategy import BlueGreen, Canary, Rolling
from slipway.release.target import LambdaTarget

TARGET = LambdaTarget(
    kind="lambda", region="eu-central-1", account="123456789012", table="slipway-shop", aliases={"checkout": "live"}
)


def canary(*steps: dict[str, Any]) -> Canary:
    return Canary.model_validate({"kind": "canary", "steps": [*steps, {"weight": 100, "bake": "10s"}]})


def refused(strategy: Canary | BlueGreen | Rolling, service: str = "checkout", **route: Any) -> dict[str, str]:
    """Place -> message."""
    wanted = Route.model_validate({"hostnames": ["shop.example"], **route})
    return {one.path: one.message for one in refused_by(TARGET, service, wanted, strategy)}


@pytest.mark.parametrize(
    ("weight", "said"),
    [
        (0.009, "is finer than the 0.01% of an alias"),
        (0.01, None),
        (99.99, None),
        (99.991, "leaves less than the 0.01% of an alias to what serves"),
        (99.9999, "leaves less than the 0.01% of an alias to what serves"),
    ],
)
def test_a_step_needs_weights_that_an_alias_can_have_for_both_versions(weight: float, said: str | None) -> None:
    found = refused(canary({"weight": weight, "bake": "10s"}))
    assert found == ({} if said is None else {"strategy.steps[0].weight": said})


def test_all_of_the_traffic_is_no_fine_step() -> None:
    assert refused(canary()) == {}


def test_what_an_alias_has_not_is_refused_by_name() -> None:
    assert refused(canary({"mirror": 10, "methods": ["GET"], "bake": "10s"})) == {
        "strategy.steps[0].mirror": "an alias of Lambda cannot copy requests"
    }
    assert refused(Rolling(kind="rolling"), timeout="5s").keys() == {"strategy.kind", "route.timeout"}
    assert refused(canary(), service="cart") == {"target.aliases": "has none for cart"}
