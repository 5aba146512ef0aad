from __future__ import annotations

import json
from typing import Any

import pytest

from slipway.release.errors import ClusterError, LeaseLost
from slipway.rollout.platforms.base import Reason
from slipway.rollout.platforms.kubernetes.workloads import KubernetesWorkloads
from slipway.rollout.process.fence import Fence
from tests.unit.slipway.rollout.api import NAMESPACE, Api, doing, untouched
from tests.unit.slipway.rollout.examples import backend

BACKEND = backend()
NAME = BACKEND.workload
DEPLOYMENT = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/{NAME}"
SLICES = f"/apis/discovery.k8s.io/v1/namespaces/{NAMESPACE}/endpointslices"
PODS = f"/api/v1/namespaces/{NAMESPACE}/pods"
LABELS = {"slipway.dev/service": "checkout", "slipway.dev/revision": "aaaaaaaa"}


@pytest.fixture
def api() -> Api:
    return Api()


def workloads(api: Api) -> KubernetesWorkloads:
    return KubernetesWorkloads(api.client(), NAMESPACE, patience=api.patience)


def deployment(*, ready: int = 3, observed: int = 1, **changes: Any) -> dict[str, Any]:
    template = {"metadata": {"labels": LABELS}, "spec": {"containers": []}}
    return {
        "spec": {"replicas": 3, "selector": {"matchLabels": LABELS}, "template": template, **changes.pop("spec", {})},
        "status": {"observedGeneration": observed, "readyReplicas": ready, **changes.pop("status", {})},
    }


def endpoint(pod: str | None = None, address: str = "10.0.0.1", **conditions: bool) -> dict[str, Any]:
    found: dict[str, Any] = {"addresses": [address], "conditions": conditions}
    return found if pod is None else {**found, "targetRef": {"kind": "Pod", "name": pod}}


def slice_of(*endpoints: dict[str, Any], family: str = "IPv4", service: str = BACKEND.entry) -> dict[str, Any]:
    labels = {"kubernetes.io/service-name": service}
    return {"metadata": {"labels": labels}, "addressType": family, "endpoints": list(endpoints)}


def test_ready_replicas_endpoints_and_restarts_are_counted(api: Api) -> None:
    api.put(DEPLOYMENT, deployment())
    api.put(f"{SLICES}/a", slice_of(endpoint("p1", ready=True), endpoint("p2", ready=True)))
    api.put(f"{SLICES}/b", slice_of(endpoint("p9", ready=True), service="another"))
    status = {"name": "m", "image": "i", "imageID": "", "ready": True, "restartCount": 2, "state": {"running": {}}}
    conditions = [{"type": "Ready", "status": "True"}]
    pod = {"metadata": {"labels": LABELS}, "status": {"conditions": conditions, "containerStatuses": [status]}}
    api.put(f"{PODS}/p1", pod)
    found = workloads(api).readiness(BACKEND)
    assert (found.desired, found.ready, found.endpoints_ready, found.restarts) == (3, 3, 2, 2)
    assert (found.problem, found.reason, found.fatal) == (None, None, False)


def test_counts_of_an_older_generation_are_not_believed(api: Api) -> None:
    api.put(DEPLOYMENT, deployment(observed=0))
    assert workloads(api).readiness(BACKEND).ready == 0


def test_a_deployment_without_a_status_has_nothing_ready(api: Api) -> None:
    content = deployment()
    del content["status"]
    api.put(DEPLOYMENT, content)
    assert workloads(api).readiness(BACKEND).ready == 0


def test_terminating_and_unready_endpoints_take_no_traffic_and_an_unset_condition_means_ready(api: Api) -> None:
    api.put(DEPLOYMENT, deployment())
    unready, leaving = endpoint("p2", ready=False), endpoint("p3", ready=True, serving=True, terminating=True)
    api.put(f"{SLICES}/a", slice_of(endpoint("p1"), unready, leaving))
    assert workloads(api).readiness(BACKEND).endpoints_ready == 1


def test_a_pod_in_slices_of_both_address_families_is_one_endpoint(api: Api) -> None:
    api.put(DEPLOYMENT, deployment())
    api.put(f"{SLICES}/a", slice_of(endpoint("p1", ready=True)))
    api.put(f"{SLICES}/b", slice_of(endpoint("p1", "fd00::1", ready=True), family="IPv6"))
    api.put(f"{SLICES}/c", slice_of(endpoint(None, "10.0.0.7", ready=True)))
    assert workloads(api).readiness(BACKEND).endpoints_ready == 2


