from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pulumi
import pytest

from slipway import settings
from slipway.release.errors import InputError, Problem
from slipway.release.http_access import QueryAccess
from tests import flags
from tests.manifests import OTHER_DIGEST, STRATEGIES, text
from tests.targets import NETWORK, ecs_target

OTHER_IMAGE = f"registry.example/checkout@{OTHER_DIGEST}"
METRICS = json.dumps({"kind": "prometheus", "url": "http://prometheus.example:9090"})
ROOT = Path(__file__).parents[3]


def write(root: Path, path: str, **changes: object) -> str:
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text(**changes))
    return path


def keys(services: object, **more: str) -> dict[str, str]:
    return {"services": json.dumps(services), "namespace": "shop", "metrics": METRICS, **more}


def refused(raw: dict[str, str], root: Path) -> dict[str, Problem]:
    with pytest.raises(InputError) as error:
        settings.parse(raw, root)
    return {problem.path: problem for problem in error.value.problems}


def test_a_stack_names_its_services_and_where_they_run(tmp_path: Path) -> None:
    new = write(tmp_path, "releases/2.yaml", version="2", artifact__image=OTHER_IMAGE)
    old = write(tmp_path, "releases/1.yaml", version="1")
    probe = json.dumps({"rate": 5, "path": "/health"})
    read = settings.parse(
        keys({"checkout": {"manifest": new, "standby": old}}, gatewayUrl="http://gateway.example", probe=probe),
        tmp_path,
    )
    (service,) = read.services
    assert (service.release.version, service.declared.path) == ("2", new)
    assert service.standby is not None
    assert service.standby.release.version == "1"
    assert (str(read.target), read.own.gateway_url, read.metrics.kind) == (
        "shop",
        "http://gateway.example",
        "prometheus",
    )
    assert read.own.probe is not None
    assert read.own.probe.rate == 5
    assert read.access is None


def test_services_come_in_a_fixed_order(tmp_path: Path) -> None:
    entries = {
        name: {"manifest": write(tmp_path, f"{name}.yaml", service=name, route__hostnames=[f"{name}.example"])}
        for name in ("b", "a", "c")
    }
    assert [each.release.service for each in settings.parse(keys(entries), tmp_path).services] == ["a", "b", "c"]


def test_all_problems_of_configuration_and_manifests_are_listed_at_once(tmp_path: Path) -> None:
    good = write(tmp_path, "good.yaml")
    bad = write(tmp_path, "bad.yaml", service="cart", workload__replicas=0, rollback={"maxMinutes": 5})
    raw = keys(
        {
            "checkout": {"manifest": good, "standbye": good},
            "cart": {"manifest": bad},
            "search": {"manifest": "nowhere.yaml"},
            "copy": {"manifest": good},
        },
        namespace="Shop!",
        colour="blue",
        probe=json.dumps({"rate": 5}),
    )
    assert set(refused(raw, tmp_path)) == {
        "services.checkout.standbye",
        "bad.yaml: workload.replicas",
        "bad.yaml: rollback.constraints",
        "services.search.manifest",
        "services.copy.manifest",
        "namespace",
        "colour",
    }


def test_nothing_configured_lists_every_key_that_is_needed(tmp_path: Path) -> None:
    found = refused({"services": "{}", "namespace": "", "metrics": "{}"}, tmp_path)
    assert set(found) == {"services", "namespace", "metrics"}
    assert all(problem.remedy.startswith(f"Write releases:{path}") for path, problem in found.items())


@pytest.mark.parametrize("path", ["../elsewhere.yaml", "/etc/passwd", "a/../../b.yaml"])
def test_a_manifest_lies_inside_the_project(path: str, tmp_path: Path) -> None:
    found = refused(keys({"checkout": {"manifest": path}}), tmp_path)
    assert "leaves the project" in found["services.checkout.manifest"].message


def test_a_manifest_is_not_read_through_a_symbolic_link(tmp_path: Path) -> None:
    (tmp_path / "link.yaml").symlink_to(tmp_path / write(tmp_path, "1.yaml"))
    found = refused(keys({"checkout": {"manifest": "link.yaml"}}), tmp_path)
    assert "symbolic link" in found["services.checkout.manifest"].message


def test_the_manifest_must_be_of_the_service_that_names_it(tmp_path: Path) -> None:
    found = refused(keys({"cart": {"manifest": write(tmp_path, "1.yaml")}}), tmp_path)
    assert "release of checkout" in found["services.cart.manifest"].message


def test_the_standby_must_be_of_the_same_service(tmp_path: Path) -> None:
    new, other = write(tmp_path, "1.yaml"), write(tmp_path, "2.yaml", service="cart")
    assert "services.checkout.standby" in refused(keys({"checkout": {"manifest": new, "standby": other}}), tmp_path)


def test_the_standby_must_be_another_revision(tmp_path: Path) -> None:
    new, same = write(tmp_path, "2.yaml", version="2"), write(tmp_path, "1.yaml", version="1")
    found = refused(keys({"checkout": {"manifest": new, "standby": same}}), tmp_path)
    assert "same revision" in found["services.checkout.standby"].message


