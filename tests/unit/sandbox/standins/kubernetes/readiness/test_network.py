from __future__ import annotations

from typing import Any

import pytest

from sandbox.standins.kubernetes.readiness import READY, network, rule_for
from sandbox.standins.kubernetes.tokens import Kind


def service(**spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "web"}, "spec": {"selector": {"a": "b"}, "clusterIP": "1.2.3.4", **spec}}


def slices(*conditions: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"endpoints": None}, {"endpoints": [{"conditions": each} for each in conditions]}]


def test_a_service_is_ready_with_one_ready_endpoint() -> None:
    assert network.service(service(), slices({"ready": False}, {"ready": True})) == READY
    assert network.service(service(), slices({})) == READY


@pytest.mark.parametrize("found", [[], slices(), slices({"ready": False})])
def test_a_service_without_one_waits(found: list[dict[str, Any]]) -> None:
    assert network.service(service(), found).waiting_for == "an endpoint"


@pytest.mark.parametrize("spec", [{"clusterIP": "None"}, {"selector": None}, {"type": "ExternalName"}])
def test_a_service_that_selects_nobody_has_nothing_to_wait_for(spec: dict[str, Any]) -> None:
    assert network.service(service(**spec), ()) == READY


def test_a_load_balancer_waits_for_its_address() -> None:
    live = service(type="LoadBalancer")
    assert network.service(live, slices({"ready": True})).waiting_for == "the load balancer's address"
    live["status"] = {"loadBalancer": {"ingress": [{"ip": "1.1.1.1"}]}}
    assert network.service(live, slices({"ready": True})) == READY


def test_an_ingress_waits_for_its_controller() -> None:
    assert not network.ingress({}, ()).ready
    assert network.ingress({"status": {"loadBalancer": {"ingress": [{"hostname": "x"}]}}}, ()) == READY


def test_a_definition_is_ready_when_the_api_serves_it() -> None:
    established = {"type": "Established", "status": "True"}
    assert network.definition({"status": {"conditions": [established]}}, ()) == READY
    rejected = {"type": "NamesAccepted", "status": "False", "message": "taken"}
    assert network.definition({"status": {"conditions": [rejected]}}, ()).reasons == ("taken",)


def test_most_kinds_are_ready_as_soon_as_they_exist() -> None:
    assert rule_for(Kind("", "v1", "ConfigMap")) is None
    assert rule_for(Kind("gateway.networking.k8s.io", "v1", "HTTPRoute")) is None
    assert rule_for(Kind("apps", "v1", "Deployment")) is not None
