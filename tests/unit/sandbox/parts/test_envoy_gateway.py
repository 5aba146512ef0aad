from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from sandbox.context import ENVOY_GATEWAY_PORT, Context
from sandbox.parts import envoy_gateway
from slipway.release.data_planes import DATA_PLANES


def test_every_service_is_a_cluster_of_its_own_as_the_profile_wants_it(context: Context) -> None:
    proxy = envoy_gateway.manifests(context)
    settings = next(item for item in proxy if item["kind"] == "EnvoyProxy")
    chosen = next(item for item in proxy if item["kind"] == "GatewayClass")["spec"]["parametersRef"]
    assert settings["spec"]["mergeBackends"] == {}
    assert (chosen["name"], chosen["namespace"]) == (settings["metadata"]["name"], settings["metadata"]["namespace"])
    assert envoy_gateway.NAME in DATA_PLANES


def test_the_gateway_lets_routes_of_every_namespace_attach_on_the_port_that_envoy_opens(context: Context) -> None:
    found = next(item for item in envoy_gateway.manifests(context) if item["kind"] == "Gateway")
    (listener,) = found["spec"]["listeners"]
    assert (found["metadata"]["namespace"], found["metadata"]["name"]) == ("edge", "public")
    assert listener["allowedRoutes"] == {"namespaces": {"from": "All"}}
    assert listener["port"] + 10000 == ENVOY_GATEWAY_PORT


def test_envoy_gateway_reads_the_cluster_and_makes_no_infrastructure() -> None:
    provider = yaml.safe_load(envoy_gateway.configuration())["provider"]
    assert provider["type"] == "Custom"
    assert provider["custom"]["resource"]["type"] == "Kubernetes"
    assert "infrastructure" not in provider["custom"]


def test_envoy_gateway_may_write_no_more_than_statuses_events_and_its_mark_on_the_class() -> None:
    role = next(item for item in envoy_gateway.rights() if item["kind"] == "ClusterRole")
    written = [rule["resources"] for rule in role["rules"] if set(rule["verbs"]) - {"get", "list", "watch"}]
    assert written == [["*/status"], ["gatewayclasses"], ["events"]]


def test_the_controller_finds_its_certificates_in_a_root_folder_of_its_own(context: Context) -> None:
    part = envoy_gateway.controller(context, Path("/opt/it"))
    root = Path(part.wrapper[-1])
    assert root.is_relative_to(context.paths.root)
    assert {root / "certs" / name for name in ("ca.crt", "tls.crt", "tls.key")} < set(part.files)
    assert any("/opt/it/bin/envoy-gateway" in word for word in part.wrapper)
    assert not [word for word in (*part.wrapper, *part.argv) if context.pki.token("contour") in word]


def test_envoy_counts_like_one_of_envoy_gateways_own(context: Context) -> None:
    part = envoy_gateway.envoy(context)
    (text,) = part.files.values()
    document = json.loads(text)
    assert document["deferred_stat_options"] == {"enable_deferred_creation_stats": True}
    assert document["stats_flush_interval"] == "1s"
    assert "edge/public" in part.argv  # the name by which the controller knows whose configuration is asked for


@pytest.mark.parametrize("name", ["envoy-oidc-hmac", "envoy"])
def test_what_the_controller_reads_at_its_start_is_there(context: Context, name: str) -> None:
    secrets = {item["metadata"]["name"]: item for item in envoy_gateway.manifests(context) if item["kind"] == "Secret"}
    assert secrets[name]["data"]
