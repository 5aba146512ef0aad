"""Old records are condensed into an archive: within bounds, in order, and exactly once whatever fails."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext

import httpx2
import pytest

from slipway.release.errors import ClusterError, LeaseLost
from slipway.rollout.platforms.base import Document
from slipway.rollout.platforms.kubernetes import records
from slipway.rollout.platforms.kubernetes.objects import Documents
from slipway.rollout.platforms.kubernetes.records import FULL_CHUNKS, PAGE, RecordChunks
from slipway.rollout.platforms.lines import CHUNK_BYTES
from slipway.rollout.process.fence import UNFENCED, Fence
from tests.unit.slipway.rollout.api import NAMESPACE, Api, failing, unanswered, untouched

FILLED = {"text": "x" * (CHUNK_BYTES - 200)}
"""A record that fills a chunk alone."""


def records_in(api: Api, fence: Fence = UNFENCED) -> RecordChunks:
    client = api.client()
    return RecordChunks(client, Documents(client, NAMESPACE, "checkout", fence, api.patience))


def filled(api: Api, count: int) -> RecordChunks:
    """So many chunks of one record each."""
    store = records_in(api)
    for n in range(count):
        store.append("r1", [{"n": n, **FILLED}])
    return store


def short(found: Sequence[Document]) -> list[Document]:
    """One record with the numbers of all that it stands for."""
    return [{"of": [record["n"] for record in found]}]


def numbers(store: RecordChunks) -> list[int]:
    """The numbers of all records, whether they are condensed or not."""
    return [n for record in store.all("r1") for n in record.get("of", [record.get("n")])]


def gets(api: Api, since: int) -> list[httpx2.Request]:
    return [request for request in api.requests[since:] if request.method == "GET"]


def test_few_records_stay_as_they_are_without_a_request() -> None:
    api = Api()
    store = filled(api, FULL_CHUNKS)
    before = len(api.requests)
    store.condense("r1", short)
    assert len(api.requests) == before
    assert len(api.objects) == FULL_CHUNKS


def test_the_older_half_of_many_records_is_condensed_and_the_rest_stays() -> None:
    api = Api()
    store = filled(api, FULL_CHUNKS + 1)
    store.condense("r1", short)
    found = store.all("r1")
    assert found[0] == {"of": list(range(FULL_CHUNKS // 2))}
    assert [record["n"] for record in found[1:]] == list(range(FULL_CHUNKS // 2, FULL_CHUNKS + 1))
    assert len(api.objects) == FULL_CHUNKS // 2 + 2


def test_objects_stay_few_however_long_a_rollout_takes() -> None:
    api = Api()
    store = records_in(api)
    for n in range(6 * FULL_CHUNKS):
        store.append("r1", [{"n": n, **FILLED}])
        store.condense("r1", short)
        assert len(api.objects) <= FULL_CHUNKS + 2
    assert numbers(store) == list(range(6 * FULL_CHUNKS))


def test_an_archive_that_is_full_is_followed_by_another_one() -> None:
    api = Api()
    store = records_in(api)

    def half(found: Sequence[Document]) -> Sequence[Document]:
        return found[::6]

    for n in range(4 * FULL_CHUNKS):
        store.append("r1", [{"n": n, **FILLED}])
        store.condense("r1", half)
    assert sum(".old-" in path for path in api.objects) > 1
    kept = numbers(store)
    assert kept == sorted(set(kept))
    assert records_in(api).latest("r1") == {"n": 4 * FULL_CHUNKS - 1, **FILLED}


def test_what_does_not_fit_into_one_object_is_condensed_in_smaller_pieces() -> None:
    api = Api()
    store = filled(api, FULL_CHUNKS + 1)
    store.condense("r1", lambda found: found)
    assert numbers(store) == list(range(FULL_CHUNKS + 1))
    assert all(len(text) < 2**20 for found in api.objects.values() for text in found["data"].values())


@pytest.mark.parametrize("done", [True, False], ids=["answer lost", "request lost"])
@pytest.mark.parametrize("when", range(14))
def test_a_request_that_fails_in_between_loses_and_doubles_nothing(
    when: int, done: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From each request on that condenses 4 of 8 chunks the server is away for a while: 4 reads, the write, and 4
    deletions of two requests each; the fourteenth does not happen."""
    monkeypatch.setattr(records, "FULL_CHUNKS", 8)
    api = Api()
    store = filled(api, 9)

    lost = unanswered(api) if done else failing(httpx2.ReadTimeout("slow"))
    api.before.extend([*[untouched] * when, lost, *[failing(httpx2.ConnectError("refused"))] * 50])
    with pytest.raises(ClusterError) if when < 13 else nullcontext():
        store.condense("r1", short)
    api.before.clear()
    assert numbers(store) == list(range(9))
    for n in range(9, 20):
        store.append("r1", [{"n": n, **FILLED}])
        store.condense("r1", short)
        assert numbers(store) == list(range(n + 1))
    assert len(api.objects) <= 8 + 2


