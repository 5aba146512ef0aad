"""What several rollouts of a process read at once, against what each would read by itself."""

from __future__ import annotations

from typing import Any

import pytest
from lightkube.resources.core_v1 import Pod

from slipway.release.errors import ClusterError
from slipway.rollout.platforms.base import Intent
from slipway.rollout.platforms.kubernetes.intents import ConfigMapIntents
from slipway.rollout.platforms.kubernetes.view import AT_ONCE, RESTS, View, view_of
from slipway.rollout.platforms.kubernetes.workloads import KubernetesWorkloads
from slipway.rollout.process import sharing
from slipway.rollout.routers.base import Split
from slipway.rollout.routers.gateway_api import GatewayApiRouter
from tests.unit.slipway.rollout.api import NAMESPACE, Api, Json, answering, refusal
from tests.unit.slipway.rollout.examples import backend
from tests.unit.slipway.rollout.routers.test_gateway_api import PLAIN

OLD, NEW = backend("aaaaaaaa"), backend("bbbbbbbb")
AGE = 1.0


@pytest.fixture(autouse=True)
def at_any_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "PAUSE", 0.0)


@pytest.fixture
def api() -> Api:
    found = Api()
    for side in (OLD, NEW):
        labels = {"slipway.dev/service": "checkout", "slipway.dev/revision": side.revision}
        put(found, side.workload, labels)
    return found


def put(api: Api, name: str, labels: dict[str, str], *, ready: int = 3, label: bool = True) -> None:
    """One ready version: Deployment, its EndpointSlice and a pod that says what is wrong when it is not ready."""
    meta: Json = {"labels": labels} if label else {}
    spec = {"replicas": 3, "selector": {"matchLabels": labels}, "template": {"spec": {"containers": []}}}
    status = {"observedGeneration": 1, "readyReplicas": ready, "replicas": 3}
    api.put(
        f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/{name}", {"metadata": meta, "spec": spec, "status": status}
    )
    piece = {
        "addressType": "IPv4",
        "endpoints": [{"addresses": [f"10.0.0.{n}"], "conditions": {}} for n in range(ready)],
    }
    named = {"kubernetes.io/service-name": name, **(labels if label else {})}
    api.put(
        f"/apis/discovery.k8s.io/v1/namespaces/{NAMESPACE}/endpointslices/{name}-x",
        {**piece, "metadata": {"labels": named}},
    )
    waiting = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}}
    container = {"name": "m", "image": "i", "imageID": "", "ready": False, "restartCount": 4, "state": waiting}
    pod: dict[str, Any] = {"metadata": {"labels": labels}, "status": {"containerStatuses": [container]}}
    if ready < 3:
        api.put(f"/api/v1/namespaces/{NAMESPACE}/pods/{name}-p", pod)


def asked(api: Api) -> list[str]:
    return [request.url.path.rpartition("/")[2] for request in api.requests]


def test_two_rollouts_read_both_their_sides_with_one_list_of_each_kind(api: Api) -> None:
    client = api.client()
    sides = [(KubernetesWorkloads(client, NAMESPACE), side) for side in (OLD, NEW)]
    for workloads, side in sides:
        workloads.readiness(side, AGE)
    api.requests.clear()
    found = [workloads.readiness(side, AGE) for workloads, side in reversed(sides)]
    assert asked(api) == ["deployments", "endpointslices"]
    assert found == [workloads.readiness(side) for workloads, side in reversed(sides)]


def test_pods_are_listed_when_not_all_are_ready(api: Api) -> None:
    put(api, NEW.workload, {"slipway.dev/service": "checkout", "slipway.dev/revision": NEW.revision}, ready=2)
    workloads = KubernetesWorkloads(api.client(), NAMESPACE)
    found = workloads.readiness(NEW, AGE)
    assert found == workloads.readiness(NEW)
    assert (found.ready, found.endpoints_ready, found.fatal) == (2, 2, True)


