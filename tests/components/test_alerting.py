"""What objectives, alarms and their routing declare, for each way to the Prometheus server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
import pytest
import yaml

from components.alerting import declare_alerting
from components.service import service
from components.topology import TopologyArgs
from slipway.release.rollout_inputs import MetricsSource
from slipway.release.run_setting import RunSetting
from slipway.release.slo.delivery import SloSetting
from slipway.release.slo.reading import Alerting, read_alerting
from slipway.release.slo.watch_alarm import NONE, Opened, watch_group
from slipway.release.target import KubernetesTarget
from slipway.release.tokens import ALARM, ALARM_ROUTING, ROLLOUT, RULE_GROUP, SLO
from tests.components.recorder import Record, declare
from tests.manifests import DIGEST, release
from tests.unit.slipway.release.slo.examples import EXAMPLE, ROOT

URL = "http://prometheus.example:9090"
OPERATOR = {"kind": "prometheus-rule", "labels": {"release": "monitoring"}}
PROMETHEUS_RULE = "kubernetes:monitoring.coreos.com/v1:PrometheusRule"
CONFIG_MAP, SECRET = "kubernetes:core/v1:ConfigMap", "kubernetes:core/v1:Secret"
SHOP = KubernetesTarget(namespace="shop")
WATCHED = release(watch={"for": "1h", "guardrails": [{"name": "slo", "kind": "slo", "objective": "1%"}]})
NAMES = ["slo-checkout-availability", "slo-checkout-latency", "alarm-CheckoutQueueStuck"]


def declared(target: dict[str, Any]) -> Record:
    setting = SloSetting.model_validate({"files": [EXAMPLE], "target": target, "within": "90s"})
    alerting = read_alerting(ROOT, setting.files)
    return declare(lambda: declare_alerting(alerting, setting, URL, "shop", pulumi.ResourceOptions()) and None)


def test_a_group_asks_its_server_as_the_setting_says_and_only_paths_are_in_the_state() -> None:
    http = {"basicAuth": {"username": "rules", "passwordFile": "/run/secrets/password"}}
    setting = SloSetting.model_validate({"files": [EXAMPLE], "target": OPERATOR, "url": URL, "http": http})
    alerting = read_alerting(ROOT, setting.files)
    record = declare(lambda: declare_alerting(alerting, setting, URL, "shop", pulumi.ResourceOptions()) and None)
    assert [record.one(RULE_GROUP, name).properties["http"] for name in NAMES] == [http] * len(NAMES)


def test_the_operator_gets_a_resource_for_each_group_with_the_labels_that_it_selects() -> None:
    record = declared(OPERATOR)
    rules = record.all(PROMETHEUS_RULE)
    assert sorted(rule.name for rule in rules) == sorted(NAMES)
    for rule in rules:
        assert rule.properties["metadata"]["labels"] == {"release": "monitoring"}
        assert rule.properties["metadata"]["name"] == rule.name.lower()
        assert [group["name"] for group in rule.properties["spec"]["groups"]] == [rule.name]


@pytest.mark.parametrize(("target", "kind"), [(OPERATOR, PROMETHEUS_RULE), ({"kind": "config-map"}, CONFIG_MAP)])
def test_a_group_waits_for_what_brings_it_to_the_server(target: dict[str, Any], kind: str) -> None:
    record = declared(target)
    for name in NAMES:
        group = record.one(RULE_GROUP, name)
        assert record.one(kind, name).urn in group.depends_on
        assert (group.properties["url"], group.properties["within"], "file" in group.properties) == (URL, 90, False)


def test_without_an_operator_a_config_map_holds_the_rule_file() -> None:
    (text,) = declared({"kind": "config-map"}).one(CONFIG_MAP, NAMES[0]).properties["data"].values()
    assert [group["name"] for group in yaml.safe_load(text)["groups"]] == [NAMES[0]]


def test_a_file_is_written_by_the_group_itself() -> None:
    record = declared({"kind": "file", "folder": "/etc/prometheus/rules/"})
    assert {one.type for one in record} == {SLO, ALARM, ALARM_ROUTING, RULE_GROUP}
    assert record.one(RULE_GROUP, NAMES[0]).properties["file"] == f"/etc/prometheus/rules/{NAMES[0]}.yaml"


def test_what_is_exported_feeds_guardrails_and_the_error_budget() -> None:
    setting = SloSetting.model_validate({"files": [EXAMPLE], "target": OPERATOR})
    found: dict[str, Any] = {}

    def program() -> None:
        found.update(declare_alerting(read_alerting(ROOT, [EXAMPLE]), setting, URL, "shop", pulumi.ResourceOptions()))

    declare(program)
    assert found["checkout-availability"] == {
        "alerts": ["SloBurnRatePage", "SloBurnRateTicket", "SloNoData"],
        "budget": 'slo:budget_remaining:ratio{slo="checkout-availability"}',
    }


@pytest.mark.parametrize(
    ("target", "kind", "place", "key"),
    [
        (OPERATOR, SECRET, "stringData", "alertmanager.yaml"),
        ({"kind": "config-map"}, CONFIG_MAP, "data", "alertmanager.yml"),
    ],
)
def test_the_routing_is_where_alertmanager_looks_for_it(
    target: dict[str, Any], kind: str, place: str, key: str
) -> None:
    content = declared(target).one(kind, "slipway-alertmanager").properties[place][key]
    assert yaml.safe_load(content)["route"]["receiver"] == "team-platform-page"


def watched(
    where: str, target: dict[str, Any], opened: dict[str, float] | None = None, more: Mapping[str, str] = {}
) -> Record:
    """A stack with one watched service, whose Rollout answers with the watch that its commit opened."""
    setting = SloSetting.model_validate({"files": [EXAMPLE], "target": target, **more})
    run = RunSetting.model_validate({"in": where, **({"image": f"s@{DIGEST}"} if where == "cluster" else {})})
    source = MetricsSource(kind="prometheus", url=URL)
    args = TopologyArgs(release=WATCHED, target=SHOP, metrics=source, manifest="m.yaml", run=run)

    def program() -> None:
        made = service(args)
        declare_alerting(Alerting(), setting, URL, "shop", pulumi.ResourceOptions(), [made])

    return declare(program, {ROLLOUT: {"watched": opened}} if opened is not None else None)


@pytest.mark.parametrize(
    ("where", "more", "names"),
    [
        ("cluster", {}, ["watch-checkout"]),
        ("host", {}, []),
        ("host", {"hostMetrics": "/var/lib/node_exporter"}, ["watch-checkout"]),
    ],
    ids=["job", "host", "host-with-metrics"],
)
def test_a_watch_that_gives_signs_of_life_has_an_alarm_for_its_absence_once_it_is_committed(
    where: str, more: dict[str, str], names: list[str]
) -> None:
    record = watched(where, {"kind": "file", "folder": "/rules"}, more=more)
    groups = record.all(RULE_GROUP)
    assert [one.name for one in groups] == names
    assert all(record.one(ROLLOUT, "checkout").urn in one.depends_on for one in groups)


@pytest.mark.parametrize("target", [OPERATOR, {"kind": "config-map"}], ids=["operator", "config-map"])
@pytest.mark.parametrize("opened", [{"opened": 1000.0, "until": 4600.0}, {}, None], ids=["opened", "none", "unsaid"])
def test_the_alarm_counts_from_the_commit_that_opened_the_watch(
    target: dict[str, Any], opened: dict[str, float] | None
) -> None:
    record = watched("cluster", target, opened)
    said = None if opened is None else NONE
    wanted = watch_group(WATCHED, SHOP, opened=Opened(1000.0, 4600.0) if opened else said)
    assert record.one(RULE_GROUP).properties["rules"] == [dict(rule) for rule in wanted.rules]
    if target is OPERATOR:
        (group,) = record.one(PROMETHEUS_RULE, "watch-checkout").properties["spec"]["groups"]
    else:
        (text,) = record.one(CONFIG_MAP, "watch-checkout").properties["data"].values()
        (group,) = yaml.safe_load(text)["groups"]
    assert group == wanted.content()
