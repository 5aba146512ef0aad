from __future__ import annotations

import pytest

from sandbox import state, world
from sandbox.errors import SandboxError
from sandbox.paths import StatePaths
from sandbox.state import NetworkRecord, State

NETWORK = NetworkRecord(device="d", host="10.213.1.1", node="10.213.1.2", pods="10.214.0.0/24")


def test_a_new_sandbox_has_contour_unless_another_gateway_is_asked_for(paths: StatePaths) -> None:
    assert world.gateway_of(paths, None) == "contour"
    assert world.gateway_of(paths, "envoy-gateway") == "envoy-gateway"


def test_a_sandbox_keeps_the_gateway_that_it_has(paths: StatePaths) -> None:
    state.save(paths, State(identity=paths.identity, network=NETWORK, gateway="envoy-gateway"))
    assert world.gateway_of(paths, None) == "envoy-gateway"
    assert world.gateway_of(paths, "envoy-gateway") == "envoy-gateway"


def test_another_gateway_than_that_of_the_sandbox_is_refused_with_the_way_to_it(paths: StatePaths) -> None:
    state.save(paths, State(identity=paths.identity, network=NETWORK))
    with pytest.raises(SandboxError, match=r"this sandbox has contour.*down, then slipway sandbox up --gateway envoy"):
        world.gateway_of(paths, "envoy-gateway")
