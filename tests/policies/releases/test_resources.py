"""Every broken resource is refused by exactly the rule that it should be, in the pack without the engine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, unknown_checking_proxy

from policies.gates import RULES
from policies.pack import Pack
from policies.rule import Resource, ResourceRule, StackRule
from tests.policies.releases.resources import (
    BUDGET,
    COMPLETE,
    DEPLOYMENT,
    FLAGS,
    RESOURCES,
    BrokenResource,
    alert,
    budget,
    deployment,
    flag_set,
)
from tests.policies.releases.resources import RULES as RULES_RESOURCE
from tests.policies.releases.scene import ALERTING, UNKNOWN, Scene


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    made = Scene(tmp_path_factory.mktemp("project"), alerting=ALERTING)
    made.service("checkout")
    made.write()
    return made


def judged(scene: Scene, resources: Sequence[tuple[str, dict[str, Any]]]) -> dict[str, list[str]]:
    """What the rules say of resources that are declared after the Release of `checkout`."""
    pack = Pack(scene.root, scene.root / "policies", now=lambda: scene.now)
    pack.configure(pack.configured_for("prod"))
    pack.judged["checkout"] = "releases/checkout/1.0.0.yaml"
    given = [
        Resource(kind, f"r{number}", scene.urn(f"r{number}", kind), unknown_checking_proxy(_unknown(props)))
        for number, (kind, props) in enumerate(resources)
    ]
    said: dict[str, list[str]] = {}
    for rule in RULES.values():
        lines: list[str] = []
        if isinstance(rule, ResourceRule):
            lines = [line for one in given if one.type in rule.types for line in pack.of_resource(rule, one)]
        elif isinstance(rule, StackRule):
            lines = [line for line, _ in pack.of_stack(rule, given)]
        if lines:
            said[rule.gate.name] = lines
    return said


def _unknown(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _unknown(below) for key, below in value.items()}
    if isinstance(value, list):
        return [_unknown(below) for below in value]
    return UNKNOWN_STRING_VALUE if value == UNKNOWN else value


def test_complete_resources_pass(scene: Scene) -> None:
    assert judged(scene, COMPLETE) == {}


def test_without_a_declared_routing_every_alarm_is_refused(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    scene.service("checkout")
    scene.write()
    said = judged(scene, [(RULES_RESOURCE, alert())])
    assert set(said) == {"alarm-route"}
    assert "no routing is declared" in said["alarm-route"][0]


@pytest.mark.parametrize("one", RESOURCES, ids=lambda one: one.name)
def test_a_broken_resource_is_refused_by_the_rule_that_is_for_it(scene: Scene, one: BrokenResource) -> None:
    beside = [
        (BUDGET, budget()),
        (DEPLOYMENT, deployment("counted")),
        (BUDGET, budget("counted")),
        (FLAGS, flag_set()),
    ]
    said = judged(scene, [(one.type, one.props), *beside])
    assert set(said) == {one.rule}, said
    text = "\n".join(said[one.rule])
    assert f"<{one.rule}/{one.code}>" in text
    assert one.shows in text