def test_the_standby_must_be_another_version(tmp_path: Path) -> None:
    new = write(tmp_path, "2.yaml", version="1")
    same = write(tmp_path, "1.yaml", version="1", artifact__image=OTHER_IMAGE)
    found = refused(keys({"checkout": {"manifest": new, "standby": same}}), tmp_path)
    assert "same version" in found["services.checkout.standby"].message


def test_two_services_may_not_fight_over_the_same_requests(tmp_path: Path) -> None:
    entries = {name: {"manifest": write(tmp_path, f"{name}.yaml", service=name)} for name in ("cart", "checkout")}
    assert set(refused(keys(entries), tmp_path)) == {"services.checkout"}


def test_smoke_checks_need_to_know_where_the_gateway_answers(tmp_path: Path) -> None:
    strategy = {**STRATEGIES["blue-green"], "smoke": [{"path": "/"}]}
    raw = keys({"checkout": {"manifest": write(tmp_path, "1.yaml", strategy=strategy)}})
    assert "smoke checks of checkout" in refused(raw, tmp_path)["gatewayUrl"].message
    assert settings.parse({**raw, "gatewayUrl": "http://gateway.example"}, tmp_path).services


def test_a_probe_needs_to_know_where_the_gateway_answers(tmp_path: Path) -> None:
    raw = keys({"checkout": {"manifest": write(tmp_path, "1.yaml")}}, probe='{"rate": 1}')
    assert "gatewayUrl" in refused(raw, tmp_path)


def test_a_guardrail_that_reads_the_access_log_needs_to_know_where_it_is(tmp_path: Path) -> None:
    clients = {"name": "clients", "kind": "client-failures", "source": "access-log", "key": {"field": "client"}}
    path = write(tmp_path, "1.yaml", guardrails=[clients], route__affinity={"cookie": "session"})
    raw = keys({"checkout": {"manifest": path}})
    problem = refused(raw, tmp_path)["metrics.accessLog"]
    assert "the guardrail clients of checkout" in problem.message
    assert "accessLog: {path: " in problem.remedy
    metrics = {"kind": "prometheus", "url": "http://p.example", "accessLog": {"path": "/var/log/envoy/access.jsonl"}}
    assert settings.parse({**raw, "metrics": json.dumps(metrics)}, tmp_path).metrics.access_log is not None


def test_a_guardrail_of_the_watch_needs_its_source_as_well(tmp_path: Path) -> None:
    logs = {"name": "logs", "kind": "logs", "requests": "r:={revision}", "errors": "level:=error"}
    watch = {"for": "1h", "holdback": "2%", "guardrails": ["errors", logs]}
    raw = keys({"checkout": {"manifest": write(tmp_path, "1.yaml", watch=watch)}})
    assert "the guardrail logs of checkout" in refused(raw, tmp_path)["metrics.logs"].message


@pytest.mark.parametrize("value", ["{", "[", '{"kind": ', "[1]"])
def test_a_value_that_is_no_mapping_is_a_problem_and_no_crash(value: str, tmp_path: Path) -> None:
    found = refused(keys({"checkout": {"manifest": write(tmp_path, "1.yaml")}}, metrics=value), tmp_path)
    assert "metrics" in found


def test_access_has_a_default_name(tmp_path: Path) -> None:
    raw = keys({"checkout": {"manifest": write(tmp_path, "1.yaml")}}, access='{"serviceAccount": "deployer"}')
    read = settings.parse(raw, tmp_path)
    assert read.access is not None
    assert read.access.service_account == "deployer"


@pytest.mark.parametrize("stack", ["staging", "prod", "ecs"])
def test_the_shipped_stacks_are_valid(stack: str) -> None:
    import yaml

    values = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())["config"]
    raw = {
        key.partition(":")[2]: value if isinstance(value, str) else json.dumps(value) for key, value in values.items()
    }
    assert settings.parse(raw, ROOT).services


def test_only_the_keys_of_the_project_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, "1.yaml")
    configured = {f"releases:{key}": value for key, value in keys({"checkout": {"manifest": path}}).items()}
    monkeypatch.setattr(pulumi.runtime, "get_root_directory", lambda: os.fspath(tmp_path))
    pulumi.runtime.set_all_config({**configured, "aws:region": "eu-central-1"})
    try:
        assert settings.read().services[0].declared.path == path
    finally:
        pulumi.runtime.set_all_config({})


def test_gates_are_enforced_unless_they_are_turned_off_with_a_reason(tmp_path: Path) -> None:
    services = {"checkout": {"manifest": write(tmp_path, "1.yaml")}}
    assert settings.parse(keys(services), tmp_path).gates.mode == "enforce"
    off = json.dumps({"mode": "off", "reason": "a stage that is thrown away"})
    assert settings.parse(keys(services, gates=off), tmp_path).gates.mode == "off"
    elsewhere = settings.parse(keys(services, gates=json.dumps({"config": "gates.json"})), tmp_path).gates
    assert elsewhere.path("prod") == "gates.json"
    assert settings.parse(keys(services), tmp_path).gates.path("prod") == "policies/config/prod.json"
    assert elsewhere.notice("prod") == "THE GATES OF prod ARE THOSE OF gates.json, not policies/config/prod.json"
    assert settings.parse(keys(services), tmp_path).gates.notice("prod") is None
    named = settings.parse(keys(services, gates=json.dumps({"config": "policies/config/prod.json"})), tmp_path).gates
    assert named.notice("shop/releases/prod") is None
    assert "ARE OFF: a stage that is thrown away" in (
        settings.parse(keys(services, gates=off), tmp_path).gates.notice("x") or ""
    )
    for slip in ({"mode": "off"}, {"mode": "of"}, {"mode": "off", "reason": "why"}, {"config": "../gates.json"}):
        assert any(path.startswith("gates") for path in refused(keys(services, gates=json.dumps(slip)), tmp_path))


