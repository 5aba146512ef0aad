"""What is declared without the provider's SDK is what the SDK would declare."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest

from components import objects
from tests.components.recorder import Registered, declare

METADATA = {"name": "mine", "namespace": "shop", "labels": {"a": "b"}}
CONTENTS: dict[str, tuple[str, dict[str, Any]]] = {
    "ConfigMap": ("core.v1", {"immutable": True, "data": {"a.b": "c"}}),
    "Service": ("core.v1", {"spec": {"type": "ClusterIP", "ports": [{"port": 80, "targetPort": 8080}]}}),
    "ServiceAccount": ("core.v1", {"automountServiceAccountToken": False}),
    "Deployment": ("apps.v1", {"spec": {"replicas": 3, "selector": {"matchLabels": {"a": "b"}}, "template": {}}}),
    "PodDisruptionBudget": ("policy.v1", {"spec": {"maxUnavailable": "25%"}}),
    "Role": ("rbac.v1", {"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}]}),
    "RoleBinding": ("rbac.v1", {"roleRef": {"apiGroup": "x", "kind": "Role", "name": "mine"}}),
}


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


@pytest.mark.parametrize("kind", CONTENTS)
def test_type_and_inputs_are_those_of_the_providers_own_sdk(kind: str) -> None:
    package, content = CONTENTS[kind]
    theirs = getattr(import_module(f"pulumi_kubernetes.{package}"), kind)
    named = {_snake(name): value for name, value in content.items()}
    (wanted,) = declare(lambda: theirs("mine", metadata=METADATA, **named) and None)
    (found,) = declare(lambda: getattr(objects, kind)("mine", {"metadata": METADATA, **content}) and None)
    assert isinstance(found, Registered)
    assert (found.type, found.properties) == (wanted.type, wanted.properties)


def test_a_resource_of_an_operator_is_what_the_sdk_would_declare() -> None:
    content = {"spec": {"groups": [{"name": "g", "rules": []}]}}

    def theirs() -> None:
        made = import_module("pulumi_kubernetes.apiextensions").CustomResource
        made("mine", api_version="monitoring.coreos.com/v1", kind="PrometheusRule", metadata=METADATA, **content)

    (wanted,) = declare(theirs)
    (found,) = declare(lambda: objects.PrometheusRule("mine", {"metadata": METADATA, **content}) and None)
    assert (found.type, found.properties) == (wanted.type, wanted.properties)


def test_a_field_without_a_value_is_left_out() -> None:
    (found,) = declare(lambda: objects.Service("mine", {"metadata": METADATA, "spec": None}) and None)
    assert "spec" not in found.properties
