from __future__ import annotations

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
        ("discovery.k8s.io", "endpointslices"): {"list"},
        ("apps", "deployments"): {"get", "list"},
        ("apps", "deployments/scale"): {"get", "patch"},
    }


def test_the_role_is_bound_to_the_account_in_its_own_namespace() -> None:
    record = access()
    binding = record.one(BINDING).properties
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "slipway-rollout", "namespace": "shop"}]
    assert binding["roleRef"]["kind"] == "Role"
    assert {each.properties["metadata"]["namespace"] for each in record if "metadata" in each.properties} == {"shop"}
    assert {record.one(ROLE).urn, record.one(ACCOUNT).urn} <= record.one(BINDING).depends_on