def test_pods_that_were_never_made_are_a_problem_of_the_deployment(api: Api) -> None:
    condition = {"type": "ReplicaFailure", "status": "True", "message": "exceeded quota"}
    api.put(DEPLOYMENT, deployment(ready=0, status={"conditions": [condition]}))
    found = workloads(api).readiness(BACKEND)
    assert (found.reason, found.problem) == (Reason.QUOTA, "pods cannot be created: exceeded quota")


def test_a_missing_deployment_is_a_problem_and_no_error(api: Api) -> None:
    found = workloads(api).readiness(BACKEND)
    assert found.reason is Reason.MISSING
    assert found.problem is not None
    assert found.problem.startswith(f"Deployment shop/{NAME} does not exist; check that its workload was created")
    assert "`pulumi up --refresh`" in found.problem
    assert workloads(api).replicas(BACKEND) == 0


def test_scaling_writes_nothing_but_the_replicas_of_the_scale(api: Api) -> None:
    api.put(DEPLOYMENT, deployment())
    workloads(api).scale(BACKEND, 7)
    assert [request.method for request in api.requests] == ["GET", "PATCH"]
    request = api.requests[1]
    assert request.url.path == f"{DEPLOYMENT}/scale"
    assert json.loads(request.content) == {"metadata": {"resourceVersion": "1"}, "spec": {"replicas": 7}}
    assert workloads(api).replicas(BACKEND) == 7


def test_scaling_to_what_is_wanted_already_writes_nothing(api: Api) -> None:
    api.put(DEPLOYMENT, deployment())
    workloads(api).scale(BACKEND, 3)
    assert api.writes == []


def test_an_autoscaler_that_writes_in_between_is_read_and_overwritten(api: Api) -> None:
    api.put(DEPLOYMENT, deployment())
    api.before.extend([untouched, doing(lambda: api.put(DEPLOYMENT, deployment(spec={"replicas": 5})))])
    workloads(api).scale(BACKEND, 7)
    assert [request.method for request in api.requests] == ["GET", "PATCH", "GET", "GET", "PATCH"]
    assert workloads(api).replicas(BACKEND) == 7


def test_nothing_is_scaled_when_the_right_to_write_ends_after_the_read(api: Api) -> None:
    api.put(DEPLOYMENT, deployment())
    fence = Fence()
    fence.arm("r1")
    fence.note_renewal(fence.now(), 15)
    api.before.append(doing(lambda: fence.lose("another holds the Lease")))
    with pytest.raises(LeaseLost, match="another holds the Lease"):
        KubernetesWorkloads(api.client(), NAMESPACE, fence, api.patience).scale(BACKEND, 7)
    assert api.writes == []


@pytest.mark.parametrize(
    ("containers", "image"),
    [
        ([{"name": "checkout", "image": "r/a@sha256:1"}], "r/a@sha256:1"),
        ([{"name": "mesh", "image": "m"}, {"name": "checkout", "image": "r/b@sha256:2"}], "r/b@sha256:2"),
        ([{"name": "else", "image": "c"}], "c"),
        ([{"name": "else", "image": "c"}, {"name": "other", "image": "d"}], None),
        ([], None),
    ],
)
def test_the_image_is_that_of_the_services_own_container(
    api: Api, containers: list[dict[str, str]], image: str | None
) -> None:
    template = {"metadata": {"labels": LABELS}, "spec": {"containers": containers}}
    api.put(DEPLOYMENT, deployment(spec={"template": template}))
    assert workloads(api).readiness(BACKEND).image == image


def test_undeclared_replicas_are_one(api: Api) -> None:
    content = deployment()
    del content["spec"]["replicas"]
    api.put(DEPLOYMENT, content)
    assert workloads(api).replicas(BACKEND) == 1


def test_scaling_what_is_not_there_is_an_error(api: Api) -> None:
    with pytest.raises(ClusterError, match=f"scale of Deployment shop/{NAME}"):
        workloads(api).scale(BACKEND, 1)


@pytest.mark.parametrize("selector", [{}, {"matchExpressions": [{"key": "a", "operator": "Exists"}]}])
def test_a_selector_that_could_take_other_pods_is_refused(api: Api, selector: dict[str, Any]) -> None:
    api.put(DEPLOYMENT, deployment(spec={"selector": selector}))
    with pytest.raises(ClusterError, match="does not select its pods by matchLabels alone"):
        workloads(api).readiness(BACKEND)
