"""Lease, journal and intents in a real API server."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from lightkube import Client
from lightkube.resources.coordination_v1 import Lease
from lightkube.resources.core_v1 import ConfigMap, Secret

from slipway.release.errors import ClusterError, Conflict, LeaseHeld
from slipway.rollout.platforms.base import Intent, StoredDocument
from slipway.rollout.platforms.kubernetes.calls import calling
from slipway.rollout.platforms.kubernetes.intents import ConfigMapIntents
from slipway.rollout.platforms.kubernetes.journal_store import ConfigMapJournalStore
from slipway.rollout.platforms.kubernetes.lease import KubernetesLease
from slipway.rollout.platforms.lines import CHUNK_BYTES
from tests.integration.rollout.stage import Stage


def test_the_role_gives_no_other_rights(client: Client, stage: Stage) -> None:
    with pytest.raises(ClusterError, match=r'cannot list resource "secrets".*grant the Role'), calling("Secrets"):
        list(client.list(Secret, namespace=stage.namespace))


def test_a_second_holder_is_refused_until_the_first_releases(client: Client, stage: Stage) -> None:
    first = KubernetesLease(client, stage.namespace, "refused")
    second = KubernetesLease(client, stage.namespace, "refused")
    assert first.read() is None
    first.acquire("a", 15)
    with pytest.raises(LeaseHeld, match=r"held by a, renewed .* ago by its own clock and good for 15s"):
        second.acquire("b", 15)
    assert first.acquire("a", 15).transitions == 0
    first.release()
    assert second.read() is None
    assert second.acquire("b", 15).transitions == 1
    with pytest.raises(LeaseHeld, match="held by b"):
        first.acquire("a", 15)
    with pytest.raises(LeaseHeld, match="is lost"):
        first.renew()
    first.release()
    state = second.read()
    assert state is not None
    assert state.holder == "b"
    second.delete()
    assert first.read() is None


def test_a_holder_that_stopped_renewing_is_taken_over_after_its_duration(client: Client, stage: Stage) -> None:
    dead = KubernetesLease(client, stage.namespace, "takeover")
    heir = KubernetesLease(client, stage.namespace, "takeover")
    dead.acquire("dead", 1)
    assert heir.observe_expired(10)
    assert heir.acquire("heir", 1).transitions == 1
    with pytest.raises(LeaseHeld, match="heir holds it now"):
        dead.renew()


def test_a_holder_that_renews_is_never_seen_as_expired(client: Client, stage: Stage) -> None:
    alive = KubernetesLease(client, stage.namespace, "alive")
    alive.acquire("alive", 4)
    stop = threading.Event()

    def renew() -> None:
        while not stop.wait(0.3):
            alive.renew()

    thread = threading.Thread(target=renew)
    thread.start()
    try:
        assert not KubernetesLease(client, stage.namespace, "alive").observe_expired(6)
    finally:
        stop.set()
        thread.join()


def test_of_many_who_take_a_free_lease_at_once_one_gets_it(client: Client, stage: Stage) -> None:
    def acquire(number: int) -> bool:
        try:
            KubernetesLease(client, stage.namespace, "crowd").acquire(f"h{number}", 15)
        except LeaseHeld:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(acquire, range(8))) == 1


def test_a_lease_that_was_deleted_is_lost(client: Client, stage: Stage) -> None:
    lease = KubernetesLease(client, stage.namespace, "deleted")
    lease.acquire("a", 15)
    client.delete(Lease, "slipway-deleted", namespace=stage.namespace)
    with pytest.raises(LeaseHeld, match="is lost"):
        lease.renew()
    lease.release()


def test_the_head_is_compared_and_swapped(client: Client, stage: Stage) -> None:
    store = ConfigMapJournalStore(client, stage.namespace, "head")
    assert store.load() is None
    first = store.save({"n": 1}, None)
    assert store.load() == StoredDocument({"n": 1}, first)
    with pytest.raises(Conflict):
        store.save({"n": 2}, None)
    second = store.save({"n": 2}, first)
    with pytest.raises(Conflict):
        store.save({"n": 3}, first)
    assert store.load() == StoredDocument({"n": 2}, second)
    store.delete()
    with pytest.raises(Conflict):
        store.save({"n": 4}, second)
    assert store.load() is None


def test_records_come_back_in_order_from_chunks_far_below_the_limit(client: Client, stage: Stage) -> None:
    store = ConfigMapJournalStore(client, stage.namespace, "chunks")
    sent = [{"n": n, "text": "é" * 500} for n in range(60)]
    for n in range(0, 60, 4):
        store.append("r1", sent[n : n + 4])
    store.append("r2", [{"n": 0}])
    assert store.records("r1") == sent
    chunks = list(client.list(ConfigMap, namespace=stage.namespace, labels={"slipway.dev/rollout": "r1"}))
    assert len(chunks) > 2
    assert all(len(json.dumps(chunk.data)) < 2 * CHUNK_BYTES for chunk in chunks)
    store.prune({"r2"})
    assert store.records("r1") == []
    assert store.records("r2") == [{"n": 0}]
    store.append("r1", sent[:1])
    assert store.records("r1") == sent[:1]
    store.delete()
    assert store.records("r2") == []


def test_another_process_goes_on_where_the_first_one_ended_and_neither_loses_a_record(
    client: Client, stage: Stage
) -> None:
    first = ConfigMapJournalStore(client, stage.namespace, "heirs")
    second = ConfigMapJournalStore(client, stage.namespace, "heirs")
    first.append("r1", [{"n": 0}])
    second.append("r1", [{"n": 1}])
    first.append("r1", [{"n": 2}])
    second.append("r1", [{"n": 3}])
    assert [record["n"] for record in first.records("r1")] == [0, 1, 2, 3]


def test_an_object_of_somebody_else_is_not_taken_for_the_journal(client: Client, stage: Stage) -> None:
    stage.make("v1", "ConfigMap", "slipway-foreign", {"data": {"a": "b"}})
    store = ConfigMapJournalStore(client, stage.namespace, "foreign")
    with pytest.raises(ClusterError, match="is not the journal of service foreign"):
        store.load()


def test_an_intent_is_read_back_and_replaced_by_the_next(client: Client, stage: Stage) -> None:
    intents = ConfigMapIntents(client, stage.namespace, "intents")
    assert intents.read() is None
    intent = Intent("i1", "abort", "me", 12.5, "because", "r1")
    intents.write(intent)
    assert intents.read() == intent
    intents.write(replace(intent, id="i2", action="promote"))
    found = intents.read()
    assert found is not None
    assert (found.id, found.action) == ("i2", "promote")
    intents.delete()
    intents.delete()
    assert intents.read() is None
