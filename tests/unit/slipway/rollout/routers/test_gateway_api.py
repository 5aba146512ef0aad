"""The router against a server that misbehaves on demand; acceptance and traffic are tested on a real gateway."""

from __future__ import annotations

import copy

import httpx2
import pytest

from slipway.release.errors import ClusterError, Conflict
from slipway.release.manifest.route import Route
from slipway.release.manifest.strategy import Preview
from slipway.rollout.process.fence import Fence
from slipway.rollout.routers.base import Split
from slipway.rollout.routers.gateway_api import ATTEMPTS, GatewayApiRouter
from slipway.rollout.routers.httproute import changed_by
from tests.unit.slipway.rollout.api import NAMESPACE, Api, Json, answering, doing, failing, untouched
from tests.unit.slipway.rollout.examples import ROUTE, backend
from tests.unit.slipway.rollout.routers.rules import EXAMPLE

OLD, NEW = backend("old"), backend("new")
PLAIN = Route.model_validate(ROUTE)
PATH = f"/apis/gateway.networking.k8s.io/v1/namespaces/{NAMESPACE}/httproutes/checkout"
HOSTED = (NEW, Preview(host="new.example"))


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def router(api: Api) -> GatewayApiRouter:
    return GatewayApiRouter(api.client(), NAMESPACE, "checkout", patience=api.patience)


def status(api: Api) -> None:
    """The gateway writes its status: another resourceVersion, the same generation."""
    api.change(PATH, lambda found: found.setdefault("status", {}).update(parents=[]))


def test_a_status_that_is_written_between_read_and_write_is_no_conflict(api: Api, router: GatewayApiRouter) -> None:
    version = router.apply(PLAIN, Split.whole(OLD), None).version
    api.before.extend([untouched, doing(lambda: status(api)), untouched, doing(lambda: status(api))])
    live = router.apply(PLAIN, Split.whole(NEW), version)
    assert dict(live.shares) == {NEW.entry: 100.0}


def test_a_gateway_that_writes_without_end_is_told(api: Api, router: GatewayApiRouter) -> None:
    version = router.apply(PLAIN, Split.whole(OLD), None).version

    def rival(request: httpx2.Request) -> None:
        if request.method == "PUT":
            status(api)

    api.on_request = rival
    with pytest.raises(Conflict, match="others keep writing it"):
        router.apply(PLAIN, Split.whole(NEW), version)
    assert len(api.writes) == 1 + ATTEMPTS


def test_a_spec_that_is_written_between_read_and_write_is_a_conflict(api: Api, router: GatewayApiRouter) -> None:
    version = router.apply(PLAIN, Split.whole(OLD), None).version

    def rival() -> None:
        api.change(PATH, lambda found: found["spec"].update(hostnames=["else.example"]))

    api.before.extend([untouched, doing(rival)])
    with pytest.raises(Conflict, match="expected version"):
        router.apply(PLAIN, Split.whole(NEW), version)
    assert api.objects[PATH]["spec"]["hostnames"] == ["else.example"]


def test_a_route_that_was_made_anew_is_another_one(api: Api, router: GatewayApiRouter) -> None:
    version = router.apply(PLAIN, Split.whole(OLD), None).version
    router.delete()
    again = router.apply(PLAIN, Split.whole(OLD), None).version
    assert again != version
    with pytest.raises(Conflict):
        router.apply(PLAIN, Split.whole(NEW), version)


def test_a_route_that_is_created_twice_is_a_conflict(api: Api, router: GatewayApiRouter) -> None:
    def rival() -> None:
        GatewayApiRouter(api.client(), NAMESPACE, "checkout", patience=api.patience).apply(
            PLAIN, Split.whole(NEW), None
        )

    api.before.extend([untouched, doing(rival)])
    with pytest.raises(Conflict, match="expected version None"):
        router.apply(PLAIN, Split.whole(OLD), None)


def test_a_route_that_is_deleted_in_between_is_a_conflict(api: Api, router: GatewayApiRouter) -> None:
    version = router.apply(PLAIN, Split.whole(OLD), None).version
    api.before.extend([untouched, doing(api.objects.clear)])
    with pytest.raises(Conflict):
        router.apply(PLAIN, Split.whole(NEW), version)
    assert api.objects == {}


def test_the_route_of_another_service_is_left_alone(api: Api, router: GatewayApiRouter) -> None:
    foreign: Json = {"metadata": {"labels": {"slipway.dev/owned-by": "cart"}}, "spec": {"rules": []}}
    api.put(PATH, foreign)
    live = router.read()
    assert live is not None
    assert not live.managed
    for action in (lambda: router.apply(PLAIN, Split.whole(OLD), live.version), router.delete):
        with pytest.raises(ClusterError, match=r"slipway.dev/owned-by=checkout"):
            action()
    assert api.objects[PATH]["spec"] == {"rules": []}