def test_a_service_carries_the_digest_of_its_manifest(tmp_path: Path) -> None:
    path = write(tmp_path, "1.yaml")
    (service,) = settings.parse(keys({"checkout": {"manifest": path}}), tmp_path).services
    assert service.declared.sha256 == hashlib.sha256((tmp_path / path).read_bytes()).hexdigest()


def test_values_of_the_configuration_are_not_shown_as_they_may_be_secret(tmp_path: Path) -> None:
    raw = keys({}, metrics=json.dumps({"kind": "prometheus", "url": ["hunter2"]}), namespace="Hunter2")
    found = refused(raw, tmp_path)
    assert len(found) >= 2
    assert not any("unter2" in problem.message for problem in found.values())


def test_release_records_lie_in_the_cluster_unless_a_folder_is_named(tmp_path: Path) -> None:
    services = {"checkout": {"manifest": write(tmp_path, "1.yaml")}}
    assert settings.parse(keys(services), tmp_path).records is None
    read = settings.parse(keys(services, records='{"kind": "folder", "path": "records"}'), tmp_path)
    assert read.records is not None
    assert (read.records.kind, read.records.path) == ("folder", "records")
    problem = refused(keys(services, records='{"kind": "folder"}'), tmp_path)["records"]
    assert "need path" in problem.message


ALERTING = Path(__file__).parents[3] / "releases" / "alerting" / "checkout.yaml"


def slos(**more: object) -> str:
    return json.dumps({"files": ["alerting.yaml"], "target": {"kind": "prometheus-rule"}, **more})


def test_objectives_and_alarms_are_read_from_the_files_that_the_stack_names(tmp_path: Path) -> None:
    entries = {"checkout": {"manifest": write(tmp_path, "1.yaml")}}
    (tmp_path / "alerting.yaml").write_text(ALERTING.read_text())
    found = settings.parse(keys(entries, slos=slos()), tmp_path).slos
    assert found is not None
    assert [slo.name for slo in found.alerting.slos] == ["checkout-availability", "checkout-latency"]
    assert found.url == "http://prometheus.example:9090", "the server of the metrics evaluates the rules"
    other = settings.parse(keys(entries, slos=slos(url="http://rules.example")), tmp_path).slos
    assert other is not None
    assert other.url == "http://rules.example"
    assert other.setting.access == QueryAccess(), "another server, another way to ask it"
    metrics = {"kind": "prometheus", "url": "http://p.example", "http": {"headers": {"X-Scope-OrgID": "shop"}}}
    same = settings.parse(keys(entries, slos=slos()) | {"metrics": json.dumps(metrics)}, tmp_path).slos
    assert same is not None
    assert same.setting.access == QueryAccess.model_validate({"http": metrics["http"]})
    alone = slos(http={"headers": {"X-Scope-OrgID": "shop"}})
    assert "belong to a url of its own" in refused(keys(entries, slos=alone), tmp_path)["slos"].message
    assert settings.parse(keys(entries), tmp_path).slos is None


def test_problems_of_alerting_stand_beside_those_of_manifests_and_settings(tmp_path: Path) -> None:
    broken = ALERTING.read_text().replace("max(checkout_queue_oldest_seconds) > 300", "rate(x) > 1")
    (tmp_path / "alerting.yaml").write_text(broken)
    found = refused(keys({"checkout": {"manifest": "none.yaml"}}, slos=slos(), gatewayUrl="x"), tmp_path)
    assert {"services.checkout.manifest", "gatewayUrl", "alerting.yaml: alarms[0].when.expression"} <= found.keys()
    problem = found["alerting.yaml: alarms[0].when.expression"]
    assert "expected type matrix" in problem.message
    assert problem.line is not None


def test_an_odd_setting_of_alerting_says_what_to_write(tmp_path: Path) -> None:
    found = refused(keys({}, slos=json.dumps({"files": [], "target": {"kind": "grafana"}})), tmp_path)
    assert "releases:slos" in found["slos.files"].remedy
    assert "prometheus-rule" in found["slos.target.kind"].remedy


def flag_file(root: Path, path: str, content: str) -> str:
    (root / path).write_text(content)
    return path


def test_a_stack_names_its_files_of_flags(tmp_path: Path) -> None:
    manifest = write(tmp_path, "1.yaml")
    first, second = (
        flag_file(tmp_path, f"{key}.yaml", flags.text({key: flags.FLAGS[key]})) for key in ("pay", "new-cart")
    )
    setting = json.dumps({"files": [first, second], "document": "feature-flag"})
    read = settings.parse(keys({"checkout": {"manifest": manifest}}, flags=setting), tmp_path)
    assert read.flags is not None
    assert (set(read.flags.flags), read.flags.name, read.flags.document) == (
        {"pay", "new-cart"},
        "flags",
        "feature-flag",
    )
    assert read.flags.where == read.target


