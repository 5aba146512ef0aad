"""What is read of a live service."""

from __future__ import annotations

import pytest

from slipway.release.errors import ClusterError
from slipway.rollout.adopting.judge import judge
from slipway.rollout.adopting.live import read_live
from slipway.rollout.platforms.kubernetes.workloads import KubernetesWorkloads, same_repository
from tests.unit.slipway.rollout.adopting.world import deployment, route, service
from tests.unit.slipway.rollout.api import NAMESPACE, Api
from tests.unit.slipway.rollout.examples import backend

OLD = backend().model_copy(update={"workload": "checkout", "entry": "checkout", "external": True})
PATHS = {
    f"/apis/gateway.networking.k8s.io/v1/namespaces/{NAMESPACE}/httproutes/checkout": route,
    f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/checkout": deployment,
    f"/api/v1/namespaces/{NAMESPACE}/services/checkout": service,
}


@pytest.fixture
def api() -> Api:
    api = Api()
    for path, make in PATHS.items():
        api.put(path, make(), by="kubectl-edit")
    return api


def test_a_cluster_without_argo_flagger_and_keda_has_none_of_their_objects(api: Api) -> None:
    found = read_live(api.client(), NAMESPACE, "checkout", "checkout", "checkout")
    assert (found.rollouts, found.canaries, found.scaled_objects) == ([], [], [])
    assert found.service["spec"]["selector"] == {"app": "checkout"}
    assert api.writes == []
    assert [one.code for one in judge(found).obstacles] in ([], ["workload"])


def test_what_is_named_and_not_there_is_named(api: Api) -> None:
    with pytest.raises(ClusterError, match=r"Deployment shop/cart does not exist.*--deployment"):
        read_live(api.client(), NAMESPACE, "checkout", "checkout", "cart")


def test_a_service_that_selects_another_versions_pods_is_an_overlap(api: Api) -> None:
    other = deployment()
    workloads = KubernetesWorkloads(api.client(), NAMESPACE)
    new = backend("bbbbbbbb")
    other["spec"]["template"]["metadata"]["labels"] = {"app": "else"}
    path = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/{new.workload}"
    api.put(path, other)
    assert workloads.overlap(OLD, new) is None
    api.change(path, lambda found: found["spec"]["template"]["metadata"].update(labels={"app": "checkout", "x": "y"}))
    problem = workloads.overlap(OLD, new)
    assert problem is not None
    assert "app=checkout" in problem
    assert workloads.overlap(new, OLD) is not None


@pytest.mark.parametrize(
    ("image", "same"),
    [
        ("registry.example/checkout:v7", True),
        ("registry.example/checkout", True),
        ("registry.example/cart:v7", False),
        (f"registry.example/checkout@sha256:{'b' * 64}", False),
    ],
    ids=["tag", "bare", "another", "digest"],
)
def test_only_a_name_without_a_digest_can_be_taken_for_the_released_image(image: str, same: bool) -> None:
    assert same_repository(image, OLD.image) is same
