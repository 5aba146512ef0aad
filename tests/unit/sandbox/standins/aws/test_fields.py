"""Inputs become requests, and what is there becomes inputs again."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.standins.aws.changes import collides, compare, named
from sandbox.standins.aws.fields import followed, from_api, to_api, uncovered
from sandbox.standins.aws.table import LISTENER_RULE, SERVICE, TABLE, TARGET_GROUP, TASK_DEFINITION

NAMES = st.text("abc", min_size=1, max_size=3)
VALUES = st.one_of(st.text("xyz", max_size=3), st.integers(0, 9), st.booleans())
TREES: Any = st.recursive(VALUES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner))
RULE = {
    "listenerArn": "arn:l",
    "priority": 10,
    "actions": [{"type": "forward", "forward": {"targetGroups": [{"arn": "a", "weight": 0}]}}],
    "conditions": [{"pathPattern": {"values": ["/*"]}}],
}


def test_a_rule_becomes_a_request_and_is_read_back() -> None:
    request = LISTENER_RULE.outward(to_api(RULE, LISTENER_RULE.fields))
    assert request["Actions"][0]["ForwardConfig"]["TargetGroups"] == [{"TargetGroupArn": "a", "Weight": 0}]
    assert request["Conditions"][0] == {"Field": "path-pattern", "PathPatternConfig": {"Values": ["/*"]}}
    assert from_api(request, LISTENER_RULE.fields) == RULE


def test_nested_inputs_are_lifted_where_the_api_has_them() -> None:
    inputs = {"healthCheck": {"path": "/ready", "interval": 5}, "port": 80}
    request = to_api(inputs, TARGET_GROUP.fields)
    assert request == {"HealthCheckPath": "/ready", "HealthCheckIntervalSeconds": 5, "Port": 80}
    assert from_api(request, TARGET_GROUP.fields) == inputs


def test_a_choice_is_a_word_of_the_api() -> None:
    inputs = {"networkConfiguration": {"subnets": ["s"], "assignPublicIp": False}}
    request = to_api(inputs, SERVICE.fields)
    assert request["networkConfiguration"]["awsvpcConfiguration"] == {"subnets": ["s"], "assignPublicIp": "DISABLED"}


def test_keys_of_a_table_are_a_schema() -> None:
    request = TABLE.outward(to_api({"name": "t", "hashKey": "a", "rangeKey": "b"}, TABLE.fields))
    assert request["KeySchema"] == [
        {"AttributeName": "a", "KeyType": "HASH"},
        {"AttributeName": "b", "KeyType": "RANGE"},
    ]
    assert from_api(TABLE.inward(request), TABLE.fields) == {"name": "t", "hashKey": "a", "rangeKey": "b"}


@pytest.mark.parametrize(
    ("inputs", "path"),
    [
        ({"stickiness": {"type": "lb_cookie"}}, "stickiness"),
        ({"healthCheck": {"path": "/", "grace": 1}}, "healthCheck.grace"),
    ],
)
def test_what_no_field_covers_is_named(inputs: dict[str, Any], path: str) -> None:
    assert next(uncovered(inputs, TARGET_GROUP.fields)) == path


def test_what_no_field_covers_inside_a_list_is_named() -> None:
    rule = {"actions": [{"type": "authenticate-oidc", "authenticateOidc": {"issuer": "i"}}]}
    assert "actions[0].authenticateOidc" in list(uncovered(rule, LISTENER_RULE.fields))


@given(TREES)
def test_what_is_as_declared_is_followed_without_a_change(tree: Any) -> None:
    assert followed(tree, tree) == tree


@pytest.mark.parametrize(
    ("declared", "live", "now"),
    [
        (10, "10", 10),
        (True, "true", True),
        (["a", "b"], ["b", "a"], ["a", "b"]),
        ({"a": 1}, {"a": 1, "made": "by AWS"}, {"a": 1}),
        ({"a": 1}, {"a": 2}, {"a": 2}),
        ("shop", "arn:aws:ecs:eu-central-1:1:cluster/shop", "shop"),
        ("shop", "arn:aws:ecs:eu-central-1:1:cluster/other", "arn:aws:ecs:eu-central-1:1:cluster/other"),
        ('[{"name": "app"}]', '[{"essential": true, "name": "app"}]', '[{"name": "app"}]'),
        ('[{"name": "app"}]', '[{"name": "web"}]', '[{"name": "web"}]'),
    ],
)
def test_another_spelling_is_no_drift(declared: Any, live: Any, now: Any) -> None:
    assert followed(declared, live) == now


def test_another_text_of_the_same_containers_is_no_change() -> None:
    old, new = '[{"name": "app", "cpu": 1}]', '[{"cpu":1,"name":"app"}]'
    assert compare(TASK_DEFINITION, {"containerDefinitions": old}, {"containerDefinitions": new}, ()) == []


def test_containers_that_differ_are_another_task_definition() -> None:
    old, new = '[{"name": "app", "cpu": 1}]', '[{"cpu": 2,"name":"app"}]'
    (found,) = compare(TASK_DEFINITION, {"containerDefinitions": old}, {"containerDefinitions": new}, ())
    assert found.replaces


def test_a_count_changes_in_place_and_a_cluster_does_not() -> None:
    old, new = {"desiredCount": 1, "cluster": "a"}, {"desiredCount": 2, "cluster": "b"}
    found = {one.path: one.replaces for one in compare(SERVICE, old, new, ())}
    assert found == {"desiredCount": False, "cluster": True}
    assert [one.path for one in compare(SERVICE, old, new, ["cluster"])] == ["desiredCount"]


def test_two_rules_of_one_priority_cannot_be_beside_each_other() -> None:
    assert collides(LISTENER_RULE, {"listenerArn": "a", "priority": 1}, {"listenerArn": "a", "priority": 1})
    assert not collides(LISTENER_RULE, {"listenerArn": "a", "priority": 1}, {"listenerArn": "a", "priority": 2})


def test_a_name_is_made_up_once_and_fits_a_target_group() -> None:
    made = named(TARGET_GROUP, {}, {}, "a-name-that-is-very-long-indeed", b"seed")
    assert len(made["name"]) <= 32
    assert named(TARGET_GROUP, {}, made, "another", b"other") == made
    assert named(TARGET_GROUP, {"name": "own"}, {}, "x", b"")["name"] == "own"
