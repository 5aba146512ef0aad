"""From an objective to a message at its owner: the real Prometheus and the real Alertmanager, on the loopback."""

from __future__ import annotations

import threading
import time

import pytest

from slipway.release.errors import ClusterError, QueryRefused
from slipway.release.revision import revision_of
from slipway.release.slo.delivery import FileRules, RuleGroupInputs
from slipway.release.slo.rules import NO_DATA, PAGE, TICKET, RuleGroup, budget_query, slo_group
from slipway.release.slo.watch_alarm import BEAT, LAST_UNTIL, UNTIL, WATCH_GONE, selector, watch_group, watch_labels
from slipway.release.target import KubernetesTarget
from slipway.rollout.gate_inputs import error_budget
from slipway.rollout.metrics.prometheus_api import Prometheus
from slipway.rollout.rules import apply as rules
from tests.integration.rollout.stage import eventually
from tests.integration.slo.monitoring import WITHIN, Monitoring
from tests.manifests import release
from tests.unit.slipway.release.slo.examples import slo

WATCH = {"for": "1h", "guardrails": [{"name": "slo", "kind": "slo", "objective": "1%"}]}
SLO = slo(events={"total": "requests_total", "bad": 'requests_total{code="503"}'})

SHOP = KubernetesTarget(namespace="shop")


def _quick(group: RuleGroup) -> RuleGroup:
    """Evaluated each second."""
    return group._replace(interval=1)


def test_a_burning_objective_pages_its_owner_by_the_owners_route(world: Monitoring) -> None:
    world.count(good=1000, bad=0)
    world.bring(_quick(slo_group(SLO)))
    server = Prometheus(world.prometheus)
    eventually(lambda: server.query("requests_total"), bool)
    world.count(good=1000, bad=100)
    arrived = dict(world.hook.messages.get(timeout=WITHIN) for _ in range(2))
    assert arrived.keys() == {"/checkout/page", "/checkout/ticket"}, "and nothing at the fallback"
    ((alert,), (ticket,)) = (arrived[f"/checkout/{severity}"]["alerts"] for severity in ("page", "ticket"))
    assert (alert["labels"]["alertname"], ticket["labels"]["alertname"]) == (PAGE, TICKET)
    assert (alert["labels"]["owner"], alert["labels"]["slo"]) == ("team-checkout", "checkout-availability")
    assert alert["annotations"]["runbook_url"] == SLO.runbook
    of_the_service = 'min(slo:budget_remaining:ratio{service="{service}"})'
    for query in (budget_query(SLO), of_the_service):
        spent = error_budget.observe(world.prometheus, query, "checkout")
        assert spent.remaining == 0, spent


def test_before_any_event_the_budget_is_absent_and_said_so_in_words(world: Monitoring) -> None:
    world.bring(_quick(slo_group(SLO)))
    found = error_budget.observe(world.prometheus, budget_query(SLO), "checkout")
    assert found.remaining is None
    assert "0 series where one number was asked for" in found.problem


def test_a_rule_that_the_server_cannot_read_never_reaches_it(world: Monitoring) -> None:
    world.count(good=1, bad=0)
    world.bring(_quick(slo_group(SLO)))
    newer = RuleGroup("newer", ({"record": "a:b", "expr": "limitk(2, requests_total)"},))
    with pytest.raises(QueryRefused, match=r"a:b of group newer: .*; nothing was written"):
        world.bring(newer)
    assert [path.name for path in world.rules.iterdir()] == ["slo-checkout-availability.yaml"]
    world.bring(RuleGroup("sound", ({"record": "a:b", "expr": "sum(requests_total)"},), 1))


def test_a_broken_file_of_others_is_named_as_the_reason_and_ours_is_put_back(world: Monitoring) -> None:
    (world.rules / "others.yaml").write_text("groups: [{name: g, rules: [{record: 'a', expr: 'sum('}]}]")
    with pytest.raises(ClusterError, match=r"did not reload \(HTTP 500\)"):
        world.bring(_quick(slo_group(SLO)))
    assert [path.name for path in world.rules.iterdir()] == ["others.yaml"]


def test_rules_that_nobody_loads_fail_with_the_servers_own_word_on_its_reload(world: Monitoring) -> None:
    (world.rules / "others.yaml").write_text("groups: [{name: g, rules: [{record: 'a', expr: 'sum('}]}]")
    with pytest.raises(ClusterError, match="did not reload"):
        Prometheus(world.prometheus).reload()
    elsewhere = RuleGroupInputs.of(slo_group(SLO), FileRules(kind="file", folder="/x"), world.prometheus, 1.0)
    waiting = elsewhere.model_copy(update={"file": None})
    with pytest.raises(ClusterError, match="prometheus_config_last_reload_successful 0"):
        rules.apply(waiting, rules.connect(waiting), lambda _: None, threading.Event())


def test_the_alarm_for_missing_data_is_evaluated_and_does_not_fire_at_once(world: Monitoring) -> None:
    world.bring(_quick(slo_group(SLO)))
    found = Prometheus(world.prometheus).alert_rules([NO_DATA])
    assert [rule["health"] for rule in found] == ["ok"]
    assert world.hook.messages.empty()


def test_a_watch_whose_process_is_gone_is_a_ticket_for_its_owner(world: Monitoring) -> None:
    watched = release(owner__team="team-checkout", watch=WATCH)
    labels = selector(watch_labels("checkout", revision_of(watched), SHOP))
    now = time.time()
    world.emitter.text = f"{UNTIL}{labels} {now + 3600}\n{BEAT}{labels} {now + 3600}\n"
    world.bring(_quick(watch_group(watched, SHOP, 2.0)))
    server = Prometheus(world.prometheus)
    eventually(lambda: server.query(f"{LAST_UNTIL}{labels}"), bool)
    assert server.query("ALERTS") == []
    world.emitter.text = ""
    place, message = world.hook.messages.get(timeout=WITHIN)
    assert place == "/checkout/ticket"
    assert [alert["labels"]["alertname"] for alert in message["alerts"]] == [WATCH_GONE]
