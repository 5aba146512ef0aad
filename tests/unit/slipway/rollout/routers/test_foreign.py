"""A route that another made is taken over as it is, and given back as it was."""

from __future__ import annotations

import copy

import httpx2
import pytest

from slipway.release.errors import ClusterError
from slipway.release.manifest.route import Route
from slipway.rollout.routers.base import Split
from slipway.rollout.routers.foreign import read_foreign
from slipway.rollout.routers.gateway_api import GatewayApiRouter
from slipway.rollout.routers.httproute import spec_of
from tests.unit.slipway.rollout.adopting.world import route, rule
from tests.unit.slipway.rollout.api import NAMESPACE, Api
from tests.unit.slipway.rollout.examples import ROUTE, backend
from tests.unit.slipway.rollout.routers.rules import EXAMPLE

PATH = f"/apis/gateway.networking.k8s.io/v1/namespaces/{NAMESPACE}/httproutes/checkout"
OLD = backend().model_copy(update={"entry": "checkout", "port": 80, "external": True})
NEW = backend("bbbbbbbb")
WANTED = Route.model_validate({**ROUTE, "timeout": "5s"})


@pytest.fixture
def api() -> Api:
    api = Api()
    api.put(PATH, route())
    return api


@pytest.fixture
def router(api: Api) -> GatewayApiRouter:
    return GatewayApiRouter(api.client(), NAMESPACE, "checkout", stack="shop/prod", patience=api.patience)


def test_taking_it_over_changes_no_word_of_the_spec(api: Api, router: GatewayApiRouter) -> None:
    before = copy.deepcopy(api.objects[PATH])
    live = router.take_over(WANTED, OLD)
    assert live.managed
    assert (dict(live.shares), live.former) == ({"checkout": 100.0}, "checkout")
    assert api.objects[PATH]["spec"] == before["spec"]
    assert api.objects[PATH]["metadata"]["labels"]["team"] == "shop"
    router.take_over(WANTED, OLD)
    assert len(api.writes) == 1, "done again, it is done"
    with pytest.raises(ClusterError, match="sends to checkout:80, and the manifest says checkout:81"):
        router.check_take_over(WANTED, OLD.model_copy(update={"port": 81}))


def test_it_is_given_back_as_it_was_however_often_it_was_written(api: Api, router: GatewayApiRouter) -> None:
    before = copy.deepcopy(api.objects[PATH])
    version = router.take_over(WANTED, OLD).version
    live = router.apply(WANTED, Split(((OLD, 75.0), (NEW, 25.0))), version)
    assert live.former == "checkout"
    router.apply(WANTED, Split.whole(OLD), live.version)
    router.give_back()
    after = api.objects[PATH]
    assert after["spec"] == before["spec"]
    assert after["metadata"]["labels"] == before["metadata"]["labels"]
    assert not after["metadata"].get("annotations")
    assert [one.method for one in api.writes if one.method == "DELETE"] == []
    assert router.read() is not None
    writes = len(api.writes)
    router.give_back()
    assert len(api.writes) == writes, "given back twice is given back"


def test_a_give_back_without_an_answer_is_not_taken_for_done(api: Api, router: GatewayApiRouter) -> None:
    """What was taken over and not given back yet has all that is sent, and more: its marks."""
    before = copy.deepcopy(api.objects[PATH])
    router.take_over(WANTED, OLD)

    def lost(request: httpx2.Request) -> None:
        if request.method == "PUT":
            api.on_request = lambda _: None
            api.change(PATH, lambda found: found.update(status={"parents": []}), by="gateway")
            raise httpx2.ReadTimeout("no answer")

    api.on_request = lost
    router.give_back()
    assert not router.read().managed  # type: ignore[union-attr]
    assert api.objects[PATH]["metadata"]["labels"] == before["metadata"]["labels"]


