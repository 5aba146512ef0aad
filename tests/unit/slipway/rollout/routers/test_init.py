from __future__ import annotations

import subprocess
import sys

import pytest

from slipway.release.errors import InputError
from slipway.rollout.routers import router_for
from slipway.rollout.routers.gateway_api import GatewayApiRouter
from tests.unit.slipway.rollout.api import NAMESPACE, Api


def test_the_gateway_api_is_a_router_and_an_unknown_kind_is_an_error_that_names_the_known_one() -> None:
    assert isinstance(router_for("gateway-api", Api().client(), NAMESPACE, "checkout"), GatewayApiRouter)
    with pytest.raises(InputError, match=r"there is no router 'nginx'. Use gateway-api"):
        router_for("nginx", Api().client(), NAMESPACE, "checkout")


def test_what_is_pure_does_not_load_a_client_of_the_api_server() -> None:
    pure = "slipway.rollout.update_plan, slipway.rollout.metrics.counters"
    code = f"import sys, {pure}; print([m for m in sys.modules if 'lightkube' in m])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
