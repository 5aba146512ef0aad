from __future__ import annotations

from typing import Any

import pytest

from sandbox.standins.kubernetes.check import Checked, check
from sandbox.standins.kubernetes.tokens import Kind
from sandbox.standins.kubernetes.values import UNKNOWN, Secret

KIND = Kind("", "v1", "ConfigMap")


def checked(news: dict[str, Any], olds: dict[str, Any] | None = None, namespace: str | None = "shop") -> Checked:
    return check(news, olds or {}, KIND, resource="web", seed=b"s", default_namespace=lambda: namespace)


def test_inputs_are_completed_with_kind_name_and_namespace() -> None:
    result = checked({"data": {"a": "1"}})
    assert result.failures == []
    assert (result.inputs["apiVersion"], result.inputs["kind"]) == ("v1", "ConfigMap")
    assert result.inputs["metadata"]["name"].startswith("web-")
    assert result.inputs["metadata"]["namespace"] == "shop"


def test_what_the_program_says_is_kept_and_the_cluster_not_asked() -> None:
    def unasked() -> str:
        raise AssertionError("asked")

    news = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "b"}}
    result = check(news, {}, KIND, resource="web", seed=b"s", default_namespace=unasked)
    assert result == Checked(news, [])


def test_a_cluster_wide_kind_gets_no_namespace() -> None:
    assert "namespace" not in checked({}, namespace=None).inputs["metadata"]


def test_names_that_only_an_update_will_tell_are_left() -> None:
    news = {"metadata": {"name": UNKNOWN, "namespace": UNKNOWN}}
    assert checked(news).inputs["metadata"] == news["metadata"]
    assert checked({"metadata": UNKNOWN}).inputs["metadata"] is UNKNOWN


def test_secret_metadata_is_completed_too() -> None:
    assert checked({"metadata": Secret({"name": "a"})}).inputs["metadata"] == {"name": "a", "namespace": "shop"}


@pytest.mark.parametrize(
    ("news", "path"),
    [
        ({"kind": "Secret"}, "kind"),
        ({"metadata": "x"}, "metadata"),
        ({"metadata": {"name": ""}}, "metadata.name"),
        ({"metadata": {"namespace": 3}}, "metadata.namespace"),
        ({"metadata": {"labels": {"a/b": 1}}}, 'metadata.labels["a/b"]'),
        ({"metadata": {"annotations": {"pulumi.com/timeoutSeconds": "-1"}}},
         'metadata.annotations["pulumi.com/timeoutSeconds"]'),
    ],
)  # fmt: skip
def test_what_cannot_work_is_named(news: dict[str, Any], path: str) -> None:
    assert [name for name, _ in checked(news).failures] == [path]
