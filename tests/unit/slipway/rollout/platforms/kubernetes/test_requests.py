"""What is tried again, for how long, and what a write that failed means."""

from __future__ import annotations

from collections.abc import Callable
from email.utils import format_datetime

import httpx2
import pytest
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.core_v1 import ConfigMap

from slipway.release.errors import ClusterError, Conflict, LeaseLost, LeaseStale
from slipway.rollout.platforms.kubernetes.requests import Requests, holds
from slipway.rollout.platforms.trying import Patience
from slipway.rollout.process.fence import Fence
from tests.unit.slipway.rollout.api import (
    EPOCH,
    NAMESPACE,
    Api,
    Effect,
    answering,
    doing,
    failing,
    refusal,
    unanswered,
    untouched,
)

PATH = f"/api/v1/namespaces/{NAMESPACE}/configmaps/a"
TIMEOUT = failing(httpx2.ReadTimeout("slow"))
DATE = format_datetime(EPOCH, usegmt=True)


@pytest.fixture
def api() -> Api:
    return Api()


def requests(api: Api, fence: Fence | None = None) -> Requests:
    return (
        Requests(api.client(), patience=api.patience) if fence is None else Requests(api.client(), fence, api.patience)
    )


def config(text: str, version: str | None = None) -> ConfigMap:
    return ConfigMap(metadata=ObjectMeta(name="a", namespace=NAMESPACE, resourceVersion=version), data={"x": text})


def open_fence() -> Fence:
    fence = Fence()
    fence.arm("r1")
    fence.note_renewal(fence.now(), 15)
    return fence


def turned_away(**headers: str) -> Effect:
    response = refusal(429, "too many requests")
    return answering(httpx2.Response(429, content=response.content, headers={**response.headers, **headers}))


def test_a_read_is_tried_again_and_stays_short(api: Api) -> None:
    api.put(PATH, {"data": {"x": "1"}})
    api.before.extend([TIMEOUT, failing(httpx2.ReadError("reset")), answering(refusal(500, "etcd is away"))])
    found = requests(api).find("it", ConfigMap, "a", NAMESPACE)
    assert found is not None
    assert len(api.waited) == 3
    assert 0 < sum(api.waited) <= 1.3


def test_a_server_that_stays_away_is_told_with_the_last_reason(api: Api) -> None:
    api.before.extend([TIMEOUT, *[answering(refusal(503, "no leader"))] * 3])
    with pytest.raises(ClusterError, match="it: no leader"):
        requests(api).find("it", ConfigMap, "a", NAMESPACE)
    assert len(api.requests) == 4


@pytest.mark.parametrize("code", [400, 401, 403, 422])
def test_a_refusal_that_will_not_change_is_not_asked_for_twice(api: Api, code: int) -> None:
    api.before.append(answering(refusal(code, "no")))
    with pytest.raises(ClusterError):
        requests(api).create("it", config("1"))
    assert len(api.requests) == 1


@pytest.mark.parametrize(
    ("said", "remedied"),
    [
        ('HTTPRoute in version "v1" cannot be handled: strict decoding error: unknown field "spec.x"', True),
        ("the object provided is unrecognized", False),
    ],
)
def test_only_a_field_that_the_server_does_not_know_is_blamed_on_its_definitions(
    api: Api, said: str, remedied: bool
) -> None:
    api.before.append(answering(refusal(400, said)))
    with pytest.raises(ClusterError) as raised:
        requests(api).create("it", config("1"))
    assert said in str(raised.value)
    assert ("custom resource definitions" in str(raised.value)) is remedied


@pytest.mark.parametrize("seconds", [1.0, 2.0, 3.0])
def test_the_pause_that_the_server_asks_for_is_kept(api: Api, seconds: float) -> None:
    at = format_datetime(EPOCH.replace(second=int(seconds)), usegmt=True)
    for headers in ({"Retry-After": f"{seconds:g}"}, {"Retry-After": at, "Date": DATE}):
        api.waited.clear()
        api.before.append(turned_away(**headers))
        requests(api).find("it", ConfigMap, "a", NAMESPACE)
        assert api.waited == [seconds]