def test_the_preview_route_is_there_before_the_main_one_and_goes_after_it(api: Api, router: GatewayApiRouter) -> None:
    live = router.apply(PLAIN, Split(((OLD, 100.0),), HOSTED), None)
    assert live.settings_hash == router.settings_hash(PLAIN, HOSTED)
    live = router.apply(PLAIN, Split.whole(OLD), live.version)
    assert live.settings_hash == router.settings_hash(PLAIN)
    writes = [(r.method, r.url.path.rpartition("/")[2]) for r in api.requests if r.method != "GET"]
    assert writes == [
        ("POST", "httproutes"),
        ("POST", "httproutes"),
        ("PUT", "checkout"),
        ("DELETE", "checkout.preview"),
    ]
    assert list(api.objects) == [PATH]


def test_a_preview_route_that_somebody_deleted_is_a_problem(api: Api, router: GatewayApiRouter) -> None:
    live = router.apply(PLAIN, Split(((OLD, 100.0),), HOSTED), None)
    del api.objects[f"{PATH}.preview"]
    found = router.read()
    assert found is not None
    assert not found.accepted
    assert found.settings_hash != live.settings_hash


def test_the_body_that_is_told_beforehand_is_the_one_that_is_read(router: GatewayApiRouter) -> None:
    live = router.apply(PLAIN, Split(((OLD, 40.0), (NEW, 60.0))), None)
    assert live.settings_hash == router.settings_hash(PLAIN)
    assert router.read() == live


def test_delete_removes_both_routes_and_may_be_repeated(api: Api, router: GatewayApiRouter) -> None:
    router.apply(PLAIN, Split(((OLD, 100.0),), HOSTED), None)
    router.delete()
    router.delete()
    assert api.objects == {}
    assert router.read() is None


def test_a_split_that_is_none_writes_nothing(api: Api, router: GatewayApiRouter) -> None:
    with pytest.raises(ValueError, match="sum to 100"):
        router.apply(PLAIN, Split(((OLD, 90.0),)), None)
    with pytest.raises(ClusterError, match="preview"):
        router.apply(PLAIN, Split(((OLD, 100.0),), (NEW, Preview())), None)
    assert api.requests == []


def test_a_cluster_without_the_gateway_api_is_told(api: Api, router: GatewayApiRouter) -> None:
    missing = httpx2.Response(404, text="404 page not found", headers={"Content-Type": "text/plain"})
    api.before.append(answering(missing))
    with pytest.raises(ClusterError, match="custom resource definitions exist"):
        router.read()
    api.before.extend([failing(httpx2.ConnectError("refused"))] * 4)
    with pytest.raises(ClusterError, match="HTTPRoute shop/checkout: the API server cannot be reached"):
        router.read()


def fence_of(writer: str) -> Fence:
    fence = Fence()
    fence.arm(writer)
    fence.note_renewal(fence.now(), 15)
    return fence


def writer(api: Api, name: str, stack: str = "") -> GatewayApiRouter:
    return GatewayApiRouter(api.client(), NAMESPACE, "checkout", fence_of(name), stack, api.patience)


def test_each_write_stamps_the_route_with_the_attempt_and_the_stack(api: Api) -> None:
    live = writer(api, "r1", "shop/prod").apply(PLAIN, Split.whole(OLD), None)
    assert (live.writer, live.owner, live.changed_by) == ("r1", "shop/prod", "slipway-rollout")
    live = writer(api, "r2", "shop/prod").apply(PLAIN, Split.whole(NEW), live.version)
    assert (live.writer, live.owner) == ("r2", "shop/prod")


def test_a_claim_changes_the_stamp_only_and_makes_every_older_version_a_conflict(api: Api) -> None:
    sleeper, heir = writer(api, "r1"), writer(api, "r2")
    assert heir.claim() is None
    live = sleeper.apply(PLAIN, Split(((OLD, 100.0),), HOSTED), None)
    spec = api.objects[PATH]["spec"]
    claimed = heir.claim()
    assert claimed is not None
    assert (claimed.writer, claimed.settings_hash, dict(claimed.shares)) == (
        "r2",
        live.settings_hash,
        dict(live.shares),
    )
    assert api.objects[PATH]["spec"] == spec
    assert api.objects[f"{PATH}.preview"]["metadata"]["annotations"]["slipway.dev/rollout"] == "r2"
    with pytest.raises(Conflict, match="expected version"):
        sleeper.apply(PLAIN, Split(((NEW, 100.0),), HOSTED), live.version)
    assert api.objects[PATH]["spec"] == spec
    heir.apply(PLAIN, Split.whole(NEW), claimed.version)