def test_a_stack_may_declare_flags_and_no_services(tmp_path: Path) -> None:
    path = flag_file(tmp_path, "flags.yaml", flags.text({"pay": flags.PAY}))
    read = settings.parse(keys({}, flags=json.dumps({"files": [path]})), tmp_path)
    assert read.services == ()
    assert read.flags is not None


def test_problems_of_flags_are_told_with_those_of_manifests(tmp_path: Path) -> None:
    manifest = write(tmp_path, "1.yaml", version="/")
    bad = flag_file(tmp_path, "flags.yaml", flags.text({"pay": {**flags.PAY, "default": "x"}}))
    setting = json.dumps({"files": [bad, "../outside.yaml"]})
    found = refused(keys({"checkout": {"manifest": manifest}}, flags=setting), tmp_path)
    assert set(found) == {"1.yaml: version", "flags.yaml: flags.pay.default", "../outside.yaml"}
    assert list(refused(keys({"checkout": {"manifest": write(tmp_path, "1.yaml")}}, flags="[]"), tmp_path)) == ["flags"]
    assert settings.parse(keys({"checkout": {"manifest": "1.yaml"}}), tmp_path).flags is None


IN_CLUSTER = {"in": "cluster", "image": f"registry.example/slipway@{OTHER_DIGEST}"}


def test_rollouts_run_on_the_host_unless_the_stack_says_otherwise(tmp_path: Path) -> None:
    services = {"checkout": {"manifest": write(tmp_path, "1.yaml")}}
    assert settings.parse(keys(services), tmp_path).own.run is None
    run = settings.parse(keys(services, run=json.dumps(IN_CLUSTER)), tmp_path).own.run
    assert run is not None
    assert (run.in_cluster, run.service_account, run.start_within, run.on_lost_follower) == (
        True, "slipway-runner", 60.0, "continue",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("run", "place"),
    [
        ({"in": "cluster"}, "run"),
        ({"in": "cluster", "image": "registry.example/slipway:1"}, "run.image"),
        ({"in": "host", "image": IN_CLUSTER["image"]}, "run"),
        ({"in": "pod", "image": IN_CLUSTER["image"]}, "run.in"),
        ({**IN_CLUSTER, "onLostFollower": "stop"}, "run.onLostFollower"),
        ({**IN_CLUSTER, "serviceAccount": "Runner"}, "run.serviceAccount"),
    ],
)
def test_a_place_to_run_that_cannot_be_used_is_named(run: dict[str, str], place: str, tmp_path: Path) -> None:
    services = {"checkout": {"manifest": write(tmp_path, "1.yaml")}}
    assert set(refused(keys(services, run=json.dumps(run)), tmp_path)) == {place}


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.1.2", "[::1]", "0.0.0.0", "metrics.localhost"])  # noqa: S104
def test_a_rollout_in_the_cluster_cannot_use_what_only_the_host_has(host: str, tmp_path: Path) -> None:
    services = {"checkout": {"manifest": write(tmp_path, "1.yaml")}}
    log = {"path": "/var/log/envoy/access.jsonl"}
    metrics = json.dumps({"kind": "prometheus", "url": f"http://{host}:9090", "accessLog": log})
    settings_of = {"metrics": metrics, "gatewayUrl": f"http://{host}:8080"}
    assert settings.parse(keys(services) | settings_of, tmp_path).own.run is None
    found = refused(keys(services, run=json.dumps(IN_CLUSTER)) | settings_of, tmp_path)
    assert set(found) == {"metrics.url", "metrics.accessLog", "gatewayUrl"}


@pytest.mark.parametrize(
    ("file", "run", "place", "words"),
    [
        (
            "/etc/a/token",
            {},
            "metrics.http",
            "metricsSecret: NAME}, a Secret of the namespace with token, ca.crt",
        ),
        (None, {"metricsSecret": "prometheus"}, "run.metricsSecret", "Name the files in metrics.http"),
        ("/etc/a/ca.crt", {"metricsSecret": "prometheus"}, "metrics.http", "Give them names of their own"),
        ("/etc/a/token", {"metricsSecret": "prometheus"}, None, ""),
    ],
)
def test_files_of_the_metrics_reach_a_rollout_in_the_cluster_by_a_secret(
    file: str | None, run: dict[str, str], place: str | None, words: str, tmp_path: Path
) -> None:
    services = {"checkout": {"manifest": write(tmp_path, "1.yaml")}}
    http = {} if file is None else {"authorization": {"credentialsFile": file}, "tls": {"caFile": "/etc/b/ca.crt"}}
    metrics = {"kind": "prometheus", "url": "https://p.example", **({"http": http} if http else {})}
    raw = keys(services, run=json.dumps({**IN_CLUSTER, **run})) | {"metrics": json.dumps(metrics)}
    if place is None:
        assert settings.parse(raw, tmp_path).metrics.files == ("/etc/a/token", "/etc/b/ca.crt")
    else:
        assert words in refused(raw, tmp_path)[place].remedy