def test_a_pause_beyond_the_bound_is_not_waited_for(api: Api) -> None:
    api.before.append(turned_away(**{"Retry-After": "30"}))
    with pytest.raises(ClusterError, match="too many requests; the API server is overloaded"):
        requests(api).find("it", ConfigMap, "a", NAMESPACE)
    assert api.waited == []


@pytest.mark.parametrize("asked", ["soon", "-5", "Thu, 99 Foo", "1.5e3"])
def test_a_pause_that_cannot_be_read_counts_as_none(api: Api, asked: str) -> None:
    api.before.append(turned_away(**{"Retry-After": asked}))
    requests(api).find("it", ConfigMap, "a", NAMESPACE)
    assert len(api.waited) == 1
    assert api.waited[0] <= 0.1


def test_slow_failures_end_the_tries_before_their_number_does(api: Api) -> None:
    now = [0.0]

    def slow(_: httpx2.Request) -> httpx2.Response | None:
        now[0] += 3.0
        raise httpx2.ReadTimeout("slow")

    def pause(seconds: float) -> None:
        now[0] += seconds

    api.before.extend([slow] * 9)
    with pytest.raises(ClusterError, match="did not answer in time"):
        Requests(api.client(), patience=Patience(pause=pause, clock=lambda: now[0])).find(
            "it", ConfigMap, "a", NAMESPACE
        )
    assert len(api.requests) == 2
    assert now[0] < 6.5


def test_a_write_whose_answer_was_lost_is_recognised_and_done_once(api: Api) -> None:
    api.before.append(unanswered(api))
    made = requests(api).create("it", config("1"))
    version = made.metadata.resourceVersion if made.metadata is not None else None
    assert version == api.objects[PATH]["metadata"]["resourceVersion"] == "1"


def test_an_answer_of_something_else_leaves_a_write_in_doubt_and_is_looked_at(api: Api) -> None:
    def garbled(request: httpx2.Request) -> httpx2.Response | None:
        api.serve(request)
        return httpx2.Response(200, text="<html>")

    api.before.append(garbled)
    requests(api).create("it", config("1"))
    assert api.objects[PATH]["metadata"]["resourceVersion"] == "1"


def test_a_refusal_without_a_body_that_is_understood_is_one_of_its_code(api: Api) -> None:
    api.before.append(answering(httpx2.Response(502)))
    requests(api).create("it", config("1"))
    api.before.append(answering(httpx2.Response(403)))
    with pytest.raises(ClusterError, match="HTTP 403; grant the Role"):
        requests(api).create("it", config("1"))


def test_a_conflict_without_another_writer_is_tried_again(api: Api) -> None:
    api.put(PATH, {"data": {"x": "0"}})
    api.before.append(answering(refusal(409, "try again")))
    requests(api).replace("it", config("1", "1"))
    assert api.objects[PATH]["data"] == {"x": "1"}


def test_a_server_that_refuses_for_good_is_no_conflict(api: Api) -> None:
    api.put(PATH, {"data": {"x": "0"}})
    for _ in range(4):
        api.before.extend([answering(refusal(409, "quota is being counted")), untouched])
    with pytest.raises(ClusterError, match="although no other writer has: quota is being counted") as caught:
        requests(api).replace("it", config("1", "1"))
    assert not isinstance(caught.value, Conflict)


@pytest.mark.parametrize("lost", [TIMEOUT, None], ids=["not done", "done"])
def test_what_somebody_else_wrote_after_a_lost_answer_is_a_conflict_and_stays(api: Api, lost: Effect | None) -> None:
    api.put(PATH, {"data": {"x": "0"}})
    api.before.extend([lost or unanswered(api), doing(lambda: api.put(PATH, {"data": {"x": "theirs"}}))])
    with pytest.raises(Conflict):
        requests(api).replace("it", config("1", "1"))
    assert api.objects[PATH]["data"] == {"x": "theirs"}


def test_the_same_content_of_somebody_else_is_a_conflict_while_nothing_was_in_doubt(api: Api) -> None:
    api.put(PATH, {"data": {"x": "1"}})
    with pytest.raises(Conflict):
        requests(api).create("it", config("1"))