def test_what_has_no_label_of_ours_is_asked_for_by_itself(api: Api) -> None:
    other = backend("cccccccc")
    put(api, other.workload, {"app": "other"}, label=False)
    assert KubernetesWorkloads(api.client(), NAMESPACE).readiness(other, AGE).ready == 3


def test_a_workload_that_is_missing_is_missing(api: Api) -> None:
    found = KubernetesWorkloads(api.client(), NAMESPACE).readiness(backend("cccccccc"), AGE)
    assert (found.desired, found.reason) == (0, "Missing")


def test_without_the_right_to_list_each_reads_for_itself_and_asks_no_more_for_a_while(api: Api) -> None:
    client = api.client()
    clock = [100.0]
    view = view_of(client, NAMESPACE)
    view._clock = lambda: clock[0]
    workloads = KubernetesWorkloads(client, NAMESPACE)
    api.before.append(answering(refusal(403, "deployments is forbidden")))
    assert workloads.readiness(NEW, AGE).ready == 3
    api.requests.clear()
    assert workloads.readiness(NEW, AGE).ready == 3
    assert "deployments" not in asked(api)
    clock[0] += RESTS
    workloads.readiness(NEW, AGE)
    assert "deployments" in asked(api)


def test_intents_are_read_together_and_only_ones_own_counts(api: Api) -> None:
    client = api.client()
    mine, other = ConfigMapIntents(client, NAMESPACE, "checkout"), ConfigMapIntents(client, NAMESPACE, "cart")
    mine.write(Intent("i1", "abort", "me", 1.0, "it burns", "r1"))
    assert (mine.read(AGE), other.read(AGE)) == (mine.read(), None)
    api.requests.clear()
    assert (other.read(AGE), mine.read(AGE)) == (None, mine.read())
    assert asked(api).count("configmaps") == 1


def test_routes_are_read_together(api: Api) -> None:
    client = api.client()
    routers = [GatewayApiRouter(client, NAMESPACE, service) for service in ("checkout", "cart")]
    for router in routers:
        router.apply(PLAIN, Split.whole(OLD), None)
        router.read(AGE)
    api.requests.clear()
    assert [router.read(AGE) for router in reversed(routers)] == [router.read() for router in reversed(routers)]
    assert asked(api).count("httproutes") == 1


def test_a_route_that_is_missing_or_has_lost_its_label_is_asked_for_by_itself(api: Api) -> None:
    router = GatewayApiRouter(api.client(), NAMESPACE, "checkout")
    assert router.read(AGE) is None
    router.apply(PLAIN, Split.whole(OLD), None)
    path = f"/apis/gateway.networking.k8s.io/v1/namespaces/{NAMESPACE}/httproutes/checkout"
    api.change(path, lambda found: found["metadata"].pop("labels"))
    live = router.read(AGE)
    assert live is not None
    assert not live.managed


def test_a_long_list_of_rollouts_is_asked_for_in_parts(api: Api) -> None:
    view = View(api.client(), NAMESPACE)
    for number in range(AT_ONCE + 1):
        view.of(Pod, "slipway.dev/revision")._asked[f"r{number:04}"] = view._clock()
    view.of(Pod, "slipway.dev/revision").get("r0000", "r0000", AGE)
    selectors = [request.url.params["labelSelector"] for request in api.requests]
    assert [selector.count("r0") for selector in selectors] == [AT_ONCE, 1]


def test_there_is_one_view_for_the_clients_of_one_configuration_and_namespace(api: Api) -> None:
    client = api.client()
    assert view_of(client, "shop") is view_of(client, "shop")
    assert view_of(client, "shop") is not view_of(client, "cart")
    assert view_of(client, "shop") is not view_of(Api().client(), "shop")


def test_a_server_that_is_away_fails_a_look_as_it_does_alone(api: Api) -> None:
    workloads = KubernetesWorkloads(api.client(), NAMESPACE, patience=api.patience)
    gone = refusal(500, "etcd is away")
    api.before.extend([answering(gone)] * 40)
    with pytest.raises(ClusterError, match="etcd is away"):
        workloads.readiness(NEW, AGE)
