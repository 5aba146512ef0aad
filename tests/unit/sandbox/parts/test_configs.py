from __future__ import annotations

import json
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandbox import kubeconfig, pki
from sandbox.context import GATEWAY_PORT, Context
from sandbox.parts import access_log, alertmanager, control_plane, gateway, metrics, node, victoria_logs


def test_containerd_pulls_everything_from_the_sandboxs_own_registry(context: Context) -> None:
    config = tomllib.loads(node.containerd_config(context, overlay=True))
    cri = config["plugins"]["io.containerd.grpc.v1.cri"]
    assert cri["registry"]["config_path"] == str(context.paths.config / "registries")
    assert cri["sandbox_image"] == context.pause_image
    hosts = tomllib.loads(node.hosts_config())
    assert hosts["server"] == "http://127.0.0.1:5000"
    assert list(hosts["host"]) == ["http://127.0.0.1:5000"]


def test_layers_are_copied_where_they_cannot_be_stacked(context: Context) -> None:
    for overlay, expected in ((True, "overlayfs"), (False, "native")):
        config = tomllib.loads(node.containerd_config(context, overlay=overlay))
        assert config["plugins"]["io.containerd.grpc.v1.cri"]["containerd"]["snapshotter"] == expected


def test_pods_get_addresses_from_the_sandboxs_range_and_reach_the_node_but_nothing_beyond(context: Context) -> None:
    bridge = json.loads(node.bridge_config(context))["plugins"][0]
    assert bridge["ipam"]["ranges"] == [[{"subnet": context.network.pods}]]
    assert bridge["ipMasq"] is False
    assert bridge["ipam"]["routes"] == [{"dst": f"{context.network.node}/32"}]


def test_the_kubelet_stays_in_the_sandboxs_control_group_and_leaves_the_firewall_alone(context: Context) -> None:
    config = yaml.safe_load(node.kubelet_config(context))
    assert config["cgroupRoot"] == f"/{context.cgroup}"
    assert config["enforceNodeAllocatable"] == []
    assert config["makeIPTablesUtilChains"] is False
    assert config["failCgroupV1"] is False
    assert config["authentication"]["anonymous"]["enabled"] is False


def test_envoys_statistics_are_flushed_every_second_and_nothing_else_changes() -> None:
    bootstrap = {"node": {"id": "x"}, "stats_config": {"a": 1}}
    assert gateway.fresh_histograms(bootstrap) == {**bootstrap, "stats_flush_interval": "1s"}


def test_a_server_of_logs_keeps_to_its_share_of_the_machine_and_is_known_by_its_version(context: Context) -> None:
    found = victoria_logs.part(context, Path("/opt/victoria-logs"))
    assert found.argv[0] == "/opt/victoria-logs"
    assert {"-retentionPeriod=1d", "-memory.allowedBytes=256MB"} <= set(found.argv)
    assert found.version.startswith("v1.")
    assert found.listens == context.url(9428)


def test_the_gateway_lets_routes_of_every_namespace_and_host_attach() -> None:
    found = next(item for item in gateway.manifests() if item["kind"] == "Gateway")
    (listener,) = found["spec"]["listeners"]
    assert (found["metadata"]["namespace"], found["metadata"]["name"]) == ("edge", "public")
    assert listener["allowedRoutes"] == {"namespaces": {"from": "All"}}
    assert "hostname" not in listener
    assert listener["port"] + 8000 == GATEWAY_PORT


def test_contour_may_write_no_more_than_statuses_and_events() -> None:
    role = next(item for item in gateway.manifests() if item["kind"] == "ClusterRole")
    for rule in role["rules"]:
        writes = set(rule["verbs"]) - {"get", "list", "watch"}
        assert not writes or rule["resources"] in (["*/status"], ["events"])


@pytest.mark.parametrize(
    "name",
    [
        "cluster.default_checkout_80.upstream_rq_200",
        "cluster.default_checkout_80.upstream_rq_time",
        "cluster.default_checkout_80.upstream_rq_active",
        "cluster.default_checkout_80.upstream_rq",
        "cluster.default_checkout_80.membership_healthy",
        "http.ingress_http.downstream_rq_5xx",
        "server.uptime",
    ],
)
def test_what_rollouts_read_is_scraped(name: str) -> None:
    assert re.search(metrics.SERIES, name)


