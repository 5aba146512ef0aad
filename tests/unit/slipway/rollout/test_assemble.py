"""The real adaptors of rollouts in several clusters, in one process."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest
import yaml

from slipway.release.manifest.route import Route
from slipway.release.rollout_inputs import MetricsSource
from slipway.release.target import KINDS, KubernetesTarget, Target
from slipway.rollout.assemble import PLATFORMS, connect_adapters, services_in
from slipway.rollout.platforms.base import Intent
from slipway.rollout.platforms.kubernetes import client
from slipway.rollout.routers.base import Split
from tests.unit.slipway.rollout.api import Api
from tests.unit.slipway.rollout.examples import ROUTE, backend, head

EU, US = (KubernetesTarget(name=name, context=f"{name}-admin", namespace="shop") for name in ("eu", "us"))


@pytest.fixture
def clusters(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Api]:
    """Two API servers behind one kubeconfig, whose current context is that of `us`."""
    apis = {"eu": Api(), "us": Api()}
    content = {
        "clusters": [{"name": name, "cluster": {"server": f"https://{name}.example"}} for name in apis],
        "users": [{"name": "u", "user": {"token": "t"}}],
        "contexts": [{"name": f"{name}-admin", "context": {"cluster": name, "user": "u"}} for name in apis],
        "current-context": "us-admin",
    }
    path = tmp_path / "kubeconfig"
    path.write_text(yaml.safe_dump(content))
    monkeypatch.setenv("SLIPWAY_KUBECONFIG", str(path))
    monkeypatch.delenv("SLIPWAY_KUBECONTEXT", raising=False)

    def by_host(request: httpx2.Request) -> httpx2.Response:
        return apis[request.url.host.partition(".")[0]]._answer(request)

    monkeypatch.setattr(client, "transport", lambda verify: httpx2.MockTransport(by_host))
    return apis


def test_each_kind_of_target_has_a_platform() -> None:
    assert set(PLATFORMS) == set(KINDS)


@pytest.mark.parametrize(("profile", "rules"), [("envoy-gateway", 2), ("contour", 1)])
def test_the_profile_of_the_gateway_says_what_the_router_writes(
    clusters: dict[str, Api], profile: str, rules: int
) -> None:
    metrics = MetricsSource(kind="prometheus", url="http://prometheus.example", profile=profile)
    world = connect_adapters("checkout", EU, metrics)
    world.fence.arm("holder")
    world.fence.note_renewal(world.fence.now(), 15.0)
    joined = Split(((backend("old"), 100.0), (backend("new"), 0.0)))
    world.router.apply(Route.model_validate(ROUTE), joined, None)
    written = next(found for path, found in clusters["eu"].objects.items() if "httproutes" in path)
    assert len(written["spec"]["rules"]) == rules


def begin(target: Target, service: str, holder: str) -> None:
    """What a rollout writes at its beginning."""
    world = connect_adapters(service, target)
    world.lease.acquire(holder, 15.0)
    world.fence.arm(holder)
    world.fence.note_renewal(world.fence.now(), 15.0)
    world.router.apply(Route.model_validate(ROUTE), Split.whole(backend()), None)
    world.journal.save(head(service=service).to_json(), None)
    world.intents.write(Intent(holder, "pause", "me", 1.0, "why", holder))


def named(api: Api) -> set[str]:
    """The objects that were written, by their names."""
    return {path.rpartition("/")[2] for path in api.objects}


def test_each_rollout_of_a_process_writes_to_its_own_cluster(clusters: dict[str, Api]) -> None:
    with ThreadPoolExecutor(2) as pool:
        for future in (pool.submit(begin, EU, "checkout", "r1"), pool.submit(begin, US, "checkout", "r2")):
            future.result()
    assert named(clusters["eu"]) == named(clusters["us"]) != set()
    holders = {
        name: content["spec"]["holderIdentity"]
        for name, api in clusters.items()
        for path, content in api.objects.items()
        if "/leases/" in path
    }
    assert holders == {"eu": "r1", "us": "r2"}
    assert all(request.url.host == f"{name}.example" for name, api in clusters.items() for request in api.requests)


def test_the_services_of_a_target_are_those_of_its_cluster(clusters: dict[str, Api]) -> None:
    begin(EU, "checkout", "r1")
    assert (services_in(EU), services_in(US)) == (["checkout"], [])


def test_a_target_without_a_context_is_reached_by_that_of_the_environment(
    clusters: dict[str, Api], monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(KubernetesTarget(namespace="shop"), "cart", "r1")
    assert named(clusters["us"])
    assert not clusters["eu"].objects
    monkeypatch.setenv("SLIPWAY_KUBECONTEXT", "eu-admin")
    begin(KubernetesTarget(namespace="shop"), "cart", "r2")
    assert named(clusters["eu"]) == named(clusters["us"])