@pytest.mark.parametrize(
    ("profile", "words"),
    [
        ("kong", "cannot be kong: Kong counts by rule, both versions in one number; count in the service itself"),
        ("nginx-gateway-fabric", "counts nothing by backend"),
        ("aws", "no counters that are scraped"),
        ("conture", "conture is not known; there are contour, envoy-gateway"),
    ],
)
def test_a_gateway_that_cannot_tell_two_versions_apart_is_refused_by_name_with_the_way_out(
    profile: str, words: str, tmp_path: Path
) -> None:
    services = {"checkout": {"manifest": write(tmp_path, "1.yaml")}}
    metrics = json.dumps({"kind": "prometheus", "url": "http://p.example", "profile": profile})
    problem = refused(keys(services) | {"metrics": metrics}, tmp_path)["metrics.profile"]
    assert words in problem.message
    assert "otel-http" in problem.message


def test_a_profile_of_ones_own_is_checked_field_by_field(tmp_path: Path) -> None:
    services = {"checkout": {"manifest": write(tmp_path, "1.yaml")}}
    own: dict[str, object] = {"requests": "hits", "side": {"to": "{service}"}, "status": ["code"]}
    good = {**own, "alive": {"metric": "up"}}
    bad = {**good, "side": {"to": "{revision}"}, "bad": "5("}

    def metrics(profile: object) -> dict[str, str]:
        return {"metrics": json.dumps({"kind": "prometheus", "url": "http://p.example", "profile": profile})}

    read = settings.parse(keys(services) | metrics(good), tmp_path).metrics
    assert (read.data_plane.requests, read.data_plane.sees_no_answer) == ("hits", False)
    found = refused(keys(services) | metrics({**bad, "alive": {}}), tmp_path)
    assert {path.removeprefix("metrics.profile.") for path in found} == {"side.to", "bad", "alive.metric"}
    assert "there are {namespace}, {route}, {service} and {port}" in found["metrics.profile.side.to"].message


def test_what_the_profile_cannot_tell_is_refused_with_who_needs_it(tmp_path: Path) -> None:
    slow = {"name": "slow", "kind": "latency", "threshold": "300ms"}
    services = {"checkout": {"manifest": write(tmp_path, "1.yaml", guardrails=[slow])}}
    metrics = {"kind": "prometheus", "url": "http://p.example", "accessLog": {"path": "/var/log/a.jsonl"}}
    asked = keys(services) | {"metrics": json.dumps({**metrics, "profile": "haproxy"})}
    found = refused(asked, tmp_path)
    assert "it is needed by the guardrail slow of checkout" in found["metrics.profile"].message.replace(
        "but it is needed", "it is needed"
    )
    assert "the profile is haproxy" in found["metrics.accessLog"].message


@pytest.mark.parametrize(
    ("metrics", "place", "words"),
    [
        ({"kind": "prometheus"}, "metrics.url", "is missing"),
        ({"kind": "proxies"}, "metrics", "needs proxies: {namespace: projectcontour}"),
        ({"kind": "proxies", "proxies": {}}, "metrics.proxies", "either the namespace of the gateway's pods, or"),
        ({"kind": "proxies", "profile": "otel-http", "proxies": {"namespace": "g"}}, "metrics", "is counted elsewhere"),
        ({"kind": "proxies", "profile": "istio", "proxies": {"namespace": "g"}}, "metrics", "needs selector and port"),
        (
            {"kind": "prometheus", "url": "http://p.example", "proxies": {"namespace": "g"}},
            "metrics.proxies",
            "write kind: proxies",
        ),
    ],
)
def test_where_the_proxies_are_is_said_or_missed_by_name(
    metrics: dict[str, object], place: str, words: str, tmp_path: Path
) -> None:
    services = {"checkout": {"manifest": write(tmp_path, "1.yaml")}}
    assert words in refused(keys(services) | {"metrics": json.dumps(metrics)}, tmp_path)[place].message


def test_what_proxies_do_not_count_needs_prometheus(tmp_path: Path) -> None:
    alert = {"name": "burning", "kind": "alert", "alert": "Burning"}
    services = {"checkout": {"manifest": write(tmp_path, "1.yaml", guardrails=[alert])}}
    metrics: dict[str, object] = {"kind": "proxies", "proxies": {"namespace": "projectcontour"}}
    found = refused(keys(services) | {"metrics": json.dumps(metrics)}, tmp_path)
    assert "needed by the guardrail burning of checkout" in found["metrics.url"].message
    read = settings.parse(keys(services) | {"metrics": json.dumps({**metrics, "url": "http://p.example"})}, tmp_path)
    assert read.metrics.proxies_namespace == "projectcontour"
    assert (read.metrics.proxy_place.selector, read.metrics.proxy_place.port) == ({"app": "envoy"}, 8002)


def test_whom_the_owners_are_told_by_is_a_setting(tmp_path: Path) -> None:
    alertmanager = {"kind": "alertmanager", "url": "http://alertmanager.example:9093"}
    entries = {"checkout": {"manifest": write(tmp_path, "a.yaml")}}
    given = {"owners": {"payments": {"page": [alertmanager]}}, "fallback": "payments", "abort": "ticket"}
    found = settings.parse(keys(entries, escalation=json.dumps(given)), tmp_path).escalation
    assert found is not None
    assert found.route("payments").abort == "ticket"
    unknown = {**given, "owners": {"nobody": {"page": [alertmanager]}}, "fallback": "nobody"}
    problem = refused(keys(entries, escalation=json.dumps(unknown)), tmp_path)["escalation.owners"]
    assert problem.message == "has no payments, who owns checkout (there: nobody)"