@pytest.mark.parametrize(
    "name",
    [
        "cluster.default_checkout_80.external.upstream_rq_200",
        "cluster.default_checkout_80.upstream_cx_length_ms",
        "listener_manager.lds.update_time",
    ],
)
def test_what_nobody_reads_is_not(name: str) -> None:
    assert not re.search(metrics.SERIES, name)


def prometheus_config(context: Context) -> dict[str, Any]:
    files = metrics.part(context).files
    return dict(yaml.safe_load(files[context.paths.config / "prometheus.yaml"]))


def test_prometheus_scrapes_envoy_every_second(context: Context) -> None:
    config = prometheus_config(context)
    job = config["scrape_configs"][0]
    assert config["global"]["scrape_interval"] == "1s"
    assert (job["job_name"], job["metrics_path"]) == ("envoy", "/stats/prometheus")


def test_prometheus_scrapes_the_pods_that_the_scout_lists(context: Context) -> None:
    job = prometheus_config(context)["scrape_configs"][1]
    (discovery,) = job["file_sd_configs"]
    assert discovery["files"] == [metrics.scout(context).argv[-1]]


def test_the_scout_may_only_look_at_pods() -> None:
    role, binding = metrics.rights()
    assert role["rules"] == [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]}]
    assert binding["subjects"][0]["name"] == pki.USERS["prometheus"][0]


def test_the_access_log_holds_side_status_and_client_and_nothing_else_of_a_request(context: Context) -> None:
    config = yaml.safe_load(gateway.contour_config())
    assert config["accesslog-format"] == "json"
    assert config["json-fields"] == [
        "start_time",
        "response_code",
        "upstream_cluster",
        "client=%REQ(X-CLIENT)%",
        "cookie=%REQ(COOKIE)%",
    ]
    assert f"--envoy-http-access-log={context.paths.access_log}" in gateway.contour(context).argv


def test_somebody_keeps_the_access_log_small(context: Context) -> None:
    part = access_log.part(context)
    assert part.argv[-2:] == [str(context.paths.access_log), str(access_log.MOST_BYTES)]
    assert Path(part.argv[0]).resolve() == Path(sys.executable).resolve()


def test_a_new_user_restarts_the_api_server_which_reads_its_tokens_once(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = control_plane.api_server(context).fingerprint
    monkeypatch.setitem(pki.USERS, "new", ("somebody", ()))
    assert control_plane.api_server(context).fingerprint != before


def test_a_kubeconfig_needs_no_other_file(context: Context) -> None:
    document = yaml.safe_load(kubeconfig.render(context, "admin"))
    cluster = document["clusters"][0]["cluster"]
    assert cluster["server"] == "https://10.213.1.2:6443"
    assert "certificate-authority-data" in cluster
    assert document["users"][0]["user"] == {"token": context.pki.token("admin")}


def test_no_secret_is_on_a_command_line(context: Context) -> None:
    secrets = {context.pki.token(user) for user in ("admin", "kubelet", "contour", "scheduler", "prometheus")}
    parts = [
        metrics.part(context),
        metrics.scout(context),
        control_plane.api_server(context),
        control_plane.controller_manager(context),
        control_plane.scheduler(context),
        node.kubelet(context),
    ]
    assert not [word for part in parts for word in part.argv if any(secret in word for secret in secrets)]


def test_alertmanager_keeps_the_configuration_that_a_stack_wrote(context: Context) -> None:
    first = alertmanager.part(context)
    config = context.paths.alertmanager
    assert yaml.safe_load(config.read_text()) == alertmanager.NO_RECEIVER
    config.write_text("route: {receiver: a}\nreceivers: [{name: a}]\n")
    assert alertmanager.part(context).fingerprint == first.fingerprint
    assert config.read_text().startswith("route: {receiver: a}")


def test_alertmanager_sees_its_own_files_where_it_looks_for_them(context: Context) -> None:
    wrapper = alertmanager.part(context).wrapper
    assert wrapper[:2] == ["unshare", "--mount"]
    assert wrapper[-1] == str(context.tools.alertmanager / "usr" / "share")
