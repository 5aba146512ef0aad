from __future__ import annotations

from typing import Any

import httpx2
import pytest

from slipway.release.errors import ClusterError
from slipway.rollout.platforms.kubernetes.proxy_pods import ProxyPods
from tests.unit.slipway.rollout.api import Api, refusal

PODS = "/api/v1/namespaces/projectcontour/pods"


@pytest.fixture
def api() -> Api:
    made = Api()
    serve = made.serve

    def served(request: httpx2.Request) -> httpx2.Response:
        name = request.url.path.removeprefix(f"{PODS}/").partition(":")[0]
        if "/proxy/" in request.url.path:
            return httpx2.Response(200, text=f"envoy_server_uptime 1\n# {name} {request.url.query.decode()}")
        return serve(request)

    made.serve = served  # type: ignore[method-assign]
    return made


def pod(api: Api, name: str, *, ready: bool = True, **changes: Any) -> None:
    metadata = {"name": name, "uid": f"uid-{name}", "labels": {"app": "envoy"}, **changes.pop("metadata", {})}
    conditions = [{"type": "Ready", "status": "True" if ready else "False"}]
    status = {"phase": "Running", "conditions": conditions, **changes}
    api.put(f"{PODS}/{name}", {"metadata": metadata, "status": status})


def proxies(api: Api) -> ProxyPods:
    return ProxyPods(api.client(), "projectcontour", {"app": "envoy"}, 8002, "/stats/prometheus")


def test_each_ready_pod_is_read_through_the_api_server_by_get_alone(api: Api) -> None:
    pod(api, "envoy-a")
    pod(api, "envoy-b")
    pod(api, "starting", ready=False)
    pod(api, "ended", phase="Succeeded")
    pod(api, "going", metadata={"deletionTimestamp": "2026-01-01T00:00:00Z"})
    pod(api, "other", metadata={"labels": {"app": "contour"}})
    pages = proxies(api).read("usedonly&filter=x%2By")
    assert sorted(one.proxy.partition("/")[0] for one in pages) == ["envoy-a", "envoy-b"]
    assert all("usedonly&filter=x%2By" in one.text for one in pages)
    assert f"{PODS}/envoy-a:8002/proxy/stats/prometheus" in {request.url.path for request in api.requests}
    assert api.writes == []


def test_a_pod_of_the_same_name_is_another_proxy(api: Api) -> None:
    pod(api, "envoy-a")
    (before,) = proxies(api).read("")
    api.objects.clear()
    pod(api, "envoy-a", metadata={"uid": "another"})
    (after,) = proxies(api).read("")
    assert before.proxy != after.proxy


def test_a_pod_that_no_earlier_list_held_was_absent_then_and_an_unready_one_was_not(api: Api) -> None:
    times = iter((100.0, 101.0, 102.0))
    asking = ProxyPods(api.client(), "projectcontour", {"app": "envoy"}, 8002, "/", now=lambda: next(times))
    pod(api, "envoy-a")
    pod(api, "envoy-b", ready=False)
    asking.read("")
    pod(api, "envoy-b")
    pod(api, "envoy-c", ready=False)
    asking.read("")
    pod(api, "envoy-c")
    pages = {one.proxy.partition("/")[0]: one.absent_at for one in asking.read("")}
    assert pages == {"envoy-a": 0.0, "envoy-b": 0.0, "envoy-c": 100.0}


def test_no_proxy_at_all_is_an_error_that_names_the_labels(api: Api) -> None:
    with pytest.raises(ClusterError, match=r"no pod with app=envoy is ready; correct metrics\.proxies\.selector"):
        proxies(api).read("")


def test_a_missing_right_is_named_with_what_declares_it(api: Api) -> None:
    pod(api, "envoy-a")
    api.before.extend([lambda _: None, lambda _: refusal(403, 'cannot get resource "pods/proxy"')])
    with pytest.raises(ClusterError, match="may not get pods/proxy in namespace projectcontour; releases:access"):
        proxies(api).read("")


def test_the_cost_is_one_list_and_one_request_a_proxy(api: Api) -> None:
    pod(api, "envoy-a")
    pod(api, "envoy-b")
    assert proxies(api).cost(2.0) == "2 of namespace projectcontour, by 1.5 requests/s to the API server"