DATABASE = {"kind": "postgresql", "url": {"env": "CHECKOUT_DATABASE_URL"}}
MIGRATION = {"id": "0042", "up": "42.up.sql", "down": "42.down.sql", "phase": "expand"}


def test_the_migrations_of_a_service_with_a_database_are_applied_in_their_order(tmp_path: Path) -> None:
    (tmp_path / "releases").mkdir()
    (tmp_path / "releases/42.up.sql").write_text("CREATE TABLE a (b int);")
    other = {"id": "0043", "up": "43.js", "phase": "expand", "dialect": "other", "compensation": "c"}
    last = {**MIGRATION, "id": "0044", "down": None, "compensation": "c"}
    listed = [MIGRATION, other, last]
    undone = {"maxMinutes": 5, "constraints": [], "compensations": ["c"]}
    path = write(tmp_path, "releases/1.yaml", migrations=listed, rollback=undone)
    raw = keys({"checkout": {"manifest": path}}, databases=json.dumps({"checkout": DATABASE}))
    (service,) = settings.parse(raw, tmp_path).services
    assert service.migrations is not None
    assert [each.id for each in service.migrations.migrations] == ["0042", "0044"]
    assert service.migrations.folder == "releases"
    assert service.migrations.migrations[0].up_sha256 == hashlib.sha256(b"CREATE TABLE a (b int);").hexdigest()


def test_without_a_database_something_else_applies_them(tmp_path: Path) -> None:
    path = write(tmp_path, "releases/1.yaml", migrations=[MIGRATION])
    (service,) = settings.parse(keys({"checkout": {"manifest": path}}), tmp_path).services
    assert service.migrations is None


def test_a_database_of_no_service_is_refused_by_name(tmp_path: Path) -> None:
    path = write(tmp_path, "releases/1.yaml")
    raw = keys({"checkout": {"manifest": path}}, databases=json.dumps({"chekout": DATABASE}))
    problem = refused(raw, tmp_path)["databases.chekout"]
    assert problem.message == "is no service of this stack (there: checkout)"


def test_the_address_of_a_database_is_named_and_not_written(tmp_path: Path) -> None:
    path = write(tmp_path, "releases/1.yaml")
    database = {"kind": "postgresql", "url": "postgresql://me:secret-word@db/shop"}
    raw = keys({"checkout": {"manifest": path}}, databases=json.dumps({"checkout": database}))
    found = refused(raw, tmp_path)
    assert "databases.checkout.url" in found
    assert "secret-word" not in str(found)


def test_a_guardrail_of_traces_needs_their_server(tmp_path: Path) -> None:
    spans = {"name": "spans", "kind": "traces", "requests": 'resource.service.version="{revision}"'}
    path = write(tmp_path, "releases/1.yaml", guardrails=[spans])
    problem = refused(keys({"checkout": {"manifest": path}}), tmp_path)["metrics.traces"]
    assert problem.message == "is missing, but needed by the guardrail spans of checkout"
    assert "kind: tempo" in problem.remedy


def test_a_watch_that_gives_signs_of_life_needs_a_route_for_the_alarm_of_its_absence(tmp_path: Path) -> None:
    watch = {"for": "1h", "guardrails": [{"name": "slo", "kind": "slo", "objective": "1%"}]}
    path = write(tmp_path, "1.yaml", watch=watch)
    (tmp_path / "alerting.yaml").write_text(
        "apiVersion: slipway/v1\nkind: Alerting\nrouting: {fallback: team-a, owners: {team-a: {page: {kind: webhook, "
        "url: 'http://a.example'}}}}\n"
    )
    run = json.dumps({"in": "cluster", "image": f"registry.example/slipway@{OTHER_DIGEST}"})
    services = {"checkout": {"manifest": path}}
    for seen in (keys(services, slos=slos(), run=run), keys(services, slos=slos(hostMetrics="/var/lib/textfiles"))):
        problem = refused(seen, tmp_path)["slos"]
        assert problem.message == "checkout: SlipwayWatchGone: payments has no route"
    settings.parse(keys(services, slos=slos()), tmp_path)


ECS: dict[str, dict[str, object]] = {
    "target": ecs_target(checkout=110),
    "ecs": {**NETWORK},
    "metrics": {"kind": "cloudwatch"},
}


def on_ecs(root: Path, *, manifest: dict[str, object] | None = None, **changes: object) -> dict[str, str]:
    """The keys of a stack whose one service is on ECS."""
    kept = {"route__gateway": None, "route__timeout": None, **(manifest or {})}
    path = write(root, "releases/2.yaml", **kept)
    values = {**ECS, "services": {"checkout": {"manifest": path}}, **changes}
    return {key: json.dumps(value) for key, value in values.items() if value is not None}


def errors_only() -> list[dict[str, object]]:
    return [{"name": "errors", "kind": "error-ratio", "tolerate": 1.1}]


def test_a_stack_on_ecs_names_cluster_listener_and_table(tmp_path: Path) -> None:
    read = settings.parse(on_ecs(tmp_path, manifest={"guardrails": errors_only()}), tmp_path)
    assert str(read.target) == "eu-central-1/shop"
    assert read.own.ecs is not None
    assert read.own.ecs.subnets == ("subnet-0a",)
    assert (read.metrics.kind, read.metrics.settles, read.metrics.delay) == ("cloudwatch", 90.0, 210.0)