def test_a_write_under_way_fails_when_the_route_is_claimed_meanwhile(api: Api) -> None:
    sleeper, heir = writer(api, "r1"), writer(api, "r2")
    live = sleeper.apply(PLAIN, Split.whole(OLD), None)
    api.before.extend([untouched, doing(heir.claim)])
    with pytest.raises(Conflict):
        sleeper.apply(PLAIN, Split.whole(NEW), live.version)
    found = heir.read()
    assert found is not None
    assert (found.writer, dict(found.shares)) == ("r2", {OLD.entry: 100.0})


def test_the_route_of_another_stack_is_refused_with_both_names_and_the_remedy(api: Api) -> None:
    live = writer(api, "r1", "shop/prod").apply(PLAIN, Split.whole(OLD), None)
    other = writer(api, "r2", "store/prod")
    words = r"declared by the stack shop/prod, and this is store/prod.*`slipway hand-over checkout --to store/prod`"
    for write in (lambda: other.apply(PLAIN, Split.whole(NEW), live.version), other.delete):
        with pytest.raises(ClusterError, match=words):
            write()
    claimed = other.claim()
    assert claimed is not None
    assert other.apply(PLAIN, Split.whole(NEW), claimed.version).owner == "store/prod"


def test_a_route_without_an_owner_and_a_writer_without_a_stack_hinder_nobody(api: Api) -> None:
    live = writer(api, "r1").apply(PLAIN, Split.whole(OLD), None)
    live = writer(api, "r2", "shop/prod").apply(PLAIN, Split.whole(NEW), live.version)
    live = writer(api, "r3").apply(PLAIN, Split.whole(OLD), live.version)
    assert (live.writer, live.owner) == ("r3", "shop/prod")


def test_who_changed_the_weights_last_is_told(api: Api, router: GatewayApiRouter) -> None:
    version = router.apply(PLAIN, Split(((OLD, 75.0), (NEW, 25.0))), None).version
    status(api)

    def patched(found: Json) -> None:
        found["spec"]["rules"][-1]["backendRefs"][0]["weight"] = 1

    api.change(PATH, patched, by="kubectl-patch")
    live = router.read()
    assert live is not None
    assert live.changed_by == "kubectl-patch"
    with pytest.raises(Conflict, match="last changed by kubectl-patch"):
        router.apply(PLAIN, Split.whole(OLD), version)


@pytest.mark.parametrize(
    ("fields", "by"),
    [
        (None, ""),
        ([{"manager": "a", "time": "2026-01-01T00:00:00Z", "fieldsV1": {"f:metadata": {}}}], ""),
        ([{"manager": "a", "fieldsV1": {"f:spec": {}}, "subresource": "status"}, {"manager": "b"}], ""),
        (
            [
                {"manager": "a", "time": "2026-01-01T00:00:09Z", "fieldsV1": {"f:spec": {}}},
                {"manager": "b", "time": "2026-01-01T00:00:08Z", "fieldsV1": {"f:spec": {}}},
                {"manager": "c", "time": "2026-01-01T00:00:10Z", "fieldsV1": {"f:status": {}}},
            ],
            "a",
        ),
    ],
)
def test_the_last_change_of_the_spec_counts_and_no_other(fields: list[Json] | None, by: str) -> None:
    assert changed_by({"metadata": {"managedFields": fields}}) == by


def test_an_own_write_that_an_earlier_call_did_before_it_failed_is_no_conflict(api: Api) -> None:
    router = writer(api, "r1")
    live = router.apply(PLAIN, Split.whole(OLD), None)
    api.before.extend([untouched, untouched, *[failing(httpx2.ReadError("reset"))] * 4])
    with pytest.raises(ClusterError, match=r"checkout.preview: the API server cannot be reached"):
        router.apply(PLAIN, Split.whole(NEW), live.version)
    assert dict(router.apply(PLAIN, Split.whole(NEW), live.version).shares) == {NEW.entry: 100.0}
    with pytest.raises(Conflict):
        router.apply(PLAIN, Split.whole(OLD), live.version)


def test_another_route_with_the_same_match_is_a_rival(api: Api, router: GatewayApiRouter) -> None:
    router.apply(PLAIN, Split.whole(OLD), None)
    renamed = GatewayApiRouter(api.client(), NAMESPACE, "renamed", patience=api.patience)
    assert renamed.rivals(PLAIN) == ["checkout"]
    assert router.rivals(PLAIN) == []
    elsewhere = Route.model_validate({**ROUTE, "hostnames": ["other.example"]})
    assert renamed.rivals(elsewhere) == []


