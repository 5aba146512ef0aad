from __future__ import annotations

import pytest

from components import RolloutAccess, RolloutAccessArgs
from tests.components.recorder import Record, declare

ROLE, BINDING = "kubernetes:rbac.authorization.k8s.io/v1:Role", "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding"
ACCOUNT = "kubernetes:core/v1:ServiceAccount"


def access() -> Record:
    return declare(lambda: RolloutAccess("slipway-rollout", RolloutAccessArgs(namespace="shop")) and None)


def test_the_role_allows_what_a_rollout_does_and_nothing_else() -> None:
    rules = access().one(ROLE).properties["rules"]
    allowed = {
        (group, resource): set(rule["verbs"])
        for rule in rules
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }
    assert allowed == {
        ("gateway.networking.k8s.io", "httproutes"): {"get", "list", "create", "update", "delete"},
        ("coordination.k8s.io", "leases"): {"get", "create", "update", "delete"},
        ("", "configmaps"): {"get", "list", "create", "update", "patch", "delete"},
        ("core.openfeature.dev", "featureflags"): {"get", "create", "update", "delete"},
        ("", "pods"): {"list"},
        ("", "services"): {"get"},
        ("discovery.k8s.io", "endpointslices"): {"list"},
        ("apps", "deployments"): {"get", "list"},
        ("apps", "deployments/scale"): {"get", "patch"},
        ("autoscaling", "horizontalpodautoscalers"): {"get", "patch"},
        ("keda.sh", "scaledobjects"): {"get", "patch"},
    }


def test_the_role_is_bound_to_the_account_in_its_own_namespace() -> None:
    record = access()
    binding = record.one(BINDING).properties
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "slipway-rollout", "namespace": "shop"}]
    assert binding["roleRef"]["kind"] == "Role"
    assert {each.properties["metadata"]["namespace"] for each in record if "metadata" in each.properties} == {"shop"}
    assert {record.one(ROLE).urn, record.one(ACCOUNT).urn} <= record.one(BINDING).depends_on


def in_cluster() -> Record:
    args = RolloutAccessArgs(namespace="shop", runner="slipway-runner")
    return declare(lambda: RolloutAccess("slipway-rollout", args) and None)


def rights(record: Record, role: str) -> set[tuple[str, str]]:
    (found,) = [one for one in record if one.type == ROLE and one.properties["metadata"]["name"] == role]
    rules = found.properties["rules"]
    return {(resource, verb) for rule in rules for resource in rule["resources"] for verb in rule["verbs"]}


def test_who_only_follows_rollouts_can_move_no_traffic() -> None:
    record = in_cluster()
    follower = rights(record, "slipway-rollout")
    assert {verb for resource, verb in follower if resource == "httproutes"} == {"get", "list"}
    assert {resource for resource, verb in follower if verb not in ("get", "list")} == {"jobs", "configmaps"}
    assert {resource for resource, _ in rights(record, "slipway-runner") if resource == "jobs"} == set()
    assert ("httproutes", "update") in rights(record, "slipway-runner")


def test_who_reads_proxies_gets_a_role_of_its_own_beside_them_and_only_when_asked_for() -> None:
    args = RolloutAccessArgs(namespace="shop", runner="slipway-runner", proxies="projectcontour")
    record = declare(lambda: RolloutAccess("slipway-rollout", args) and None)
    assert rights(record, "slipway-rollout-proxies") == {("pods", "list"), ("pods/proxy", "get")}
    (binding,) = [one.properties for one in record if one.type == BINDING and "proxies" in one.name]
    assert binding["metadata"]["namespace"] == "projectcontour"
    assert [(one["name"], one["namespace"]) for one in binding["subjects"]] == [
        ("slipway-rollout", "shop"),
        ("slipway-runner", "shop"),
    ]
    assert not any("proxies" in one.name for one in in_cluster())


def test_the_two_accounts_are_two() -> None:
    args = RolloutAccessArgs(namespace="shop", service_account="same", runner="same")
    with pytest.raises(ValueError, match="two"):
        declare(lambda: RolloutAccess("same", args) and None)
