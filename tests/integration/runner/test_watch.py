"""A release that is watched after 100% by a Job: its hold-back, its end, and a breach whose watcher is killed."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from pathlib import Path

import yaml

from sandbox.chaos.flag_writers import FlagSet
from sandbox.sample.load import Load
from sandbox.slipway_pods import WATCHES, running_pod
from sandbox.stage.project import Stage
from slipway.release.manifest.load import load as load_manifest
from slipway.release.records.journal import Head
from slipway.release.records.watch import WatchPhase
from slipway.release.revision import revision_of
from slipway.release.slo.delivery import FileRules, RuleGroupInputs
from slipway.release.slo.watch_alarm import BEAT, WATCH_GONE, watch_group
from slipway.release.strategy import resolve
from slipway.release.target import KubernetesTarget
from slipway.rollout.metrics.prometheus_api import Prometheus
from slipway.rollout.rules import apply as rules
from tests.flags import PAY
from tests.flags import text as flags_file
from tests.integration.releases.service import NAME, failures, until
from tests.integration.runner.releases import Releases

SLO = [{"name": "slo", "kind": "slo", "objective": "1%"}]
HOOK = {"kind": "webhook", "url": "http://127.0.0.1:9/alerts"}
ROUTED = {
    "apiVersion": "slipway/v1",
    "kind": "Alerting",
    "routing": {"fallback": "demo", "owners": {"demo": {"page": HOOK, "ticket": HOOK}}},
}


def _phase(head: Head) -> WatchPhase | None:
    return head.watch.phase if head.watch is not None else None


def test_the_hold_back_stays_on_the_standby_until_the_watch_has_ended(releases: Releases, load: Load) -> None:
    service, standby = releases.service, releases.serving
    version = releases.watched("v2", **{"for": "60s", "holdback": "5%", "guardrails": SLO})
    shares = {service.version_of(name): round(share) for name, share in service.live().shares.items()}
    assert shares == {version: 95, standby: 5}
    assert service.stage.preview("--expect-no-changes").code == 0
    seen = service.stage.slipway("status", NAME, "--namespace", service.stage.namespace)
    assert "watch        open" in seen.output
    refused = service.stage.slipway("close", version, "--stack", service.stage.stack, "--json")
    assert refused.code == 1
    points = {one["name"]: one for one in json.loads(refused.output)["points"]}
    assert not points["watch"]["holds"]
    until(lambda: _phase(service.head()) is WatchPhase.PASSED, "the end of the watch", 120)
    until(lambda: service.serving() == version, "all traffic")
    releases.serving = version
    assert service.stage.preview("--expect-no-changes").code == 0
    assert failures(load) == []


def _default_of(flag: str, stage: Stage) -> str:
    """What every caller gets of a flag without targeting."""
    found = FlagSet(stage.namespace, "flags", "config-map", Path(stage.environment["KUBECONFIG"])).writer()
    document = found.read_document()
    assert document is not None
    return str(document.content["flags"][flag]["defaultVariant"])


def test_a_breach_takes_the_traffic_back_and_kills_its_flag_though_the_watcher_was_killed(
    releases: Releases, load: Load
) -> None:
    service, standby = releases.service, releases.serving
    stage = service.stage
    stage.flags = {"files": ["flags.yaml"]}
    (stage.folder / "flags.yaml").write_text(flags_file({"pay": PAY}))
    version = releases.watched("late", **{"for": "10m", "guardrails": SLO, "onBreach": {"kill": ["pay"]}})
    assert _default_of("pay", stage) == "on"
    until(lambda: running_pod(stage.namespace, WATCHES, stage.environment) is not None, "the pod that watches")
    releases.kill_process(WATCHES)
    until(lambda: _phase(service.head()) is WatchPhase.ROLLED_BACK, "the way back", 120)
    assert service.serving() == standby
    head = service.head()
    assert head.attempt is not None
    assert head.attempt.by == "watch"
    counts = load.await_counts(
        lambda seen: seen.intervals[-1].end - (seen.last_response("late") or 0) > 3, 60, "an end"
    )
    first, last = counts.first_failure("late"), counts.last_response("late")
    assert first is not None
    assert last is not None
    assert last - first < 30
    until(lambda: _default_of("pay", stage) == "off", "the end of the flag", 60)
    assert stage.preview().code == 0  # an error line of its own says that the revision is quarantined
    result = stage.slipway("rollback", NAME, "--stack", stage.stack, "--yes")
    assert result.code == 0, result.output
    assert service.head().attempt == head.attempt, "no traffic was moved"
    assert stage.preview("--expect-no-changes").code == 0
    assert version not in service.stage.outputs()["services"][NAME].values()


def test_the_alarm_for_its_absence_fires_when_its_pod_is_gone_and_not_before(
    releases: Releases, load: Load, variables: Mapping[str, str]
) -> None:
    stage = releases.service.stage
    version = releases.watched("v3", **{"for": "30m", "guardrails": SLO})
    release = resolve(load_manifest(stage.folder / releases.service.paths[version]))
    server = Prometheus(variables["SLIPWAY_PROMETHEUS_URL"])
    mine = f'revision="{revision_of(release)}"'
    # The same rules, evaluated each second and firing after ten.
    group = watch_group(release, KubernetesTarget(namespace=stage.namespace), 10.0)._replace(
        name=f"watch-{stage.namespace}", interval=1
    )
    wanted = RuleGroupInputs.of(
        group, FileRules(kind="file", folder=variables["SLIPWAY_RULES"]), variables["SLIPWAY_PROMETHEUS_URL"], 60.0
    )
    until(lambda: bool(server.query(f"{BEAT}{{{mine}}}")), "the first sign of life", 120)
    target = rules.connect(wanted)
    rules.apply(wanted, target, lambda _: None, threading.Event())
    try:
        firing = f'ALERTS{{{mine},alertstate="firing"}}'
        until(lambda: bool(server.query(f"slipway:watch_until:last{{{mine}}} > time()")), "the rules", 60)
        until(lambda: bool(server.query(f"count_over_time({BEAT}{{{mine}}}[1m]) > 20")), "20 s with a process", 120)
        assert server.query(f"count_over_time({firing}[5m])") == []
        releases.service.kubectl("delete", "job", "-l", "slipway.dev/part=watch-job", "--wait=false")
        until(lambda: bool(server.query(firing)), "the alarm", 120)
    finally:
        rules.remove(wanted, target)
    assert failures(load) == []


def test_a_stack_with_alarms_declares_that_of_its_watch_and_a_preview_changes_nothing(
    releases: Releases, load: Load, variables: Mapping[str, str]
) -> None:
    stage = releases.service.stage
    (stage.folder / "alerting.yaml").write_text(yaml.safe_dump(ROUTED))
    target = {"kind": "file", "folder": variables["SLIPWAY_RULES"]}
    stage.slos = {"files": ["alerting.yaml"], "target": target, "within": "60s"}
    version = releases.watched("v4", **{"for": "30m", "guardrails": SLO})
    server = Prometheus(variables["SLIPWAY_PROMETHEUS_URL"])
    place = f'target="{KubernetesTarget(namespace=stage.namespace).place}"'

    def declared() -> list[tuple[str, str]]:
        found = server.alert_rules([WATCH_GONE])
        return [(str(one["health"]), str(one["state"])) for one in found if place in str(one["query"])]

    try:
        assert [health for health, _ in declared()] == ["ok"]
        until(lambda: bool(server.query(f"slipway:watch_until:last{{{place}}} > time()")), "a watch that is known", 60)
        until(lambda: declared() == [("ok", "inactive")], "the pod's sign of life", 90)
        assert stage.preview("--expect-no-changes").code == 0
    finally:
        stage.slos = None
        releases.service.back_to(version)
        ended = stage.up()
    assert ended.code == 0, ended.output
    assert declared() == []
    assert failures(load) == []
