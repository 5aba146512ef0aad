"""Every write of journal, Lease, route, intents and scale, with each thing that can go wrong on the way."""

from __future__ import annotations

from functools import cache

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.release.errors import ClusterError, Conflict, LeaseLost
from slipway.rollout.process.fence import Fence
from tests.unit.slipway.rollout.api import Api, Effect, Json, answering, failing, refusal, unanswered
from tests.unit.slipway.rollout.platforms.kubernetes.writes import WRITES, Adaptors, Write

FAULTS = [
    "lost answer", "lost, then reset", "done, then 504", "429", "429 and a pause", "409", "500", "timeout", "reset",
    "refused",
]  # fmt: skip


def effect_of(api: Api, fault: str) -> Effect:
    """What happens to one request."""

    def done_then_away(request: httpx2.Request) -> httpx2.Response | None:
        api.serve(request)
        return refusal(504, "the request timed out")

    busy = refusal(429, "too many requests")
    return {
        "lost answer": unanswered(api),
        "lost, then reset": unanswered(api, httpx2.RemoteProtocolError("closed without an answer")),
        "done, then 504": done_then_away,
        "429": answering(busy),
        "429 and a pause": answering(httpx2.Response(429, json=busy.json(), headers={"Retry-After": "1"})),
        # No server answers a read like that.
        "409": lambda request: None if request.method == "GET" else refusal(409, "try again"),
        "500": answering(refusal(500, "etcd is away")),
        "timeout": failing(httpx2.ReadTimeout("slow")),
        "reset": failing(httpx2.ReadError("reset")),
        "refused": failing(httpx2.ConnectError("refused")),
    }[fault]


def writes_fail(api: Api, fault: str, times: int) -> None:
    """The next requests that write go wrong; those that read do not."""
    left = [times]

    def effect(request: httpx2.Request) -> httpx2.Response | None:
        if request.method == "GET":
            api.before.append(effect)
            return None
        left[0] -= 1
        if left[0]:
            api.before.append(effect)
        return effect_of(api, fault)(request)

    api.before.append(effect)


def prepared(write: Write) -> tuple[Api, Adaptors]:
    api = Api()
    made = Adaptors(api)
    for step in write.before:
        step(made)
    api.requests.clear()
    return api, made


@cache
def wanted(write: Write) -> dict[str, Json]:
    api, made = prepared(write)
    write.act(made)
    assert len(api.writes) == write.requests
    return api.content


@pytest.mark.parametrize("times", [1, 3], ids=["once", "three times"])
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_the_write_stands_and_nobody_is_told_otherwise(write: Write, fault: str, times: int) -> None:
    api, made = prepared(write)
    writes_fail(api, fault, times)
    write.act(made)
    assert api.content == wanted(write)
    assert sum(api.waited) <= 4.0


@settings(max_examples=200)
@given(
    write=st.sampled_from(list(WRITES.values())),
    faults=st.lists(st.sampled_from([None, None, *FAULTS]), max_size=24),
)
def test_whatever_goes_wrong_success_means_done_and_failure_is_no_conflict(
    write: Write, faults: list[str | None]
) -> None:
    api, made = prepared(write)
    before = api.content
    for fault in faults:
        api.before.append(effect_of(api, fault) if fault is not None else lambda _: None)
    try:
        write.act(made)
    except ClusterError as error:
        assert not isinstance(error, Conflict)
        if write.alone and "cannot be seen" not in str(error):
            assert api.content == before
        # It may be tried again: whatever it left behind does not stand in its way.
        api.before.clear()
        if api.content != wanted(write):
            write.act(made)
    assert api.content == wanted(write)


@pytest.mark.parametrize("fault", ["lost answer", "timeout", "500", "429"])
@pytest.mark.parametrize("write", [one for one in WRITES.values() if one.fenced])
def test_no_write_is_sent_again_when_the_right_to_write_has_gone(write: Write, fault: str) -> None:
    api, _ = prepared(write)
    fence = Fence()
    fence.arm("r1")
    fence.note_renewal(fence.now(), 15)
    made = Adaptors(api, fence)

    def lost(request: httpx2.Request) -> httpx2.Response | None:
        if request.method == "GET":
            api.before.append(lost)
            return None
        fence.lose("another holds the Lease")
        return effect_of(api, fault)(request)

    api.before.append(lost)
    with pytest.raises(LeaseLost, match="another holds the Lease"):
        write.act(made)
    assert len(api.writes) == 1
