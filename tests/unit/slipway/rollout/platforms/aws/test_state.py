"""What is particular to journal, Lease and intents in DynamoDB; the rest is in test_contract.py."""

from __future__ import annotations

import json

import pytest

from slipway.release.errors import ClusterError, JournalUnreadable, LeaseHeld
from slipway.rollout.platforms.aws.documents import WATCH, TableDocument
from slipway.rollout.platforms.aws.intents import TableIntents
from slipway.rollout.platforms.aws.journal_store import TableJournalStore, services_with_journal
from slipway.rollout.platforms.aws.lease import WATCH_LEASE, TableLease
from slipway.rollout.platforms.aws.table import Table
from slipway.rollout.platforms.observed_lease import Clock
from tests.unit.slipway.rollout.cloud import Cloud


class Time:
    """Clocks of one host; `skew` is how far its wall clock is ahead."""

    def __init__(self, skew: float = 0.0) -> None:
        self.at = 1_000_000.0
        self.skew = skew

    def clock(self) -> Clock:
        return Clock(lambda: self.at + self.skew, lambda: self.at, self.sleep)

    def sleep(self, seconds: float) -> None:
        self.at += seconds


@pytest.fixture
def cloud() -> Cloud:
    made = Cloud()
    made.create_table()
    return made


def lease(cloud: Cloud, time: Time) -> TableLease:
    return TableLease(cloud.client("dynamodb"), cloud.name, "checkout", time.clock(), cloud.patience)


def journal(cloud: Cloud, service: str = "checkout") -> TableJournalStore:
    return TableJournalStore(cloud.client("dynamodb"), cloud.name, service, patience=cloud.patience)


def damage(cloud: Cloud, key: str, text: str) -> None:
    """Another program writes an item."""
    table = Table(cloud.client("dynamodb"), cloud.name, "checkout")
    found = table.get(key)
    table.put(key, text, found.version if found is not None else None)


@pytest.mark.parametrize("skew", [-1e6, -15, 0, 15, 1e6])
def test_no_difference_of_two_hosts_clocks_takes_a_lease_from_a_live_holder(cloud: Cloud, skew: float) -> None:
    here, there = Time(), Time(skew)
    holder, other = lease(cloud, here), lease(cloud, there)
    holder.acquire("a", 15)
    for _ in range(3):
        with pytest.raises(LeaseHeld, match="held by a"):
            other.acquire("b", 15)
        there.at += 14
        holder.renew()


def test_a_lease_is_expired_once_it_was_seen_unchanged_for_its_duration(cloud: Cloud) -> None:
    lease(cloud, Time()).acquire("a", 15)
    there = Time(-1000)
    heir, began = lease(cloud, there), there.at
    assert heir.observe_expired(60)
    assert 15 < there.at - began < 16
    assert heir.acquire("b", 15).transitions == 1


def test_a_renewal_is_one_request(cloud: Cloud) -> None:
    holder = lease(cloud, Time())
    holder.acquire("a", 15)
    cloud.requests.clear()
    holder.renew()
    assert cloud.requests == ["PutItem"]


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"holder": 1, "duration": "x"}'])
def test_a_lease_that_cannot_be_understood_is_taken_by_nobody(cloud: Cloud, text: str) -> None:
    damage(cloud, "lease", text)
    with pytest.raises(ClusterError, match=r"the Lease \(item checkout/lease .*cannot be understood"):
        lease(cloud, Time()).acquire("a", 15)


def test_an_unknown_role_counts_as_a_rollout(cloud: Cloud) -> None:
    lease(cloud, Time()).acquire("a", 15)
    stored = json.loads(cloud.items()["checkout", "lease"])
    damage(cloud, "lease", json.dumps({**stored, "role": "gardener"}))
    held = lease(cloud, Time()).read()
    assert held is not None
    assert held.role == "rollout"


@pytest.mark.parametrize("text", ["", "{", "[]"])
def test_a_head_that_was_edited_is_not_taken_for_none(cloud: Cloud, text: str) -> None:
    damage(cloud, "head", text)
    with pytest.raises(JournalUnreadable, match=r"item checkout/head .* holds no JSON object"):
        journal(cloud).load()


def test_the_services_with_a_journal_are_listed(cloud: Cloud) -> None:
    for service in ("checkout", "cart"):
        journal(cloud, service).save({}, None)
    lease(cloud, Time()).acquire("a", 15)
    assert services_with_journal(cloud.client("dynamodb"), cloud.name) == ["cart", "checkout"]
    journal(cloud, "cart").delete()
    assert services_with_journal(cloud.client("dynamodb"), cloud.name) == ["checkout"]


@pytest.mark.parametrize(
    ("text", "said"), [("{", "no intent that can be understood"), (None, "unknown action 'dance'")]
)
def test_an_intent_that_cannot_be_understood_is_an_error(cloud: Cloud, text: str | None, said: str) -> None:
    unknown = {"id": "1", "action": "dance", "by": "me", "at": 1.0, "reason": "", "rollout_id": "r1"}
    damage(cloud, "intent", text or json.dumps(unknown))
    with pytest.raises(ClusterError, match=said):
        TableIntents(cloud.client("dynamodb"), cloud.name, "checkout").read()


def test_a_document_that_was_edited_is_not_taken_for_none(cloud: Cloud) -> None:
    document = TableDocument(Table(cloud.client("dynamodb"), cloud.name, "checkout", patience=cloud.patience), WATCH)
    document.write({"a": 1}, None)
    damage(cloud, WATCH, "[]")
    with pytest.raises(JournalUnreadable, match=r"item checkout/watch .* holds no JSON object"):
        document.read()


def test_the_lease_of_the_watch_is_another_one_than_that_of_a_rollout(cloud: Cloud) -> None:
    clock = Clock(lambda: 0.0, lambda: 0.0, lambda _: None)
    client = cloud.client("dynamodb")
    watch = TableLease(client, cloud.name, "checkout", clock, cloud.patience, key=WATCH_LEASE)
    watch.acquire("w", 15, "watch")
    rollout = TableLease(client, cloud.name, "checkout", clock, cloud.patience)
    assert rollout.acquire("r", 15).holder == "r"
    assert (watch.read() or rollout.read()) is not None
    assert [one.holder for one in (watch.read(), rollout.read()) if one is not None] == ["w", "r"]
