"""The HTTPRoute, a real gateway and its data plane."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import httpx2
import pytest
from lightkube import Client
from lightkube.types import PatchType

from slipway.release.errors import ClusterError, Conflict
from slipway.release.manifest.route import GatewayReference, HeaderMatch, Match, Route
from slipway.release.manifest.strategy import Preview
from slipway.release.rollout_inputs import Backend
from slipway.rollout.routers import gateway_api
from slipway.rollout.routers.base import LiveRoute, Split
from slipway.rollout.routers.gateway_api import GatewayApiRouter, HTTPRoute
from tests.integration.rollout.stage import SERVICE, Stage, eventually

VERSION_HEADER = "x-sample-version"


@pytest.fixture(scope="module")
def old(stage: Stage, images: Mapping[str, str]) -> Backend:
    return stage.ready(stage.deploy("old", images["v1"]))


@pytest.fixture(scope="module")
def new(stage: Stage, images: Mapping[str, str]) -> Backend:
    return stage.ready(stage.deploy("new", images["v2"]))


@pytest.fixture
def router(client: Client, stage: Stage, old: Backend, new: Backend) -> GatewayApiRouter:
    made = GatewayApiRouter(client, stage.namespace, SERVICE)
    made.delete()
    assert made.read() is None
    return made


def served_by(url: str, host: str, requests: int = 1, headers: Mapping[str, str] | None = None) -> list[str]:
    """Which version answered each request; the status where none did."""
    with httpx2.Client(base_url=url, headers={"Host": host, **(headers or {})}, timeout=5.0) as http:
        answers = [http.get("/") for _ in range(requests)]
    return [answer.headers.get(VERSION_HEADER, str(answer.status_code)) for answer in answers]


def accepted(live: LiveRoute | None) -> bool:
    return live is not None and live.accepted


def test_a_weight_is_read_back_accepted_and_effective(
    router: GatewayApiRouter,
    route: Route,
    old: Backend,
    new: Backend,
    variables: Mapping[str, str],
    host: str,
) -> None:
    first = router.apply(route, Split.whole(old), None)
    assert dict(first.shares) == {old.entry: 100.0}
    assert first.managed
    eventually(router.read, accepted)
    url = variables["SLIPWAY_GATEWAY_URL"]
    eventually(lambda: served_by(url, host, 5), lambda seen: seen == ["v1"] * 5)
    split = router.apply(route, Split(((old, 75.0), (new, 25.0))), first.version)
    assert dict(split.shares) == {old.entry: 75.0, new.entry: 25.0}
    assert split.version != first.version
    assert split.settings_hash == first.settings_hash == router.settings_hash(route)
    eventually(router.read, accepted)
    seen = served_by(url, host, 400)
    # Six standard deviations of a binomial share: one failure in 500 million runs.
    assert abs(seen.count("v2") - 100) <= 6 * (400 * 0.25 * 0.75) ** 0.5
    assert set(seen) == {"v1", "v2"}


def test_a_hundredth_of_a_percent_survives_the_round_trip(
    router: GatewayApiRouter, route: Route, old: Backend, new: Backend
) -> None:
    router.apply(route, Split(((old, 99.99), (new, 0.01))), None)
    live = router.read()
    assert live is not None
    assert dict(live.shares) == {old.entry: 99.99, new.entry: 0.01}


def test_the_gateways_status_writes_do_not_outdate_a_version_but_another_writer_does(
    router: GatewayApiRouter, route: Route, old: Backend, new: Backend
) -> None:
    first = router.apply(route, Split.whole(old), None)
    eventually(router.read, accepted)
    second = router.apply(route, Split.whole(new), first.version)
    with pytest.raises(Conflict):
        router.apply(route, Split.whole(old), first.version)
    with pytest.raises(Conflict):
        router.apply(route, Split.whole(old), None)
    router.delete()
    with pytest.raises(Conflict):
        router.apply(route, Split.whole(old), second.version)


def test_of_two_writers_at_once_exactly_one_wins(
    router: GatewayApiRouter, route: Route, old: Backend, new: Backend
) -> None:
    version = router.apply(route, Split.whole(old), None).version
    outcomes: list[str] = []
    barrier = threading.Barrier(2)

    def write(share: float) -> None:
        barrier.wait()
        try:
            router.apply(route, Split(((old, share), (new, 100 - share))), version)
        except Conflict:
            outcomes.append("conflict")
        else:
            outcomes.append("written")

    threads = [threading.Thread(target=write, args=(share,)) for share in (40.0, 60.0)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["conflict", "written"]


def test_a_route_of_somebody_else_is_neither_overwritten_nor_deleted(
    router: GatewayApiRouter, route: Route, old: Backend, stage: Stage
) -> None:
    live = router.apply(route, Split.whole(old), None)
    patch = {"metadata": {"labels": {"slipway.dev/owned-by": None}}}
    stage.admin.patch(HTTPRoute, SERVICE, patch, namespace=stage.namespace, patch_type=PatchType.MERGE)
    found = router.read()
    assert found is not None
    assert not found.managed
    with pytest.raises(ClusterError, match="not made by Slipway"):
        router.apply(route, Split.whole(old), live.version)
    with pytest.raises(ClusterError, match="not made by Slipway"):
        router.delete()
    stage.admin.delete(HTTPRoute, SERVICE, namespace=stage.namespace)


def test_changed_weights_and_changed_hosts_are_told_apart(
    router: GatewayApiRouter, route: Route, old: Backend, new: Backend, stage: Stage
) -> None:
    router.apply(route, Split(((old, 50.0), (new, 50.0))), None)
    rules = stage.admin.get(HTTPRoute, SERVICE, namespace=stage.namespace)["spec"]["rules"]
    rules[-1]["backendRefs"][0]["weight"] = 0
    _change(stage, {"rules": rules})
    live = router.read()
    assert live is not None
    assert dict(live.shares) == {old.entry: 0.0, new.entry: 100.0}
    assert live.settings_hash == router.settings_hash(route)
    _change(stage, {"hostnames": ["elsewhere.example"]})
    live = router.read()
    assert live is not None
    assert live.settings_hash != router.settings_hash(route)


def _change(stage: Stage, spec: dict[str, Any]) -> None:
    """By a patch, which no status that the gateway writes meanwhile can overtake."""
    stage.admin.patch(HTTPRoute, SERVICE, {"spec": spec}, namespace=stage.namespace, patch_type=PatchType.MERGE)


def test_a_full_route_reads_back_as_it_was_written(
    router: GatewayApiRouter, stage: Stage, old: Backend, new: Backend, host: str
) -> None:
    full = Route(
        gateway=GatewayReference(namespace="edge", name="public", section="http"),
        hostnames=(host, f"www.{host}"),
        matches=(
            Match(path="/api", method="GET", headers=(HeaderMatch(name="x-a", value="1"),)),
            Match(path="/exact", path_type="Exact"),
        ),
        timeout=90.5,
    )
    preview = (new, Preview(header=HeaderMatch(name="x-preview", value="new"), host=f"new.{host}"))
    live = router.apply(full, Split(((old, 100.0),), preview), None)
    assert live.settings_hash == router.settings_hash(full, preview)
    assert live.settings_hash != router.settings_hash(full)
    live_again = router.read()
    assert live_again is not None
    assert live_again.settings_hash == router.settings_hash(full, preview)


def answers(url: str, host: str, path: str, requests: int, **headers: str) -> list[tuple[str, str]]:
    """Of each request who answered, and the header that the rule sets in the answer."""
    with httpx2.Client(base_url=url, headers={"Host": host, **headers}, timeout=5.0) as http:
        got = [http.get(path) for _ in range(requests)]
    return [(one.headers.get(VERSION_HEADER, str(one.status_code)), one.headers.get("x-rule", "")) for one in got]


def test_several_rules_share_the_service_and_keep_filters_and_other_backends(
    router: GatewayApiRouter,
    host: str,
    old: Backend,
    new: Backend,
    stage: Stage,
    images: Mapping[str, str],
    variables: Mapping[str, str],
) -> None:
    legacy = stage.ready(stage.deploy("legacy", images["v3"], 1))
    told = {"responseHeaderModifier": {"set": [{"name": "x-rule", "value": "api"}]}, "type": "ResponseHeaderModifier"}
    api = {
        "name": "api",
        "matches": [{"path": {"value": "/api"}}],
        "filters": [told],
        "backendRefs": [{"weight": 60}, {"name": legacy.entry, "port": legacy.port, "weight": 40}],
        "timeouts": {"request": "5s"},
    }
    gateway = {"namespace": "edge", "name": "public"}
    ruled = Route.model_validate({"gateway": gateway, "hostnames": [host], "rules": [api, {}]})
    url, preview = variables["SLIPWAY_GATEWAY_URL"], Preview(header=HeaderMatch(name="x-preview", value="new"))
    split = Split(((old, 75.0), (new, 25.0)), (new, preview))
    live = router.apply(ruled, split, None)
    assert (dict(live.shares), live.settings_hash) == (
        {old.entry: 75.0, new.entry: 25.0}, router.settings_hash(ruled, split.preview)
    )  # fmt: skip
    eventually(router.read, accepted)
    eventually(lambda: answers(url, host, "/", 5), lambda seen: {version for version, _ in seen} <= {"v1", "v2"})
    seen = answers(url, host, "/api", 600)
    assert {rule for _, rule in seen} == {"api"}
    for version, part in (("v1", 0.45), ("v2", 0.15), ("v3", 0.4)):
        # Six standard deviations of a binomial share.
        count = sum(one == version for one, _ in seen)
        assert abs(count - 600 * part) <= 6 * (600 * part * (1 - part)) ** 0.5, version
    assert set(answers(url, host, "/", 100)) == {("v1", ""), ("v2", "")}
    assert set(answers(url, host, "/api", 20, **{"x-preview": "new"})) == {("v2", "api")}
    assert set(answers(url, host, "/", 20, **{"x-preview": "new"})) == {("v2", "")}
    found = stage.admin.get(HTTPRoute, SERVICE, namespace=stage.namespace)
    found["spec"]["rules"][-2]["filters"][0]["responseHeaderModifier"]["set"][0]["value"] = "mine"
    changed = {"spec": {"rules": found["spec"]["rules"]}}
    stage.admin.patch(HTTPRoute, SERVICE, changed, namespace=stage.namespace, patch_type=PatchType.MERGE)
    drifted = router.read()
    assert drifted is not None and drifted.settings_hash != live.settings_hash
    mended = router.apply(ruled, Split.whole(new), drifted.version)
    assert mended.settings_hash == router.settings_hash(ruled)
    eventually(lambda: set(answers(url, host, "/api", 40)), lambda seen: seen == {("v2", "api"), ("v3", "api")})


def test_a_field_that_the_clusters_definition_does_not_know_is_refused(
    router: GatewayApiRouter, route: Route, old: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without being told so, the API server would drop it without a word."""

    def newer(*_: object, **__: object) -> dict[str, object]:
        return {"rules": [{"filters": [{"type": "CORS", "cors": {"allowOrigins": ["*"], "soon": True}}]}]}

    monkeypatch.setattr(gateway_api, "spec_of", newer)
    with pytest.raises(ClusterError, match=r'unknown field "spec.rules\[0\].filters\[0\].cors.soon"; the API server'):
        router.apply(route, Split.whole(old), None)
    assert router.read() is None


