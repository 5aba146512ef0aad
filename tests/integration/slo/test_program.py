"""The project's program on the real engine: its objectives are evaluated by a real Prometheus when the update ends."""

from __future__ import annotations

from typing import Any

import yaml

from slipway.rollout.metrics.prometheus_api import Prometheus
from tests.integration.engine.conftest import Stack
from tests.integration.slo.monitoring import Monitoring
from tests.unit.slipway.release.slo.examples import document

GROUPS = {"alarm-CheckoutQueueStuck.yaml", "slo-checkout-availability.yaml", "slo-checkout-latency.yaml"}


def declare(stack: Stack, world: Monitoring, content: dict[str, Any]) -> None:
    stack.write("alerting.yaml", yaml.safe_dump(content, sort_keys=False))
    slos = {
        "files": ["alerting.yaml"],
        "target": {"kind": "file", "folder": str(world.rules)},
        "url": world.prometheus,
        "within": "90s",
    }
    manifest = stack.release("1.0.0")
    off = {"mode": "off", "reason": "a test of objectives alone"}
    stack.configure({"checkout": {"manifest": manifest}}, slos=slos, gates=off)


def test_objectives_come_with_the_stack_and_go_with_it(stack: Stack, world: Monitoring) -> None:
    stack.run_scripted()
    declare(stack, world, document())
    stack.pulumi("preview")
    assert list(world.rules.iterdir()) == []
    stack.up()
    assert {path.name for path in world.rules.iterdir()} == GROUPS
    found = Prometheus(world.prometheus).alert_rules(["SloBurnRatePage", "SloNoData", "CheckoutQueueStuck"])
    assert [rule["health"] for rule in found] == ["ok"] * 5
    budgets = {name: each["budget"] for name, each in stack.outputs()["slos"].items()}
    assert budgets["checkout-latency"] == 'slo:budget_remaining:ratio{slo="checkout-latency"}'
    assert not [step for step in stack.steps() if "RuleGroup" in step]
    stack.pulumi("destroy", "--yes")
    assert list(world.rules.iterdir()) == []
    assert Prometheus(world.prometheus).rule_groups("slo-checkout-latency") == []


def test_a_broken_expression_and_an_owner_without_a_route_end_the_preview(stack: Stack, world: Monitoring) -> None:
    stack.run_scripted()
    broken = document()
    broken["alarms"][0]["when"]["expression"] = "rate(checkout_orders_total) > 1"
    declare(stack, world, broken)
    said = stack.pulumi("preview", succeed=False).stdout
    assert "alerting.yaml: alarms[0].when.expression (line " in said
    assert "expected type matrix in call to function 'rate', got vector" in said
    unrouted = document()
    unrouted["slos"][0]["owner"] = "team-typo"
    declare(stack, world, unrouted)
    said = stack.pulumi("preview", succeed=False).stdout
    assert "alerting.yaml: slos[0].owner (line " in said
    assert "team-typo has no route" in said


def test_what_the_servers_version_does_not_know_ends_the_preview(stack: Stack, world: Monitoring) -> None:
    stack.run_scripted()
    newer = document()
    newer["alarms"][0]["when"]["expression"] = "limitk(2, checkout_queue_oldest_seconds) > 300"
    declare(stack, world, newer)
    said = stack.pulumi("preview", succeed=False).stdout
    assert "CheckoutQueueStuck of group alarm-CheckoutQueueStuck" in said
    assert "nothing was written" in said
