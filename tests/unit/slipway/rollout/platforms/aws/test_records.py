from __future__ import annotations

from collections.abc import Sequence

import pytest

from slipway.release.errors import ClusterError
from slipway.rollout.platforms.aws import records as module
from slipway.rollout.platforms.aws.records import TableRecords
from slipway.rollout.platforms.aws.table import Table
from slipway.rollout.platforms.base import Document
from slipway.rollout.platforms.lines import CHUNK_BYTES
from tests.unit.slipway.rollout.cloud import Cloud, answering, doing, untouched


@pytest.fixture
def cloud() -> Cloud:
    made = Cloud()
    made.create_table()
    return made


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten items are many."""
    monkeypatch.setattr(module, "FULL_ITEMS", 10)


def records(cloud: Cloud) -> TableRecords:
    """Those of another process."""
    return TableRecords(Table(cloud.client("dynamodb"), cloud.name, "checkout", patience=cloud.patience))


def fewer(old: Sequence[Document]) -> Sequence[Document]:
    """One that stands for all of them."""
    return [{"from": old[0].get("n", old[0].get("from")), "to": old[-1].get("n", old[-1].get("to"))}]


def appended(cloud: Cloud, count: int) -> TableRecords:
    made = records(cloud)
    for number in range(count):
        made.append("r1", [{"n": number}])
    return made


def full(first: int, last: int) -> list[Document]:
    return [{"n": number} for number in range(first, last + 1)]


def test_an_append_is_one_request_once_the_end_is_known(cloud: Cloud) -> None:
    made = appended(cloud, 1)
    cloud.requests.clear()
    made.append("r1", [{"n": 1}])
    assert cloud.requests == ["PutItem"]


def test_two_processes_append_behind_each_other(cloud: Cloud) -> None:
    one, other = records(cloud), records(cloud)
    for number in range(6):
        (one if number % 2 else other).append("r1", [{"n": number}])
    assert records(cloud).all("r1") == full(0, 5)


def test_another_process_that_comes_in_between_is_not_overwritten(cloud: Cloud) -> None:
    one = appended(cloud, 1)
    cloud.before.append(doing(lambda: records(cloud).append("r1", [{"n": 1}])))
    one.append("r1", [{"n": 2}])
    assert records(cloud).all("r1") == full(0, 2)


def test_many_records_at_once_are_split_and_come_back_in_order(cloud: Cloud) -> None:
    wanted: list[Document] = [{"n": number, "x": "y" * 1000} for number in range(200)]
    records(cloud).append("r1", wanted)
    assert max(len(text) for text in cloud.items().values()) <= CHUNK_BYTES
    assert records(cloud).all("r1") == wanted


def test_a_rollout_id_that_would_break_a_key_is_refused(cloud: Cloud) -> None:
    with pytest.raises(ClusterError, match="must be a DNS label"):
        records(cloud).append("r1#2", [{}])


def test_the_older_half_is_condensed_once_they_are_many(cloud: Cloud) -> None:
    made = appended(cloud, 10)
    cloud.requests.clear()
    made.condense("r1", fewer)
    assert cloud.requests == []
    made.append("r1", [{"n": 10}])
    made.condense("r1", fewer)
    wanted = [{"from": 0, "to": 4}, *full(5, 10)]
    assert made.all("r1") == records(cloud).all("r1") == wanted
    assert len(cloud.items()) == 7


def test_what_was_condensed_is_not_condensed_again_and_the_order_stays(cloud: Cloud) -> None:
    made = records(cloud)
    for number in range(24):
        made.append("r1", [{"n": number}])
        made.condense("r1", fewer)
    assert made.all("r1") == [{"from": 0, "to": 4}, {"from": 5, "to": 9}, {"from": 10, "to": 14}, *full(15, 23)]


def test_what_does_not_fit_into_one_item_is_condensed_in_smaller_parts(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ITEM_BYTES", 40)
    made = appended(cloud, 11)
    made.condense("r1", lambda old: old)
    assert records(cloud).all("r1") == full(0, 10)
    assert sum(key.startswith("archive#") for _, key in cloud.items()) == 1


@pytest.mark.parametrize("fails", ["BatchWriteItem", "PutItem"])
def test_a_condensation_that_fails_on_the_way_loses_nothing_and_another_process_goes_on(
    cloud: Cloud, fails: str
) -> None:
    made = appended(cloud, 11)
    # The requests of a condensation: read the items, write the archive, list what is discarded, discard it.
    cloud.before.extend([untouched] * {"PutItem": 1, "BatchWriteItem": 3}[fails])
    cloud.before.append(answering(400, "AccessDeniedException"))
    with pytest.raises(ClusterError, match="AccessDenied"):
        made.condense("r1", fewer)
    assert cloud.requests[-1] == fails
    half: list[Document] = full(0, 4) if fails == "PutItem" else [{"from": 0, "to": 4}]
    assert records(cloud).all("r1") == [*half, *full(5, 10)]
    heir = records(cloud)
    for number in range(11, 16):
        heir.append("r1", [{"n": number}])
        heir.condense("r1", fewer)
    assert heir.all("r1") == [{"from": 0, "to": 4}, {"from": 5, "to": 9}, *full(10, 15)]
    assert sum(key.startswith("records#") for _, key in cloud.items()) == 6


def test_a_reader_loses_nothing_that_is_condensed_while_it_reads(cloud: Cloud) -> None:
    made = appended(cloud, 11)
    cloud.before.extend([untouched, doing(lambda: made.condense("r1", fewer))])
    found = records(cloud).all("r1")
    assert found == [{"from": 0, "to": 4}, *full(5, 10)]


def test_the_last_record_is_found_when_all_others_are_condensed(cloud: Cloud) -> None:
    appended(cloud, 11).condense("r1", fewer)
    cloud.requests.clear()
    assert records(cloud).latest("r1") == {"n": 10}
    assert cloud.requests == ["Query"]


def test_pruning_reads_one_item_of_what_stays(cloud: Cloud) -> None:
    made = records(cloud)
    for name in ("r1", "r1-2", "r2"):
        for number in range(3):
            made.append(name, [{"n": number}])
    cloud.requests.clear()
    made.prune({"r1", "r2"})
    # One look for each rollout and one that finds no more, for records and archive, and the one that goes.
    assert sorted(cloud.requests) == ["BatchWriteItem", *["Query"] * 6]
    assert [len(records(cloud).all(name)) for name in ("r1", "r1-2", "r2")] == [3, 0, 3]


def test_a_damaged_record_is_reported(cloud: Cloud) -> None:
    appended(cloud, 1)
    Table(cloud.client("dynamodb"), cloud.name, "checkout").put("records#r1#0000000001", "{", None)
    with pytest.raises(ClusterError, match="records of rollout r1 are damaged"):
        records(cloud).all("r1")