def test_a_preview_header_reaches_the_candidate_and_nobody_else_does(
    router: GatewayApiRouter,
    route: Route,
    old: Backend,
    new: Backend,
    variables: Mapping[str, str],
    host: str,
) -> None:
    preview = Preview(header=HeaderMatch(name="x-preview", value="new"))
    live = router.apply(route, Split(((old, 100.0),), (new, preview)), None)
    assert dict(live.shares) == {old.entry: 100.0}
    eventually(router.read, accepted)
    url = variables["SLIPWAY_GATEWAY_URL"]
    assert set(served_by(url, host, 20, {"x-preview": "new"})) == {"v2"}
    assert set(served_by(url, host, 20)) == {"v1"}


def test_a_preview_host_is_a_second_route_that_goes_with_the_preview(
    router: GatewayApiRouter,
    route: Route,
    old: Backend,
    new: Backend,
    variables: Mapping[str, str],
    host: str,
) -> None:
    preview = Preview(host=f"new.{host}")
    url = variables["SLIPWAY_GATEWAY_URL"]
    live = router.apply(route, Split(((old, 100.0),), (new, preview)), None)
    eventually(router.read, accepted)
    assert set(served_by(url, f"new.{host}", 10)) == {"v2"}
    assert set(served_by(url, host, 10)) == {"v1"}
    live = router.apply(route, Split.whole(new), live.version)
    assert live.settings_hash == router.settings_hash(route)
    assert router._get(router._preview_name) is None


