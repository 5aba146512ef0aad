"""The store in ConfigMaps, beyond what every store promises."""

from __future__ import annotations

import json

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.release.errors import ClusterError, Conflict
from slipway.rollout.platforms.kubernetes.journal_store import HEAD_BYTES, ConfigMapJournalStore
from slipway.rollout.platforms.lines import CHUNK_BYTES
from tests.unit.slipway.rollout.api import NAMESPACE, Api, doing, failing, unanswered, untouched

HEAD = f"/api/v1/namespaces/{NAMESPACE}/configmaps/slipway-checkout"


@pytest.fixture
def api() -> Api:
    return Api()


def stored(api: Api) -> ConfigMapJournalStore:
    return ConfigMapJournalStore(api.client(), NAMESPACE, "checkout", patience=api.patience)


@given(st.lists(st.lists(st.integers(0, 30_000), max_size=6), max_size=8))
def test_whatever_is_appended_comes_back_once_and_in_order_from_small_chunks(batches: list[list[int]]) -> None:
    api = Api()
    store = stored(api)
    sent = [[{"n": n, "text": "x" * size} for n, size in enumerate(batch)] for batch in batches]
    for batch in sent:
        store.append("r1", batch)
    assert store.records("r1") == [record for batch in sent for record in batch]
    assert stored(api).records("r1") == store.records("r1")
    sizes = [sum(len(text) for text in chunk["data"].values()) for chunk in api.objects.values()]
    assert all(size <= CHUNK_BYTES for size in sizes)


def test_a_full_chunk_is_followed_by_the_next_in_numeric_order(api: Api) -> None:
    store = stored(api)
    sent = [{"n": n, "text": "x" * (CHUNK_BYTES - 100)} for n in range(12)]
    for record in sent:
        store.append("r1", [record])
    assert sorted(api.objects, key=len)[-1].endswith("slipway-checkout.r1.11")
    assert stored(api).records("r1") == sent


def test_a_tick_is_one_small_request_however_full_the_chunk_is(api: Api) -> None:
    store = stored(api)
    store.append("r1", [{"text": "x" * 30_000}])
    before = len(api.requests)
    store.append("r1", [{"n": 1}])
    (request,) = api.requests[before:]
    assert request.method == "PATCH"
    assert len(request.content) < 200


def test_records_that_another_process_wrote_in_between_are_kept(api: Api) -> None:
    first, second = stored(api), stored(api)
    first.append("r1", [{"n": 0}])
    api.before.append(doing(lambda: second.append("r1", [{"n": 1}])))
    first.append("r1", [{"n": 2}])
    assert [record["n"] for record in first.records("r1")] == [0, 1, 2]


def test_after_a_write_without_an_answer_the_next_one_overwrites_nothing(api: Api) -> None:
    store = stored(api)
    store.append("r1", [{"n": 0}])

    api.before.extend([unanswered(api), *[failing(httpx2.ReadTimeout("slow"))] * 4])
    with pytest.raises(ClusterError, match="did not answer in time"):
        store.append("r1", [{"n": 1}])
    store.append("r1", [{"n": 2}])
    assert [record["n"] for record in store.records("r1")] == [0, 1, 2]


def test_a_chunk_that_was_deleted_does_not_stop_the_journal(api: Api) -> None:
    store = stored(api)
    store.append("r1", [{"n": 0}])
    api.objects.clear()
    store.append("r1", [{"n": 1}])
    assert store.records("r1") == [{"n": 1}]


@pytest.mark.parametrize("name", ["", "R1", "a.b", "-a", "a" * 41])
def test_a_rollout_id_that_is_no_label_is_refused(api: Api, name: str) -> None:
    with pytest.raises(ClusterError, match="must be a DNS label"):
        stored(api).append(name, [{}])
    assert api.requests == []


@pytest.mark.parametrize("data", [{}, {"head.json": "{"}, {"head.json": "[]"}])
def test_a_damaged_head_is_told_and_not_taken_for_none(api: Api, data: dict[str, str]) -> None:
    stored(api).save({}, None)
    api.change(HEAD, lambda found: found.update(data=data))
    with pytest.raises(ClusterError, match=r"head.json is missing or no JSON object"):
        stored(api).load()


def test_damaged_records_are_told(api: Api) -> None:
    store = stored(api)
    store.append("r1", [{}])
    api.change(f"{HEAD}.r1.0", lambda found: found["data"].update({"000009.jsonl": "{"}))
    with pytest.raises(ClusterError, match="records of rollout r1 are damaged"):
        store.records("r1")


def test_a_head_that_would_not_fit_is_refused(api: Api) -> None:
    with pytest.raises(ClusterError, match="the head would have"):
        stored(api).save({"x": "x" * HEAD_BYTES}, None)
    assert api.objects == {}


def test_a_config_map_of_somebody_else_is_neither_read_nor_deleted(api: Api) -> None:
    api.put(HEAD, {"metadata": {}, "data": {"head.json": json.dumps({})}})
    with pytest.raises(ClusterError, match="is not the journal of service checkout"):
        stored(api).load()
    with pytest.raises(ClusterError, match="is not the journal of service checkout"):
        stored(api).delete()
    assert list(api.objects) == [HEAD]


def test_a_head_that_vanished_while_it_is_replaced_is_a_conflict(api: Api) -> None:
    store = stored(api)
    version = store.save({}, None)
    api.before.append(doing(api.objects.clear))
    with pytest.raises(Conflict, match="it was deleted in between"):
        store.save({}, version)


def test_a_failing_cluster_is_an_error_of_the_store(api: Api) -> None:
    api.before.extend([untouched, *[failing(httpx2.ConnectError("refused"))] * 4])
    store = stored(api)
    assert store.load() is None
    with pytest.raises(ClusterError, match="cannot be reached"):
        store.load()
