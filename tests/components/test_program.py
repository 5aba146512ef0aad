"""The program itself, with a service on Kubernetes and one on ECS in one stack."""

from __future__ import annotations

import json
import os
import runpy
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml

from tests.components.recorder import Record, declare
from tests.manifests import text
from tests.targets import NETWORK, ecs_target

ROOT = Path(__file__).parents[2]
TARGET = ecs_target(cart=110)
CONFIGURED: dict[str, Any] = {
    "namespace": "shop",
    "metrics": {"kind": "prometheus", "url": "http://prometheus.example:9090"},
    "services": {"checkout": {"manifest": "checkout.yaml"}, "cart": {"manifest": "cart.yaml", "place": "aws"}},
    "places": {
        "aws": {
            "target": TARGET,
            "ecs": NETWORK,
            "metrics": {"kind": "prometheus", "url": "http://other.example:9090"},
        }
    },
    "gates": {"mode": "off", "reason": "a test without evidence"},
    "access": {"serviceAccount": "slipway-rollout"},
}
ROLLOUT = "slipway:index:Rollout"


def run(project: Path, configured: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Record:
    """The program in a project's folder, with the keys of `releases`."""
    values = {key: value if isinstance(value, str) else json.dumps(value) for key, value in configured.items()}
    monkeypatch.setattr(pulumi.runtime, "get_root_directory", lambda: os.fspath(project))
    pulumi.runtime.set_all_config({f"releases:{key}": value for key, value in values.items()})
    try:
        return declare(lambda: (runpy.run_path(str(ROOT / "__main__.py")), None)[1])
    finally:
        pulumi.runtime.set_all_config({})


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Record:
    (tmp_path / "checkout.yaml").write_text(text())
    (tmp_path / "cart.yaml").write_text(text(service="cart", route__gateway=None, route__timeout=None))
    return run(tmp_path, CONFIGURED, monkeypatch)


def test_each_service_is_declared_where_its_place_is(record: Record) -> None:
    checkout, cart = (record.one(ROLLOUT, name).properties for name in ("checkout", "cart"))
    assert (checkout["namespace"], "target" in checkout) == ("shop", False)
    assert (cart["target"]["cluster"], cart["target"]["rules"], "namespace" in cart) == ("shop", {"cart": 110}, False)
    assert checkout["metrics"]["url"] == "http://prometheus.example:9090"
    assert cart["metrics"]["url"] == "http://other.example:9090"
    assert record.one("aws:ecs/service:Service").properties["cluster"] == "shop"
    assert record.one("kubernetes:apps/v1:Deployment").properties["metadata"]["namespace"] == "shop"


def test_the_gates_are_asked_where_the_service_is_released(record: Record) -> None:
    release = {name: record.one("slipway:index:Release", name).properties for name in ("checkout", "cart")}
    assert release["checkout"]["namespace"] == "shop"
    assert release["cart"]["target"]["table"] == "slipway-shop"


def test_each_place_has_the_provider_of_its_own_and_the_account_is_the_stack_s(record: Record) -> None:
    provider = record.one("pulumi:providers:aws", "places-aws")
    assert provider.properties["region"] == "eu-central-1"
    assert record.one("aws:ecs/service:Service").provider.startswith(provider.urn)
    assert not record.one("kubernetes:apps/v1:Deployment").provider.startswith(provider.urn)
    assert record.one("kubernetes:core/v1:ServiceAccount").properties["metadata"]["namespace"] == "shop"


def test_the_shipped_stack_on_ecs_declares_its_service(monkeypatch: pytest.MonkeyPatch) -> None:
    values = yaml.safe_load((ROOT / "Pulumi.ecs.yaml").read_text())["config"]
    record = run(ROOT, {key.partition(":")[2]: value for key, value in values.items()}, monkeypatch)
    assert record.one(ROLLOUT, "cart").properties["metrics"]["kind"] == "cloudwatch"
    assert record.one("aws:ecs/service:Service").properties["desiredCount"] == 3