def test_a_backend_that_does_not_exist_is_not_accepted_and_the_reason_is_told(
    router: GatewayApiRouter, route: Route, stage: Stage
) -> None:
    router.apply(route, Split.whole(stage.backend("nowhere")), None)
    live = eventually(router.read, lambda seen: seen is not None and "ResolvedRefs" in seen.problem)
    assert live is not None
    assert not live.accepted
    assert "BackendNotFound" in live.problem


def test_a_gateway_that_does_not_exist_never_accepts_and_the_text_says_what_to_check(
    router: GatewayApiRouter, route: Route, old: Backend
) -> None:
    nowhere = route.model_copy(update={"gateway": GatewayReference(namespace="edge", name="nowhere")})
    live = router.apply(nowhere, Split.whole(old), None)
    assert not live.accepted
    assert "check that the Gateway exists" in live.problem


def test_finalizers_and_annotations_of_others_survive_a_write(
    router: GatewayApiRouter, route: Route, old: Backend, new: Backend, stage: Stage
) -> None:
    live = router.apply(route, Split.whole(old), None)
    note = {"metadata": {"annotations": {"example.com/note": "kept"}}}
    stage.admin.patch(HTTPRoute, SERVICE, note, namespace=stage.namespace, patch_type=PatchType.MERGE)
    router.apply(route, Split.whole(new), replace(live).version)
    found = stage.admin.get(HTTPRoute, SERVICE, namespace=stage.namespace)
    assert found["metadata"]["annotations"]["example.com/note"] == "kept"
