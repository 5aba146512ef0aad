from __future__ import annotations

from typing import Any

from hypothesis import given

from sandbox.standins.kubernetes.drift import follow
from sandbox.standins.kubernetes.values import Secret
from tests.unit.sandbox.standins.kubernetes.strategies import OBJECTS


@given(OBJECTS, OBJECTS)
def test_without_a_change_of_the_live_object_there_is_no_drift(inputs: dict[str, Any], live: dict[str, Any]) -> None:
    assert follow(inputs, live, live) == inputs


@given(OBJECTS, OBJECTS)
def test_fields_that_are_not_declared_never_drift(inputs: dict[str, Any], other: dict[str, Any]) -> None:
    undeclared = {f"not-{key}": value for key, value in other.items()}
    assert follow(inputs, inputs, inputs | undeclared) == inputs


def test_a_declared_value_follows_the_live_one() -> None:
    inputs = {"spec": {"replicas": 1, "paused": False}}
    before = {"spec": {"replicas": 1, "paused": False, "strategy": "x"}}
    now = {"spec": {"replicas": 5, "paused": False, "strategy": "y"}}
    assert follow(inputs, before, now) == {"spec": {"replicas": 5, "paused": False}}


def test_the_servers_way_of_writing_a_value_is_no_drift() -> None:
    inputs, live = {"limits": {"cpu": "1000m"}}, {"limits": {"cpu": "1"}}
    assert follow(inputs, live, dict(live)) == inputs


def test_a_declared_field_that_somebody_removed_is_missing() -> None:
    inputs = {"labels": {"a": "1", "b": "2"}}
    assert follow(inputs, inputs, {"labels": {"b": "2"}}) == {"labels": {"b": "2"}}


def test_what_the_server_never_gives_back_stays() -> None:
    inputs = {"stringData": {"a": "x"}}
    assert follow(inputs, {"data": {"a": "eA=="}}, {"data": {"a": "eQ=="}}) == inputs


def test_items_are_known_by_their_names_and_foreign_ones_ignored() -> None:
    inputs = [{"name": "app", "image": "a"}, {"name": "log", "image": "l"}]
    now = [
        {"name": "injected", "image": "i"},
        {"name": "log", "image": "l"},
        {"name": "app", "image": "b", "tty": True},
    ]
    assert follow(inputs, inputs, now) == [{"name": "app", "image": "b"}, {"name": "log", "image": "l"}]


def test_a_list_without_names_follows_item_by_item_or_as_a_whole() -> None:
    assert follow([1, {"a": 2}], [1, {"a": 2, "b": 3}], [1, {"a": 9, "b": 4}]) == [1, {"a": 9}]
    assert follow([1, 2], [1, 2], [1, 2, 3]) == [1, 2, 3]


def test_a_secret_stays_one() -> None:
    assert follow({"a": Secret("x")}, {"a": Secret("x")}, {"a": "y"}) == {"a": Secret("y")}
    assert follow({"a": Secret("x")}, {"a": "x"}, {"a": "x"}) == {"a": Secret("x")}
