"""What every store of records promises, and what the folder does at each instant of a crash."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from slipway.release.errors import ClusterError, Conflict
from slipway.release.records.chain import Line, lines_of, problems
from slipway.release.records.store import FolderRecords, MemoryRecords, RecordsSetting, RecordStore, append, append_next
from slipway.rollout.platforms.aws.bucket_records import BucketRecords
from slipway.rollout.platforms.aws.release_records import TableReleaseRecords
from slipway.rollout.platforms.aws.table import Table
from slipway.rollout.platforms.kubernetes.release_records import CHUNK_BYTES, ConfigMapRecords
from tests.unit.slipway.rollout.api import NAMESPACE, Api, unanswered
from tests.unit.slipway.rollout.cloud import Cloud

Open = Callable[[], RecordStore]
"""The same store, as another process opens it."""


@pytest.fixture(params=["folder", "memory", "cluster", "table", "bucket"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Open:
    if request.param == "folder":
        return lambda: FolderRecords(tmp_path / "records", "checkout")
    if request.param == "cluster":
        api = Api()
        return lambda: ConfigMapRecords(api.client(), NAMESPACE, "checkout", api.patience)
    if request.param == "table":
        cloud = Cloud()
        cloud.create_table()
        return lambda: TableReleaseRecords(
            Table(cloud.client("dynamodb"), cloud.name, "checkout", patience=cloud.patience)
        )
    if request.param == "bucket":
        cloud = Cloud()
        cloud.create_bucket()
        return lambda: BucketRecords(cloud.client("s3"), cloud.name, "records/shop", "checkout", cloud.patience)
    memory = MemoryRecords()
    return lambda: memory


def adding(version: str) -> Callable[[list[Line]], Mapping[str, Any] | None]:
    return lambda lines: {"version": version}


def test_a_store_begins_empty(opened: Open) -> None:
    assert opened().read() == []
    assert opened().last() is None


def test_the_last_line_is_the_one_that_a_reader_of_all_finds_last(opened: Open) -> None:
    for number in range(12):
        written = append_next(opened(), lambda last: {"after": last.seq if last is not None else None})
        assert written == opened().last() == lines_of(opened().read())[number]
    assert problems(opened().read()) == []


def test_a_rival_between_the_last_line_and_the_write_costs_another_try(opened: Open) -> None:
    rivals = iter(["rival"])

    def make(last: Line | None) -> Mapping[str, Any]:
        for rival in rivals:
            append(opened(), adding(rival))
        return {"after": last.seq if last is not None else None}

    last = append_next(opened(), make)
    assert last is not None
    assert (last.seq, last.content["after"]) == (1, 0)


def test_what_was_appended_is_a_whole_chain_for_every_reader(opened: Open) -> None:
    written = [append(opened(), adding(str(number))) for number in range(12)]
    assert [line and line.seq for line in written] == list(range(12))
    texts, last = opened().read(), written[-1]
    assert len(texts) == 12
    assert last is not None
    assert problems(texts, [("the writer", last.anchor)]) == []


def test_nothing_is_added_when_nothing_is_to_be_added(opened: Open) -> None:
    first = append(opened(), adding("1"))
    assert append(opened(), lambda lines: None) == first
    assert len(opened().read()) == 1


def test_who_has_not_read_the_last_line_does_not_write(opened: Open) -> None:
    append(opened(), adding("1"))
    with pytest.raises(Conflict):
        opened().append("{}", 0)
    assert len(opened().read()) == 1


def test_another_writer_in_between_costs_another_try_and_no_line(opened: Open) -> None:
    rivals = iter(["rival"])

    def make(lines: list[Line]) -> Mapping[str, Any]:
        for rival in rivals:
            append(opened(), adding(rival))
        return {"version": "mine", "after": len(lines)}

    last = append(opened(), make)
    assert last is not None
    assert (last.seq, last.content["after"]) == (1, 1)
    assert problems(opened().read()) == []


def test_two_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    def write(name: str) -> None:
        for number in range(20):
            while True:
                try:
                    append(FolderRecords(tmp_path, "checkout"), adding(f"{name}{number}"))
                except Conflict:  # the others were quicker so many times
                    continue
                break

    threads = [threading.Thread(target=write, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    texts = FolderRecords(tmp_path, "checkout").read()
    assert len(texts) == 40
    assert problems(texts) == []


def test_services_do_not_share_a_chain(tmp_path: Path) -> None:
    append(FolderRecords(tmp_path, "checkout"), adding("1"))
    assert FolderRecords(tmp_path, "search").read() == []


def test_a_crash_at_any_byte_of_a_write_leaves_the_lines_before_it_and_the_next_write_whole(tmp_path: Path) -> None:
    whole = FolderRecords(tmp_path / "whole", "checkout")
    append(whole, adding("1"))
    before = (tmp_path / "whole" / "checkout.jsonl").read_bytes()
    append(whole, adding("2"))
    after = (tmp_path / "whole" / "checkout.jsonl").read_bytes()
    for length in range(len(before), len(after) + 1):
        folder = tmp_path / str(length)
        folder.mkdir()
        (folder / "checkout.jsonl").write_bytes(after[:length])
        store = FolderRecords(folder, "checkout")
        finished = length == len(after)
        assert len(store.read()) == (2 if finished else 1)
        append(store, adding("3"))
        texts = store.read()
        assert len(texts) == (3 if finished else 2)
        assert problems(texts) == []


def test_a_line_is_on_the_disk_before_the_append_returns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[bytes] = []
    real = os.fsync
    path = tmp_path / "checkout.jsonl"

    def fsync(handle: int) -> None:
        synced.append(path.read_bytes())
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    append(FolderRecords(tmp_path, "checkout"), adding("1"))
    assert synced[-1] == path.read_bytes()
    assert synced[-1].endswith(b"\n")


def test_a_folder_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ClusterError, match=r"the release records in .*checkout.jsonl cannot be (read|written): "):
        append(FolderRecords(tmp_path / "file", "checkout"), adding("1"))


def test_a_write_to_the_cluster_whose_answer_was_lost_is_done_once() -> None:
    api = Api()
    store = ConfigMapRecords(api.client(), NAMESPACE, "checkout", api.patience)
    append(store, adding("1"))

    def make(lines: list[Line]) -> Mapping[str, Any]:
        api.before.extend([lambda request: None, unanswered(api)])
        return {"version": "2"}

    append(store, make)
    assert [line.count('"version"') for line in store.read()] == [1, 1]
    assert problems(store.read()) == []


def test_full_objects_of_the_cluster_are_followed_by_others() -> None:
    api = Api()
    store = ConfigMapRecords(api.client(), NAMESPACE, "checkout", api.patience)
    for number in range(7):
        append(store, lambda lines, number=number: {"n": number, "text": "x" * 200_000})  # type: ignore[misc]
    sizes = [sum(map(len, found["data"].values())) for found in api.objects.values()]
    assert len(sizes) == 4
    assert max(sizes) <= CHUNK_BYTES
    assert problems(store.read()) == []


def test_a_line_is_added_by_reading_few_objects_and_never_all() -> None:
    api = Api()
    for number in range(20):
        append(ConfigMapRecords(api.client(), NAMESPACE, "checkout", api.patience), long_text(number))
    assert len(api.objects) == 10
    store = ConfigMapRecords(api.client(), NAMESPACE, "checkout", api.patience)
    read = []
    for number in range(20, 24):
        api.requests.clear()
        append_next(store, lambda last, number=number: {"n": number, "text": "x" * 200_000})  # type: ignore[misc]
        read.append(sum(request.method == "GET" for request in api.requests))
        assert all("labelSelector" not in str(request.url) for request in api.requests), "no list"
    assert read[0] <= 18, "a store that knows nothing yet looks for the last object twice"
    assert max(read[1:]) <= 6, "one that knows an object begins there"
    assert problems(store.read()) == []


def long_text(number: int) -> Callable[[list[Line]], Mapping[str, Any] | None]:
    return lambda lines: {"n": number, "text": "x" * 200_000}


def test_a_chain_whose_first_object_is_gone_goes_on_at_its_end() -> None:
    api = Api()
    for number in range(5):
        append(ConfigMapRecords(api.client(), NAMESPACE, "checkout", api.patience), long_text(number))
    del api.objects[next(path for path in api.objects if path.endswith("releases.0"))]
    added = append_next(ConfigMapRecords(api.client(), NAMESPACE, "checkout", api.patience), lambda last: {"n": 5})
    assert added is not None
    assert added.seq == 5


def test_an_object_without_a_record_at_its_end_is_written_to_by_nobody() -> None:
    api = Api()
    store = ConfigMapRecords(api.client(), NAMESPACE, "checkout", api.patience)
    append(store, adding("1"))
    next(iter(api.objects.values()))["data"] = {}
    with pytest.raises(ClusterError, match=r"releases\.0 ends with no release record: it was edited"):
        append_next(store, lambda last: {"n": 1})


def test_an_object_that_somebody_deleted_is_found_as_missing_lines() -> None:
    api = Api()
    store = ConfigMapRecords(api.client(), NAMESPACE, "checkout", api.patience)
    for number in range(5):
        append(store, lambda lines, number=number: {"n": number, "text": "x" * 200_000})  # type: ignore[misc]
    del api.objects[next(path for path in api.objects if path.endswith("releases.1"))]
    assert problems(store.read())[0].startswith("the record 2 is missing")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"kind": "folder"}, "records of kind folder need path"),
        ({"kind": "cluster", "path": "records"}, "path cannot be said of records of kind cluster"),
        ({"kind": "s3", "bucket": "releases"}, "records of kind s3 need region and prefix"),
        ({"kind": "s3", "bucket": "releases", "region": "us-east-1", "prefix": "shop", "path": "x"}, "path cannot be"),
        ({"kind": "s3", "bucket": "Releases!", "region": "us-east-1", "prefix": "shop"}, "bucket"),
        ({"kind": "s3", "bucket": "releases", "region": "us-east-1", "prefix": "shop/"}, "prefix"),
        ({"kind": "tape"}, "kind"),
    ],
)
def test_a_setting_that_says_no_place_is_refused(wrong: dict[str, str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        RecordsSetting.model_validate(wrong)
