from __future__ import annotations

import json
from typing import Any

from sandbox.standins.kubernetes import adopt

METADATA = {"name": "web", "namespace": "shop", "uid": "1", "resourceVersion": "7", "creationTimestamp": "now"}
IDENTITY = {"name": "web", "namespace": "shop"}
LIVE: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": METADATA | {"labels": {"a": "1", "theirs": "2"}},
    "spec": {
        "replicas": 3,
        "finalizers": ["mine", "theirs"],
        "containers": [{"name": "app", "image": "i", "pullPolicy": "Always"}, {"name": "injected", "image": "j"}],
    },
    "status": {"ready": 3},
}
FIELDS = {
    "f:metadata": {"f:labels": {"f:a": {}}},
    "f:spec": {
        "f:finalizers": {'v:"mine"': {}},
        "f:containers": {'k:{"name":"app"}': {".": {}, "f:name": {}, "f:image": {}}},
    },
}


def with_managers(*entries: dict[str, Any]) -> dict[str, Any]:
    return LIVE | {"metadata": LIVE["metadata"] | {"managedFields": list(entries)}}


def test_what_was_applied_on_the_server_is_what_was_declared() -> None:
    live = with_managers(
        {"manager": "pulumi-kubernetes-1", "operation": "Apply", "fieldsV1": FIELDS},
        {"manager": "kubelet", "operation": "Update", "fieldsV1": {"f:spec": {"f:replicas": {}}}},
        {"manager": "c", "operation": "Apply", "subresource": "status", "fieldsV1": {"f:status": {}}},
    )
    assert adopt.declared(live) == {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": IDENTITY | {"labels": {"a": "1"}},
        "spec": {"finalizers": ["mine"], "containers": [{"name": "app", "image": "i"}]},
    }


def test_what_two_managers_applied_is_put_together() -> None:
    live = with_managers(
        {"manager": "one", "operation": "Apply", "fieldsV1": {"f:spec": {"f:replicas": {}}}},
        {"manager": "two", "operation": "Apply", "fieldsV1": {"f:metadata": {"f:labels": {"f:theirs": {}}}}},
    )
    declared = adopt.declared(live)
    assert declared["spec"] == {"replicas": 3}
    assert declared["metadata"]["labels"] == {"theirs": "2"}


def test_kubectls_last_applied_configuration_is_what_was_declared() -> None:
    applied = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {"replicas": 2}}
    notes = {"kubectl.kubernetes.io/last-applied-configuration": json.dumps(applied)}
    live = LIVE | {"metadata": METADATA | {"annotations": notes}}
    assert adopt.declared(live) == applied | {"metadata": IDENTITY}


def test_of_anything_else_only_the_servers_own_fields_are_left_out() -> None:
    declared = adopt.declared(LIVE)
    assert "status" not in declared
    assert declared["metadata"] == IDENTITY | {"labels": {"a": "1", "theirs": "2"}}
    assert declared["spec"] == LIVE["spec"]


def test_the_manager_of_an_earlier_pulumi_is_found() -> None:
    ours = {"manager": "pulumi-kubernetes-1", "operation": "Apply"}
    assert adopt.manager(with_managers({"manager": "kubectl", "operation": "Apply"}, ours)) == "pulumi-kubernetes-1"
    assert adopt.manager(LIVE) is None


def test_managed_fields_are_not_recorded() -> None:
    live = with_managers({"manager": "m"})
    assert adopt.without_managed_fields(live)["metadata"] == LIVE["metadata"]