def test_the_last_look_finds_what_no_answer_told(api: Api) -> None:
    api.before.extend([unanswered(api), TIMEOUT, TIMEOUT, TIMEOUT])
    requests(api).create("it", config("1"))
    api.before.extend([TIMEOUT] * 5)
    with pytest.raises(ClusterError, match="whether it was done cannot be seen"):
        requests(api).replace("it", config("2", "1"))
    api.before.extend([TIMEOUT] * 4)
    with pytest.raises(ClusterError, match=r"check that it is up$"):
        requests(api).replace("it", config("2", "1"))


WRITES: dict[str, Callable[[Requests], object]] = {
    "create": lambda made: made.create("it", config("1")),
    "replace": lambda made: made.replace("it", config("1", "1")),
    "patch": lambda made: made.patch(
        "it", ConfigMap, "a", NAMESPACE, {"metadata": {"resourceVersion": "1"}, "data": {"x": "1"}}
    ),
    "remove": lambda made: made.remove("it", ConfigMap, "a", NAMESPACE, lambda _: True),
}


@pytest.mark.parametrize("effect", [TIMEOUT, answering(refusal(503, "away")), turned_away()])
@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_nothing_is_sent_again_once_the_right_to_write_is_gone(
    api: Api, effect: Effect, write: Callable[[Requests], object]
) -> None:
    fence = open_fence()

    def away(request: httpx2.Request) -> httpx2.Response | None:
        if request.method == "GET":
            api.before.appendleft(away)
            return None
        fence.lose("another holds the Lease")
        return effect(request)

    api.put(PATH, {"data": {"x": "0"}})
    api.before.append(away)
    with pytest.raises(LeaseLost, match="another holds the Lease"):
        write(requests(api, fence))
    assert len(api.writes) == 1
    assert api.objects[PATH]["data"] == {"x": "0"}


def test_a_creation_that_came_too_late_is_taken_back(api: Api) -> None:
    fence = open_fence()
    api.before.append(doing(lambda: fence.lose("another holds the Lease")))
    with pytest.raises(LeaseLost):
        requests(api, fence).create("it", config("1"))
    assert api.objects == {}


def test_a_creation_that_came_too_late_stays_when_somebody_has_changed_it(api: Api) -> None:
    now = [0.0]
    fence = Fence(lambda: now[0])
    fence.arm("r1")
    fence.note_renewal(0.0, 15)

    def sleep(request: httpx2.Request) -> httpx2.Response | None:
        answer = api.serve(request)
        now[0] = 60.0
        api.put(PATH, {"data": {"x": "theirs"}})
        return answer

    api.before.append(sleep)
    with pytest.raises(LeaseStale, match="could not be renewed for 1m"):
        requests(api, fence).create("it", config("1"))
    assert api.objects[PATH]["data"] == {"x": "theirs"}


def test_only_the_object_that_was_read_is_deleted(api: Api) -> None:
    api.put(PATH, {"data": {"x": "mine"}})

    def anew() -> None:
        del api.objects[PATH]
        api.put(PATH, {"data": {"x": "theirs"}})

    api.before.extend([untouched, doing(anew)])
    mine: Callable[[ConfigMap], bool] = lambda found: (found.data or {})["x"] == "mine"  # noqa: E731
    requests(api).remove("it", ConfigMap, "a", NAMESPACE, mine)
    assert api.objects[PATH]["data"] == {"x": "theirs"}


@pytest.mark.parametrize("lost", [False, True])
def test_a_deletion_without_an_answer_is_seen_through(api: Api, lost: bool) -> None:
    api.put(PATH, {"data": {}})
    api.before.extend([untouched, unanswered(api) if lost else TIMEOUT])
    requests(api).remove("it", ConfigMap, "a", NAMESPACE, lambda _: True)
    assert api.objects == {}


def test_what_the_server_adds_does_not_hide_what_was_sent() -> None:
    sent = {"metadata": {"name": "a", "resourceVersion": "1", "labels": {}}, "spec": {"rules": [{"a": 1}], "b": None}}
    found = {"metadata": {"name": "a", "resourceVersion": "9"}, "spec": {"rules": [{"a": 1, "default": 2}], "c": 3}}
    assert holds(found, sent)
    assert not holds({**found, "spec": {"rules": [{"a": 1}, {"a": 1}]}}, sent)
    assert not holds({**found, "spec": {"rules": [{"a": 2}]}}, sent)
    assert not holds({**found, "metadata": {"name": "b"}}, sent)
