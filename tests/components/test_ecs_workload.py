"""The set of one revision on ECS."""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any

import pytest

from components import EcsWorkload, EcsWorkloadArgs, aws_objects
from slipway.release.ecs_setting import EcsSetting
from slipway.release.revision import revision_of
from slipway.release.rollout_inputs import Backend
from slipway.release.target import EcsTarget
from slipway.release.tokens import LISTENER_PRIORITY
from tests.components.recorder import Record, declare
from tests.manifests import STRATEGIES, release

LISTENER = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:listener/app/edge/0123456789abcdef/0123456789abcdef"
TARGET = EcsTarget(
    kind="ecs", region="eu-central-1", cluster="shop", listener=LISTENER, table="releases", rules={"checkout": 110}
)
ECS = EcsSetting(vpc="vpc-1", subnets=("subnet-1", "subnet-2"), security_groups=("sg-1",))
GROUP, RULE = "aws:lb/targetGroup:TargetGroup", "aws:lb/listenerRule:ListenerRule"
TASK, SERVICE = "aws:ecs/taskDefinition:TaskDefinition", "aws:ecs/service:Service"
PLAIN: dict[str, Any] = {"workload__probes": {"readiness": {"path": "/ready"}}}


def declared(**changes: Any) -> Record:
    args = EcsWorkloadArgs.of(release(**PLAIN, **changes), TARGET, ECS)
    answers = {kind: {"arn": f"arn:{kind}"} for kind in (GROUP, RULE, TASK, SERVICE)}
    return declare(lambda: EcsWorkload("mine", args) and None, {**answers, LISTENER_PRIORITY: {"priority": 45678}})


def test_everything_is_named_by_service_and_revision() -> None:
    revision = revision_of(release(**PLAIN))
    record = declared()
    assert record.one(TASK).properties["family"] == f"checkout-{revision}"
    assert record.one(SERVICE).properties["name"] == f"checkout-{revision}"
    assert {one.type for one in record if one.type.startswith("aws:")} == {GROUP, RULE, TASK, SERVICE}


def test_the_rollout_finds_the_target_group_by_its_name() -> None:
    name = declared().one(GROUP).properties["name"]
    assert name == Backend.of(release(**PLAIN), TARGET).entry
    assert re.fullmatch(r"checkout-[0-9a-f]{10}", name)


@pytest.mark.parametrize("other", [{"cluster": "staging"}, {"listener": LISTENER[:-1]}])
def test_one_account_holds_the_same_revision_in_several_stages(other: dict[str, str]) -> None:
    name = declared().one(GROUP).properties["name"]
    assert Backend.of(release(**PLAIN), TARGET.model_copy(update=other)).entry != name


def test_two_services_of_one_revision_have_warm_rules_of_their_own() -> None:
    one, other = declared(), declared(service="cart")
    assert revision_of(release(**PLAIN)) == revision_of(release(**PLAIN, service="cart"))
    asked = [record.one(LISTENER_PRIORITY).properties["workload"] for record in (one, other)]
    assert asked[0] != asked[1]
    assert [record.one(RULE).properties["conditions"][0]["httpHeader"]["values"] for record in (one, other)] == [
        [asked[0]],
        [asked[1]],
    ]


def test_the_warm_rule_has_the_number_that_is_free_at_its_listener() -> None:
    record = declared()
    assert record.one(RULE).properties["priority"] == 45678
    asked = record.one(LISTENER_PRIORITY).properties
    assert (asked["listener"], asked["region"], asked["kept"]) == (LISTENER, "eu-central-1", [109, 110])


def test_another_revision_is_another_set() -> None:
    one, other = declared(), declared(workload__env={"A": "1"})
    named = ((GROUP, "name"), (TASK, "family"), (SERVICE, "name"), (LISTENER_PRIORITY, "workload"))
    for kind, key in named:
        assert one.one(kind).properties[key] != other.one(kind).properties[key]


def test_the_service_comes_after_the_rule_that_keeps_its_group_in_use() -> None:
    record = declared()
    rule = record.one(RULE)
    assert rule.urn in record.one(SERVICE).depends_on
    header = rule.properties["conditions"][0]["httpHeader"]
    assert header == {"httpHeaderName": "x-slipway-revision", "values": [f"checkout-{revision_of(release(**PLAIN))}"]}
    assert rule.properties["actions"] == [{"type": "forward", "targetGroupArn": f"arn:{GROUP}"}]


def test_the_service_moves_no_traffic_itself_and_gives_up_by_its_circuit_breaker() -> None:
    found = declared().one(SERVICE).properties
    assert found["deploymentCircuitBreaker"] == {"enable": True, "rollback": False}
    assert "deploymentController" not in found
    assert found["waitForSteadyState"] is False


@pytest.mark.parametrize(("strategy", "count"), [(STRATEGIES["rolling"], None), (None, 3)])
def test_the_count_is_declared_unless_the_rollout_owns_it(strategy: dict[str, Any] | None, count: int | None) -> None:
    changes = {} if strategy is None else {"strategy": strategy}
    assert declared(workload__replicas=3, **changes).one(SERVICE).properties.get("desiredCount") == count


CONTENTS: dict[str, tuple[str, dict[str, Any]]] = {
    "TargetGroup": ("lb.target_group", {"name": "a", "port": 80, "targetType": "ip"}),
    "ListenerRule": ("lb.listener_rule", {"listenerArn": "l", "priority": 1, "actions": [], "conditions": []}),
    "TaskDefinition": ("ecs.task_definition", {"family": "a", "containerDefinitions": "[]"}),
    "Service": ("ecs.service", {"name": "a", "desiredCount": 1}),
}


SDK = {kind: getattr(import_module(f"pulumi_aws.{module}"), kind) for kind, (module, _) in CONTENTS.items()}
"""From the files that define them: the packages above are loaded lazily, and not again where that was cut short."""


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


@pytest.mark.parametrize("kind", CONTENTS)
def test_type_and_inputs_are_those_of_the_providers_own_sdk(kind: str) -> None:
    content, theirs = CONTENTS[kind][1], SDK[kind]
    named = {_snake(name): value for name, value in content.items()}
    (wanted,) = declare(lambda: theirs("mine", **named) and None)
    (found,) = declare(lambda: getattr(aws_objects, kind)("mine", content) and None)
    assert (found.type, found.properties) == (wanted.type, wanted.properties)