@pytest.mark.parametrize(
    ("spec", "what"),
    [
        ({"hostnames": ["else.example"]}, "route.hostnames"),
        ({"rules": rule(timeouts={"request": "9s"})}, "route.timeout"),
        ({"rules": rule(backendRefs=[{"name": "cart", "port": 80}])}, "it sends to cart:80"),
        ({"rules": rule(filters=[{"type": "CORS", "cors": {"maxAge": 9}}])}, "route.rules is missing here"),
        ({"rules": rule(sessionPersistence={"type": "Cookie"})}, "sessionPersistence keeps clients"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_route_that_says_anything_else_is_left_alone(
    api: Api, router: GatewayApiRouter, spec: dict[str, object], what: str
) -> None:
    api.put(PATH, route(**spec))
    with pytest.raises(ClusterError, match=r"would not stay as it is.*slipway adopt") as told:
        router.take_over(WANTED, OLD)
    assert what in str(told.value)
    assert api.writes == []


def test_a_route_that_a_controller_writes_is_left_alone(api: Api, router: GatewayApiRouter) -> None:
    api.change(PATH, lambda found: found["spec"].update(hostnames=["checkout.example", "x.example"]), by="flagger")
    api.change(PATH, lambda found: found["spec"].update(hostnames=["checkout.example"]), by="argocd-controller")
    with pytest.raises(ClusterError, match="two writers would undo each other"):
        router.take_over(WANTED, OLD)
    assert api.writes == []


def test_a_write_in_between_is_looked_at_again(api: Api, router: GatewayApiRouter) -> None:
    def rival(request: object) -> None:
        if getattr(request, "method", "") == "PUT":
            api.on_request = lambda _: None
            api.change(PATH, lambda found: found["spec"].update(hostnames=["else.example"]))

    api.on_request = rival
    with pytest.raises(ClusterError, match=r"route\.hostnames"):
        router.take_over(WANTED, OLD)
    assert not router.read().managed  # type: ignore[union-attr]


def test_a_route_of_slipways_own_is_not_given_back(api: Api, router: GatewayApiRouter) -> None:
    del api.objects[PATH]
    router.apply(WANTED, Split.whole(NEW), None)
    with pytest.raises(ClusterError, match="was made by Slipway"):
        router.give_back()


@pytest.mark.parametrize(("text", "seconds"), [("5s", 5.0), ("1m30s500ms", 90.5), ("1h", 3600.0)])
def test_durations_are_read_as_the_api_writes_them(text: str, seconds: float) -> None:
    found = read_foreign(route(rules=rule(timeouts={"request": text}))["spec"], "shop", "checkout")
    assert found.route is not None
    assert found.route.timeout == seconds


def ruled() -> tuple[Route, dict[str, object]]:
    """A route with several rules, as the manifest has it and as the cluster does."""
    wanted = Route.model_validate(EXAMPLE)
    return wanted, {"rules": spec_of(wanted, Split.whole(OLD))["rules"]}


def test_several_rules_are_taken_over_and_given_back_word_for_word(api: Api, router: GatewayApiRouter) -> None:
    wanted, spec = ruled()
    api.put(PATH, route(**spec))
    before = copy.deepcopy(api.objects[PATH])
    live = router.take_over(wanted, OLD)
    assert api.objects[PATH]["spec"] == before["spec"]
    assert (dict(live.shares), live.former) == ({"checkout": 100.0}, "checkout")
    assert live.settings_hash == router.settings_hash(wanted)
    router.check_take_over(wanted, OLD)
    with pytest.raises(ClusterError, match="sends to checkout:80, and the manifest says checkout:81"):
        router.check_take_over(wanted, OLD.model_copy(update={"port": 81}))
    live = router.apply(wanted, Split(((OLD, 75.0), (NEW, 25.0))), live.version)
    assert (dict(live.shares), live.former) == ({"checkout": 75.0, NEW.entry: 25.0}, "checkout")
    router.apply(wanted, Split.whole(OLD), live.version)
    assert api.objects[PATH]["spec"] == before["spec"]
    router.give_back()
    assert api.objects[PATH]["spec"] == before["spec"]
    assert not api.objects[PATH]["metadata"].get("annotations")


def test_rules_that_differ_are_left_alone(api: Api, router: GatewayApiRouter) -> None:
    wanted, spec = ruled()
    spec["rules"][0]["backendRefs"][1]["weight"] = 2  # type: ignore[index]
    api.put(PATH, route(**spec))
    with pytest.raises(ClusterError, match=r"in route\.rules \[0\]\.backendRefs\[1\]\.weight is 2, not 1"):
        router.take_over(wanted, OLD)
    with pytest.raises(ClusterError, match=r"route\.rules is missing here"):
        router.take_over(WANTED, OLD)
    assert api.writes == []


def test_rules_may_say_what_a_plain_route_says(api: Api, router: GatewayApiRouter) -> None:
    wanted = Route.model_validate({**ROUTE, "rules": [{"timeouts": {"request": "5s"}}]})
    assert router.take_over(wanted, OLD).settings_hash == router.settings_hash(wanted)