def test_what_does_not_fit_a_target_of_ecs_is_listed_at_once(tmp_path: Path) -> None:
    target = {**ECS["target"], "rules": {}}
    raw = on_ecs(
        tmp_path,
        manifest={"guardrails": [*errors_only(), {"name": "slow", "kind": "latency", "threshold": "300ms"}]},
        target=target,
        ecs=None,
        access={"serviceAccount": "other"},
    )
    problems = refused(raw, tmp_path)
    assert problems["ecs"].message.startswith("is missing")
    assert "account of Kubernetes" in problems["access"].message
    assert problems["releases/2.yaml: target.rules"].message == "has no priority for checkout"
    assert "counts error-ratio alone" in problems["releases/2.yaml: guardrails[1]"].message


LAMBDA: dict[str, dict[str, object]] = {
    "target": {
        "kind": "lambda",
        "region": "eu-central-1",
        "account": "123456789012",
        "table": "slipway-shop",
        "aliases": {"checkout": "live"},
    },
    "lambda": {"role": "arn:aws:iam::123456789012:role/checkout", "timeout": "10s"},
}


def on_lambda(root: Path, *, manifest: dict[str, object] | None = None, **changes: object) -> dict[str, str]:
    """The keys of a stack whose one service is a function."""
    kept: dict[str, object] = {
        "route": {"hostnames": ["checkout.example"]},
        "workload__probes": {"readiness": {"path": "/ready"}},
        "guardrails": errors_only(),
    }
    path = write(root, "releases/2.yaml", **{**kept, **(manifest or {})})
    values = {**ECS, **LAMBDA, "ecs": None, "services": {"checkout": {"manifest": path}}, **changes}
    return {key: json.dumps(value) for key, value in values.items() if value is not None}


def test_a_stack_on_lambda_names_account_alias_and_role(tmp_path: Path) -> None:
    read = settings.parse(on_lambda(tmp_path), tmp_path)
    assert str(read.target) == "eu-central-1/123456789012"
    assert read.own.function is not None
    assert (read.own.function.role, read.own.function.timeout) == ("arn:aws:iam::123456789012:role/checkout", 10.0)


def test_what_does_not_fit_a_target_of_lambda_is_listed_at_once(tmp_path: Path) -> None:
    manifest: dict[str, object] = {
        "route": {"hostnames": ["checkout.example"], "timeout": "3s", "matches": [{"path": "/a"}]},
        "strategy": {"kind": "rolling"},
        "workload__serviceAccount": "other",
    }
    target = {**LAMBDA["target"], "aliases": {}}
    others: dict[str, object] = {"access": {"serviceAccount": "other"}, "lambda": None, "ecs": ECS["ecs"]}
    metrics = {"kind": "prometheus", "url": "http://p.example"}
    problems = refused(on_lambda(tmp_path, manifest=manifest, target=target, metrics=metrics, **others), tmp_path)
    assert problems["lambda"].message.startswith("is missing")
    assert "account of Kubernetes" in problems["access"].message
    assert "is for a target of kind ecs" in problems["ecs"].message
    at = "releases/2.yaml: "
    assert problems[f"{at}target.aliases"].message == "has none for checkout"
    assert "none before a function" in problems[f"{at}metrics.kind"].message
    for place in ("route.timeout", "route.matches", "strategy.kind", "workload.serviceAccount"):
        assert f"{at}{place}" in problems


def test_the_setting_of_functions_is_for_lambda_alone(tmp_path: Path) -> None:
    raw = {**keys({"checkout": {"manifest": write(tmp_path, "2.yaml")}}), "lambda": json.dumps(LAMBDA["lambda"])}
    assert refused(raw, tmp_path)["lambda"].message == "is for a target of kind lambda"


def test_a_gateway_is_needed_on_kubernetes_and_cloudwatch_is_not_there(tmp_path: Path) -> None:
    path = write(tmp_path, "2.yaml", route__gateway=None)
    raw = {**keys({"checkout": {"manifest": path}}), "metrics": json.dumps({"kind": "cloudwatch"})}
    problems = refused(raw, tmp_path)
    assert problems["2.yaml: route.gateway"].message == "is missing"
    assert "metrics.kind" in str(problems)


@pytest.mark.parametrize(
    ("metrics", "words"),
    [
        ({"kind": "prometheus", "url": "http://p.example", "lateness": "60s"}, "lateness is for kind cloudwatch"),
        ({"kind": "cloudwatch", "url": "http://p.example"}, "kind cloudwatch has no url"),
    ],
)
def test_a_source_has_what_its_kind_has(metrics: dict[str, str], words: str, tmp_path: Path) -> None:
    raw = keys({"checkout": {"manifest": write(tmp_path, "2.yaml")}})
    assert words in refused({**raw, "metrics": json.dumps(metrics)}, tmp_path)["metrics"].message