def test_another_route_of_the_host_and_path_with_a_header_more_would_lose_to_copies(
    api: Api, router: GatewayApiRouter
) -> None:
    narrow = Route.model_validate({**ROUTE, "matches": [{"path": "/", "headers": [{"name": "x-p", "value": "1"}]}]})
    router.apply(narrow, Split.whole(OLD), None)
    other = GatewayApiRouter(api.client(), NAMESPACE, "other", patience=api.patience)
    assert other.losing_to_copies(PLAIN) == ["checkout"]
    assert router.losing_to_copies(PLAIN) == []


RULED = Route.model_validate(EXAMPLE)
MARK = "slipway.dev/other-backends"


def test_a_route_with_rules_says_whose_backends_are_whose_and_one_without_says_nothing(
    api: Api, router: GatewayApiRouter
) -> None:
    live = router.apply(RULED, Split(((OLD, 75.0), (NEW, 25.0))), None)
    assert api.objects[PATH]["metadata"]["annotations"][MARK] == '{"names":["legacy"],"rules":4}'
    assert dict(live.shares) == {OLD.entry: 75.0, NEW.entry: 25.0}
    assert live.settings_hash == router.settings_hash(RULED)
    assert live.settings == router.settings(RULED)
    claimed = router.claim()
    assert claimed is not None and dict(claimed.shares) == dict(live.shares)
    live = router.apply(PLAIN, Split.whole(NEW), claimed.version)
    assert MARK not in api.objects[PATH]["metadata"].get("annotations", {})
    assert live.settings_hash == router.settings_hash(PLAIN)


@pytest.mark.parametrize("text", [None, "{}", "nonsense"])
def test_a_mark_that_another_writer_breaks_is_drift(api: Api, router: GatewayApiRouter, text: str | None) -> None:
    router.apply(RULED, Split.whole(OLD), None)
    meta = {} if text is None else {MARK: text}
    api.change(PATH, lambda found: found["metadata"].update(annotations=meta))
    live = router.read()
    assert live is not None and live.settings_hash != router.settings_hash(RULED)
    mended = router.apply(RULED, Split.whole(OLD), live.version)
    assert mended.settings_hash == router.settings_hash(RULED)


def test_the_server_is_told_to_refuse_a_field_that_it_does_not_know(api: Api, router: GatewayApiRouter) -> None:
    version = router.apply(RULED, Split.whole(OLD), None).version
    router.apply(RULED, Split.whole(NEW), version)
    assert [one.url.params.get("fieldValidation") for one in api.writes] == ["Strict", "Strict"]
    assert {one.url.params["fieldManager"] for one in api.writes} == {"slipway-rollout"}


def test_a_field_that_the_cluster_drops_is_no_write_that_succeeded(api: Api, router: GatewayApiRouter) -> None:
    """An old definition of HTTPRoutes, and a server that does not refuse what it does not know."""

    def dropped(request: httpx2.Request) -> httpx2.Response:
        kept = api.serve(request).json()
        kept["spec"]["rules"][0]["filters"].pop(1)
        return httpx2.Response(200, json=kept)

    api.before.extend([untouched, dropped])
    with pytest.raises(ClusterError, match=r"did not keep it as it was written: rules\[0\]\.filters is"):
        router.apply(RULED, Split.whole(OLD), None)


def test_what_was_there_before_a_lost_answer_and_has_more_was_not_written(api: Api, router: GatewayApiRouter) -> None:
    """A filter less: what was there has all that is sent, and the filter."""
    version = router.apply(RULED, Split.whole(OLD), None).version
    fewer = copy.deepcopy(EXAMPLE)
    del fewer["rules"][0]["filters"]
    less = Route.model_validate(fewer)

    def lost(request: httpx2.Request) -> None:
        if request.method == "PUT":
            api.on_request = lambda _: None
            status(api)
            raise httpx2.ReadTimeout("no answer")

    api.on_request = lost
    router.apply(less, Split.whole(OLD), version)
    assert "filters" not in api.objects[PATH]["spec"]["rules"][0]


def test_other_routes_are_rivals_in_any_rule(api: Api, router: GatewayApiRouter) -> None:
    match = {"path": {"type": "PathPrefix", "value": "/away"}}
    other: Json = {"metadata": {}, "spec": {"hostnames": ["checkout.example"], "rules": [{"matches": [match]}]}}
    api.put(f"{PATH}-other", other)
    assert router.rivals(RULED) == ["checkout-other"]
