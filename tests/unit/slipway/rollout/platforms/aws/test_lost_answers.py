"""Every write of journal, Lease and intents to DynamoDB, with each thing that can go wrong on the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse  # type: ignore[import-untyped]
from botocore.exceptions import EndpointConnectionError  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.release.errors import ClusterError, Conflict, LeaseLost
from slipway.rollout.platforms.aws.intents import TableIntents
from slipway.rollout.platforms.aws.journal_store import TableJournalStore
from slipway.rollout.platforms.aws.lease import TableLease
from slipway.rollout.platforms.base import Intent
from slipway.rollout.platforms.observed_lease import Clock
from slipway.rollout.process.fence import UNFENCED, Fence
from tests.unit.slipway.rollout.cloud import Cloud, Effect, answering, failing, named, timeout, unanswered

INTENT = Intent("i1", "abort", "me", 1234.5, "it burns", "r1")
WRITING = ("PutItem", "DeleteItem", "BatchWriteItem")


class Adaptors:
    """Those of one process."""

    def __init__(self, cloud: Cloud, fence: Fence = UNFENCED) -> None:
        client, table, patience = cloud.client("dynamodb"), cloud.name, cloud.patience
        self.journal = TableJournalStore(client, table, "checkout", fence, patience)
        self.lease = TableLease(client, table, "checkout", Clock(lambda: 1e6, lambda: 1e6, lambda _: None), patience)
        self.intents = TableIntents(client, table, "checkout", patience)

    def save(self, number: int) -> None:
        """Over whatever is there."""
        stored = self.journal.load()
        self.journal.save({"n": number}, stored.version if stored is not None else None)


Act = Callable[[Adaptors], object]


@dataclass(frozen=True)
class Write:
    """`before` makes what the write finds."""

    act: Act
    before: tuple[Act, ...] = ()
    fenced: bool = True


WRITES = {
    "journal: first head": Write(lambda made: made.save(1)),
    "journal: head": Write(lambda made: made.save(2), (lambda made: made.save(1),)),
    "journal: first records": Write(lambda made: made.journal.append("r1", [{"n": 1}])),
    "journal: records": Write(
        lambda made: made.journal.append("r1", [{"n": 2}]), (lambda made: made.journal.append("r1", [{"n": 1}]),)
    ),
    "journal: prune": Write(
        lambda made: made.journal.prune(set()), (lambda made: made.journal.append("r1", [{"n": 1}]),)
    ),
    "journal: delete": Write(lambda made: made.journal.delete(), (lambda made: made.save(1),)),
    "lease: first": Write(lambda made: made.lease.acquire("r1", 15), fenced=False),
    "lease: acquire": Write(
        lambda made: made.lease.acquire("r1", 15),
        (lambda made: made.lease.acquire("r0", 15), lambda made: made.lease.release()),
        fenced=False,
    ),
    "lease: renew": Write(
        lambda made: made.lease.renew(), (lambda made: made.lease.acquire("r1", 15),), fenced=False
    ),
    "lease: release": Write(
        lambda made: made.lease.release(), (lambda made: made.lease.acquire("r1", 15),), fenced=False
    ),
    "lease: delete": Write(
        lambda made: made.lease.delete(), (lambda made: made.lease.acquire("r1", 15),), fenced=False
    ),
    "intents: first": Write(lambda made: made.intents.write(INTENT), fenced=False),
    "intents: write": Write(
        lambda made: made.intents.write(INTENT),
        (lambda made: made.intents.write(Intent("i0", "pause", "me", 1.0, "", "r1")),),
        fenced=False,
    ),
    "intents: delete": Write(
        lambda made: made.intents.delete(), (lambda made: made.intents.write(INTENT),), fenced=False
    ),
}  # fmt: skip
FAULTS = ["lost answer", "done, then 500", "throttled", "500", "timeout", "not reached"]


def effect_of(cloud: Cloud, fault: str) -> Effect:
    """What happens to one request."""

    def done_then_away(request: AWSPreparedRequest) -> AWSResponse | None:
        cloud.serve(request)
        return answering(500, "InternalServerError")(request)

    return {
        "lost answer": unanswered(cloud),
        "done, then 500": done_then_away,
        "throttled": answering(400, "ThrottlingException"),
        "500": answering(500, "InternalServerError"),
        "timeout": failing(timeout()),
        "not reached": failing(EndpointConnectionError(endpoint_url="https://aws.example")),
    }[fault]


def prepared(write: Write) -> tuple[Cloud, Adaptors]:
    cloud = Cloud()
    cloud.create_table()
    made = Adaptors(cloud)
    for step in write.before:
        step(made)
    cloud.requests.clear()
    return cloud, made


@cache
def wanted(write: Write) -> dict[tuple[str, str], str]:
    cloud, made = prepared(write)
    write.act(made)
    return cloud.items()


def writes_fail(cloud: Cloud, effect: Effect, times: int) -> None:
    """The next requests that write go wrong; those that read do not."""
    left = [times]

    def wrong(request: AWSPreparedRequest) -> AWSResponse | None:
        if named(request) not in WRITING:
            cloud.before.append(wrong)
            return None
        left[0] -= 1
        if left[0]:
            cloud.before.append(wrong)
        return effect(request)

    cloud.before.append(wrong)


@pytest.mark.parametrize("times", [1, 3], ids=["once", "three times"])
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_the_write_stands_and_nobody_is_told_otherwise(write: Write, fault: str, times: int) -> None:
    cloud, made = prepared(write)
    writes_fail(cloud, effect_of(cloud, fault), times)
    write.act(made)
    assert cloud.items() == wanted(write)
    assert sum(cloud.waited) <= 4.0


@settings(max_examples=50, deadline=None)
@given(
    write=st.sampled_from(list(WRITES.values())),
    faults=st.lists(st.sampled_from([None, None, *FAULTS]), max_size=24),
)
def test_whatever_goes_wrong_success_means_done_and_failure_is_no_conflict(
    write: Write, faults: list[str | None]
) -> None:
    cloud, made = prepared(write)
    cloud.before.extend(effect_of(cloud, fault) if fault is not None else lambda _: None for fault in faults)
    try:
        write.act(made)
    except ClusterError as error:
        assert not isinstance(error, Conflict)
        # It may be tried again: whatever it left behind does not stand in its way.
        cloud.before.clear()
        if cloud.items() != wanted(write):
            write.act(made)
    cloud.before.clear()
    assert cloud.items() == wanted(write)


@pytest.mark.parametrize("fault", ["lost answer", "timeout", "500", "throttled"])
@pytest.mark.parametrize("write", [one for one in WRITES.values() if one.fenced])
def test_no_write_is_sent_again_when_the_right_to_write_has_gone(write: Write, fault: str) -> None:
    cloud, _ = prepared(write)
    fence = Fence()
    fence.arm("r1")
    fence.note_renewal(fence.now(), 15)

    def lost(request: AWSPreparedRequest) -> AWSResponse | None:
        fence.lose("another holds the Lease")
        return effect_of(cloud, fault)(request)

    writes_fail(cloud, lost, 1)
    with pytest.raises(LeaseLost, match="another holds the Lease"):
        write.act(Adaptors(cloud, fence))
    assert len([name for name in cloud.requests if name in WRITING]) == 1


def test_a_write_that_another_has_replaced_after_its_answer_was_lost_is_a_conflict() -> None:
    cloud, made = prepared(WRITES["journal: head"])
    stored = made.journal.load()
    assert stored is not None

    def replaced(request: AWSPreparedRequest) -> AWSResponse | None:
        cloud.serve(request)
        Adaptors(cloud).save(7)
        raise timeout()

    cloud.before.append(replaced)
    with pytest.raises(Conflict):
        made.journal.save({"n": 2}, stored.version)
    there = made.journal.load()
    assert there is not None
    assert there.content == {"n": 7}


def test_when_nobody_can_see_whether_a_write_was_done_the_message_says_so() -> None:
    cloud, made = prepared(WRITES["journal: head"])
    stored = made.journal.load()
    assert stored is not None
    cloud.before.extend([unanswered(cloud), *[failing(timeout())] * 4])
    with pytest.raises(ClusterError, match="whether it was done cannot be seen"):
        made.journal.save({"n": 2}, stored.version)
