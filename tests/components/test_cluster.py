from __future__ import annotations

from components import Canary, cluster_options
from slipway.release.target import KubernetesTarget
from tests.components.recorder import declare
from tests.components.test_ecs_workload import TARGET as ECS
from tests.components.test_topology import arguments
from tests.manifests import release

PROVIDER = "pulumi:providers:kubernetes"
EU = KubernetesTarget(name="eu", context="eu-prod", namespace="shop")


def test_the_workloads_of_a_target_are_declared_by_a_provider_for_its_context() -> None:
    record = declare(lambda: Canary("checkout", arguments(release()), cluster_options(EU)) and None)
    provider = record.one(PROVIDER, "kubernetes-eu")
    assert provider.properties["context"] == "eu-prod"
    objects = [each for each in record if each.type.startswith("kubernetes:")]
    assert objects
    assert all(each.provider.startswith(provider.urn) for each in objects)


def test_what_belongs_on_ecs_is_declared_in_the_region_of_the_target() -> None:
    record = declare(lambda: cluster_options(ECS) and None)
    provider = record.one("pulumi:providers:aws")
    assert (provider.name, provider.properties) == ("aws-eu-central-1", {"region": "eu-central-1"})


def test_a_target_without_a_context_leaves_them_to_the_default_provider() -> None:
    record = declare(
        lambda: Canary("checkout", arguments(release()), cluster_options(KubernetesTarget(namespace="shop"))) and None
    )
    assert not record.all(PROVIDER)
