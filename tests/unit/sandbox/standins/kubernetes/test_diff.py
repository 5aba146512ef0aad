from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from sandbox.standins.kubernetes import diff, paths
from sandbox.standins.kubernetes.naming import AUTONAMED
from sandbox.standins.kubernetes.settings import Settings
from sandbox.standins.kubernetes.tokens import Kind
from sandbox.standins.kubernetes.values import UNKNOWN, Secret
from tests.unit.sandbox.standins.kubernetes.strategies import OBJECTS

SETTINGS = Settings(kubeconfig={}, kubeconfig_file=None, context=None, cluster=None, namespace=None)
DEPLOYMENT = Kind("apps", "v1", "Deployment")
CONFIG_MAP = Kind("", "v1", "ConfigMap")


def inputs(kind: Kind = DEPLOYMENT, **members: Any) -> dict[str, Any]:
    base = {"apiVersion": kind.api_version, "kind": kind.name, "metadata": {"name": "a", "namespace": "b"}}
    return base | members


def found(old: dict[str, Any], new: dict[str, Any], kind: Kind = DEPLOYMENT, **rest: Any) -> dict[str, str]:
    verdict = diff.compare(old, new, kind, rest.pop("settings", SETTINGS), **rest)
    marks = {False: "", True: "!"}
    return {paths.render(each.path): each.change + marks[each.replaces] for each in verdict.differences}


@given(OBJECTS)
def test_nothing_differs_from_itself(tree: dict[str, Any]) -> None:
    assert list(diff.differences(tree, tree)) == []


@given(OBJECTS, OBJECTS)
def test_differences_are_found_from_both_sides(one: dict[str, Any], other: dict[str, Any]) -> None:
    forth = {path for path, _ in diff.differences(one, other)}
    back = {path for path, _ in diff.differences(other, one)}
    assert forth == back
    assert bool(forth) == (json.dumps(one, sort_keys=True) != json.dumps(other, sort_keys=True))


def test_each_change_is_named_where_it_is() -> None:
    old = inputs(spec={"replicas": 1, "paused": True, "template": {"containers": [{"image": "a"}]}})
    new = inputs(spec={"replicas": 2, "minReadySeconds": 3, "template": {"containers": [{"image": "a"}, {"b": 1}]}})
    assert found(old, new) == {
        "spec.minReadySeconds": "add",
        "spec.paused": "delete",
        "spec.replicas": "update",
        "spec.template.containers[1]": "add",
    }


def test_a_number_is_the_same_however_it_is_written_but_no_truth_value() -> None:
    assert found(inputs(spec={"a": 1}), inputs(spec={"a": 1.0})) == {}
    assert found(inputs(spec={"a": 1}), inputs(spec={"a": True})) == {"spec.a": "update"}


def test_marking_a_value_secret_is_no_change() -> None:
    assert found(inputs(data={"a": "x"}), inputs(data={"a": Secret("x")})) == {}


def test_a_value_that_is_not_known_yet_may_change() -> None:
    assert found(inputs(spec={"replicas": 1}), inputs(spec={"replicas": UNKNOWN})) == {"spec.replicas": "update"}


def test_ignored_paths_and_what_lies_below_them_are_silent() -> None:
    old, new = inputs(spec={"replicas": 1, "a": {"b": 1}}), inputs(spec={"replicas": 2, "a": {"b": 2}})
    assert found(old, new, ignored=["spec.replicas", "spec.a"]) == {}


@pytest.mark.parametrize(
    ("kind", "old", "new", "path"),
    [
        (DEPLOYMENT, {"spec": {"selector": {"a": "b"}}}, {"spec": {"selector": {"a": "c"}}}, "spec.selector.a"),
        (CONFIG_MAP, {"data": {"a": "1"}}, {"data": {"a": "2"}}, "data.a"),
        (Kind("", "v1", "Secret"), {"stringData": {"a": "1"}}, {"stringData": {"a": "2"}}, "stringData.a"),
        (Kind("", "v1", "Service"), {"spec": {"clusterIP": "1"}}, {"spec": {"clusterIP": "None"}}, "spec.clusterIP"),
        (Kind("batch", "v1", "Job"), {"spec": {"template": {"a": 1}}}, {"spec": {"template": {}}}, "spec.template.a"),
    ],
)
def test_what_cannot_change_in_place_replaces_the_object(
    kind: Kind, old: dict[str, Any], new: dict[str, Any], path: str
) -> None:
    assert found(inputs(kind, **old), inputs(kind, **new), kind)[path].endswith("!")


def test_a_new_identity_replaces_and_needs_no_delete_first() -> None:
    moved = inputs(metadata={"name": "a", "namespace": "c"})
    verdict = diff.compare(inputs(), moved, DEPLOYMENT, SETTINGS)
    assert [each.replaces for each in verdict.differences] == [True]
    assert not verdict.delete_first


def test_a_new_version_of_the_group_is_an_update_and_a_new_group_is_not() -> None:
    assert found(inputs(), inputs(apiVersion="apps/v2")) == {"apiVersion": "update"}
    assert found(inputs(), inputs(apiVersion="extensions/v1")) == {"apiVersion": "update!"}


def test_a_replacement_under_the_same_name_deletes_first_unless_the_name_is_generated() -> None:
    old, new = inputs(CONFIG_MAP, data={"a": "1"}), inputs(CONFIG_MAP, data={"a": "2"})
    assert diff.compare(old, new, CONFIG_MAP, SETTINGS).delete_first
    marked = {"name": "a", "namespace": "b", "annotations": {AUTONAMED: "true"}}
    old, new = old | {"metadata": marked}, new | {"metadata": marked}
    assert not diff.compare(old, new, CONFIG_MAP, SETTINGS).delete_first


def test_config_maps_change_in_place_when_the_provider_says_so() -> None:
    mutable = replace(SETTINGS, config_map_mutable=True)
    old, new = inputs(CONFIG_MAP, data={"a": "1"}), inputs(CONFIG_MAP, data={"a": "2"})
    assert found(old, new, CONFIG_MAP, settings=mutable) == {"data.a": "update"}


def test_a_default_namespace_that_is_spelled_out_later_is_no_change() -> None:
    old = inputs(metadata={"name": "a"})
    assert found(old, inputs(metadata={"name": "a", "namespace": "default"})) == {}
    assert found(old, inputs(metadata={"name": "a", "namespace": "other"})) == {"metadata.namespace": "add!"}
