"""The minimum of an autoscaler on the API server, beyond what every platform promises."""

from __future__ import annotations

import json
from typing import Literal

import pytest

from slipway.release.errors import ClusterError, LeaseStale
from slipway.rollout.platforms.kubernetes.autoscalers import MANAGER, KubernetesAutoscalers
from slipway.rollout.process.fence import UNFENCED, Fence
from tests.unit.slipway.rollout.api import NAMESPACE, Api, Json, unanswered
from tests.unit.slipway.rollout.examples import backend, scaled_backend

BACKEND = scaled_backend("aaaaaaaa", 2, 9)
PATH = f"/apis/autoscaling/v2/namespaces/{NAMESPACE}/horizontalpodautoscalers/{BACKEND.workload}"


def autoscaler(status: Json | None = None) -> Json:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": BACKEND.workload}
    spec = {"minReplicas": 2, "maxReplicas": 9, "scaleTargetRef": target}
    return {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "spec": spec, "status": status or {}}


@pytest.fixture
def api() -> Api:
    made = Api()
    made.put(PATH, autoscaler())
    return made


def autoscalers(api: Api, fence: Fence = UNFENCED) -> KubernetesAutoscalers:
    return KubernetesAutoscalers(api.client(), NAMESPACE, fence, api.patience)


def limited(status: str = "True", reason: str = "TooFewReplicas") -> Json:
    condition = {"type": "ScalingLimited", "status": status, "reason": reason}
    return {"conditions": [condition], "currentReplicas": 2, "desiredReplicas": 2}


def test_only_the_minimum_is_said_and_by_a_manager_of_its_own(api: Api) -> None:
    autoscalers(api).raise_to(BACKEND, 6)
    (write,) = api.writes
    assert write.headers["content-type"] == "application/apply-patch+yaml"
    assert (write.url.params["fieldManager"], write.url.params["force"]) == (MANAGER, "true")
    sent = json.loads(write.content)
    assert sent["spec"] == {"minReplicas": 6}
    assert sent["metadata"]["resourceVersion"]
    assert api.objects[PATH]["spec"] == {**autoscaler()["spec"], "minReplicas": 6}


def test_another_writer_in_between_is_read_anew(api: Api) -> None:
    def meddle(_: object) -> None:
        api.on_answer = lambda _: None
        api.change(PATH, lambda found: found["spec"].update(maxReplicas=20))

    api.on_answer = meddle
    autoscalers(api).raise_to(BACKEND, 6)
    assert (api.objects[PATH]["spec"]["minReplicas"], api.objects[PATH]["spec"]["maxReplicas"]) == (6, 20)


def test_a_write_whose_answer_is_lost_is_done_once(api: Api) -> None:
    autoscalers(api).minimum(BACKEND)
    api.before.append(lambda _: None)
    api.before.append(unanswered(api))
    autoscalers(api).raise_to(BACKEND, 6)
    assert autoscalers(api).minimum(BACKEND) == 6


@pytest.mark.parametrize(
    ("status", "fewer"),
    [(limited(), True), (limited(status="False"), False), (limited(reason="TooManyReplicas"), False), ({}, False)],
)
def test_what_it_would_like_is_read_of_its_condition(api: Api, status: Json, fewer: bool) -> None:
    api.put(PATH, autoscaler(status))
    assert autoscalers(api).wants_fewer(BACKEND) is fewer


def test_of_a_scaled_object_it_is_read_where_keda_scales(api: Api) -> None:
    kind: Literal["keda"] = "keda"
    keda = scaled_backend("bbbbbbbb", 2, 9, kind)
    assert not autoscalers(api).wants_fewer(keda)
    api.put(f"{PATH.rpartition('/')[0]}/keda-hpa-{keda.workload}", autoscaler(limited()))
    assert autoscalers(api).wants_fewer(keda)


def test_replicas_that_a_write_took_away_too_late_are_given_back(api: Api) -> None:
    autoscalers(api).raise_to(BACKEND, 6)
    fence = Fence()
    fence.arm("r1")
    fence.note_renewal(fence.now(), 1e9)
    api.on_answer = lambda request: fence.note_renewal(fence.now(), -1e9) if request.method == "PATCH" else None
    with pytest.raises(LeaseStale):
        autoscalers(api, fence).restore(BACKEND)
    assert autoscalers(api).minimum(BACKEND) == 6


def test_what_is_not_declared_so_is_refused(api: Api) -> None:
    with pytest.raises(ClusterError, match="nothing scales it by its manifest"):
        autoscalers(api).minimum(backend())