def alerting_on_cloudwatch(**changes: object) -> str:
    count = {"namespace": "AWS/ApplicationELB", "name": "RequestCount", "dimensions": {"LoadBalancer": "app/shop/1"}}
    bad = [count | {"name": "HTTPCode_Target_5XX_Count"}]
    links = {"runbook": "https://runbooks.example/checkout", "dashboard": "https://dashboards.example/checkout"}
    events = {"kind": "cloudwatch", "total": count, "bad": bad}
    slo = {"name": "availability", "service": "checkout", "objective": "99.9%", "events": events, "owner": "shop"}
    topics = {"page": {"kind": "sns", "topic": "shop-pages"}, "ticket": {"kind": "sns", "topic": "shop-tickets"}}
    routing = {"fallback": "shop", "owners": {"shop": topics}}
    content = {"slos": [slo | links | changes], "routing": routing | {"owners": {"shop": topics}}}
    return json.dumps({"apiVersion": "slipway/v1", "kind": "Alerting", **content})


ON_CLOUDWATCH = {"files": ["alerting.yaml"], "target": {"kind": "cloudwatch"}}


def test_a_stack_on_ecs_has_its_objectives_in_cloudwatch(tmp_path: Path) -> None:
    (tmp_path / "alerting.yaml").write_text(alerting_on_cloudwatch())
    raw = on_ecs(tmp_path, manifest={"guardrails": errors_only()}, slos=ON_CLOUDWATCH)
    read = settings.parse(raw, tmp_path).slos
    assert read is not None
    assert (read.url, read.setting.in_cloudwatch) == (None, True)


@pytest.mark.parametrize(
    ("content", "setting", "said"),
    [
        (
            alerting_on_cloudwatch(runbook="https://runbooks.example/?page=1"),
            ON_CLOUDWATCH,
            "availability: runbook is kept in a tag of AWS, which cannot hold 'https://runbooks.example/?page=1'",
        ),
        (ALERTING.read_text(), ON_CLOUDWATCH, "checkout-availability: events is of Prometheus"),
        (ALERTING.read_text(), ON_CLOUDWATCH, "CheckoutQueueStuck: when is of Prometheus"),
        (ALERTING.read_text(), ON_CLOUDWATCH, "team-checkout's pages go to pagerduty, which CloudWatch has not"),
        (ALERTING.read_text(), ON_CLOUDWATCH, "CheckoutQueueStuck: summary has a template"),
        (alerting_on_cloudwatch(), ON_CLOUDWATCH | {"url": "http://p.example"}, "is a server of Prometheus"),
        (alerting_on_cloudwatch(), ON_CLOUDWATCH | {"hostMetrics": "/m"}, "slos.hostMetrics: is read by Prometheus"),
        (
            ALERTING.read_text(),
            {"files": ["alerting.yaml"], "target": {"kind": "config-map"}},
            "no rules of Prometheus",
        ),
    ],
)
def test_alarms_that_cloudwatch_cannot_have_are_refused_by_name(
    content: str, setting: dict[str, object], said: str, tmp_path: Path
) -> None:
    (tmp_path / "alerting.yaml").write_text(content)
    raw = on_ecs(tmp_path, manifest={"guardrails": errors_only()}, slos=setting)
    with pytest.raises(InputError) as caught:
        settings.parse(raw, tmp_path)
    assert said in str(caught.value)


def test_on_kubernetes_alarms_are_of_prometheus(tmp_path: Path) -> None:
    entries = {"checkout": {"manifest": write(tmp_path, "1.yaml")}}
    (tmp_path / "alerting.yaml").write_text(alerting_on_cloudwatch())
    with pytest.raises(InputError) as caught:
        settings.parse(keys(entries, slos=json.dumps(ON_CLOUDWATCH)), tmp_path)
    assert "kind: cloudwatch is for a target of AWS" in str(caught.value)
    with pytest.raises(InputError) as caught:
        settings.parse(keys(entries, slos=slos()), tmp_path)
    assert "availability: events is of CloudWatch" in str(caught.value)
    assert "Alertmanager knows the topic shop-pages by its ARN only" in str(caught.value)


def test_a_stack_on_ecs_has_its_flags_in_appconfig(tmp_path: Path) -> None:
    path = flag_file(tmp_path, "flags.yaml", flags.text({"pay": flags.PAY}))
    setting = {"files": [path], "document": "app-config"}
    target = ECS["target"] | {"appConfig": {"application": "shop", "environment": "prod"}}
    raw = on_ecs(tmp_path, manifest={"guardrails": errors_only()}, flags=setting, target=target)
    read = settings.parse(raw, tmp_path)
    assert read.flags is not None
    assert read.flags.document == "app-config"
    assert read.flags.where == read.target


def test_flags_that_a_target_cannot_have_are_refused_by_name(tmp_path: Path) -> None:
    path = flag_file(tmp_path, "flags.yaml", flags.text({"new-cart": flags.NEW_CART}))
    raw = on_ecs(tmp_path, manifest={"guardrails": errors_only()}, flags={"files": [path]})
    found = refused(raw, tmp_path)
    assert found["flags.document"].message == "config-map is an object of Kubernetes"
    assert found["target.appConfig"].message.startswith("is missing")
    assert "new-cart: an exposure that guardrails judge" in found["flags"].message
    manifest = write(tmp_path, "1.yaml")
    setting = json.dumps({"files": [path], "document": "app-config"})
    found = refused(keys({"checkout": {"manifest": manifest}}, flags=setting), tmp_path)
    assert found["flags.document"].message == "app-config is for a target of AWS"