def test_all_records_are_read_in_pages() -> None:
    api = Api()
    store = filled(api, 3 * PAGE)
    before = len(api.requests)
    assert numbers(store) == list(range(3 * PAGE))
    pages = gets(api, before)
    assert [request.url.params["limit"] for request in pages] == [str(PAGE)] * 3


@pytest.mark.parametrize("chunks", [0, 1, 2, 5, FULL_CHUNKS, 3 * FULL_CHUNKS])
def test_the_last_record_is_found_by_a_few_reads_of_single_objects(chunks: int) -> None:
    api = Api()
    store = records_in(api)
    for n in range(chunks):
        store.append("r1", [{"n": n, **FILLED}])
        store.condense("r1", short)
    before = len(api.requests)
    assert records_in(api).latest("r1") == ({"n": chunks - 1, **FILLED} if chunks else None)
    reads = gets(api, before)
    assert len(reads) <= 20
    assert not any("labelSelector" in request.url.params for request in reads)


def test_after_a_lost_answer_the_end_is_looked_for_where_it_was() -> None:
    api = Api()
    store = filled(api, 30)
    api.before.extend([failing(httpx2.ReadTimeout("slow"))] * 50)
    with pytest.raises(ClusterError):
        store.append("r1", [{"n": 30}])
    api.before.clear()
    before = len(api.requests)
    store.append("r1", [{"n": 30}])
    assert len(gets(api, before)) <= 4
    assert numbers(store) == list(range(31))


def test_another_process_goes_on_after_what_was_condensed() -> None:
    api = Api()
    filled(api, FULL_CHUNKS + 1).condense("r1", short)
    other = records_in(api)
    other.append("r1", [{"n": FULL_CHUNKS + 1}])
    assert numbers(other) == list(range(FULL_CHUNKS + 2))


def test_pruning_takes_chunks_and_archive_of_what_is_not_kept() -> None:
    api = Api()
    store = filled(api, FULL_CHUNKS + 1)
    store.condense("r1", short)
    store.append("r2", [{"n": 1}])
    store.prune({"r2"})
    assert [path.rpartition("/")[2] for path in api.objects] == ["slipway-checkout.r2.0"]


def test_who_may_not_write_any_more_changes_nothing() -> None:
    api = Api()
    filled(api, FULL_CHUNKS + 1)
    fence = Fence(lambda: 0.0)
    fence.arm("r1")
    fence.note_renewal(0.0, 15.0)
    store = records_in(api, fence)
    store.append("r1", [{"n": FULL_CHUNKS + 1}])
    before = dict(api.objects)
    fence.lose("another holds the Lease")
    writes: list[Callable[[], None]] = [
        lambda: store.append("r1", [{"n": 99}]),
        lambda: store.condense("r1", short),
        lambda: store.prune(frozenset()),
    ]
    for write in writes:
        with pytest.raises(LeaseLost):
            write()
    assert api.objects == before
