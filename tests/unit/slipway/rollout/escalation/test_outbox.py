"""Every outbox keeps the same promises: in memory, in a folder, in ConfigMaps, in a DynamoDB table."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from slipway.release.errors import ClusterError, Conflict, JournalUnreadable
from slipway.release.escalation.outbox import Closed, Entry, Outcome, after_try, closed
from slipway.rollout.escalation.outbox import KEPT, FolderOutbox, MemoryOutbox, Outbox, add, change, prune
from slipway.rollout.platforms.aws.outbox import OUTBOX, TableOutbox
from slipway.rollout.platforms.aws.table import Table
from slipway.rollout.platforms.kubernetes.outbox import ConfigMapOutbox
from tests.escalations import entry
from tests.unit.slipway.rollout.api import NAMESPACE, Api
from tests.unit.slipway.rollout.cloud import Cloud

END = Closed(by="kim", at=1.0)


@pytest.fixture(params=["memory", "folder", "config maps", "table"])
def outbox(request: pytest.FixtureRequest, tmp_path: Path) -> Outbox:
    api, cloud = Api(), Cloud()
    cloud.create_table()
    made: dict[str, Callable[[], Outbox]] = {
        "memory": MemoryOutbox,
        "folder": lambda: FolderOutbox(tmp_path / "box"),
        "config maps": lambda: ConfigMapOutbox(api.client(), NAMESPACE, api.patience),
        "table": lambda: TableOutbox(cloud.client("dynamodb"), cloud.name, cloud.patience),
    }
    return made[request.param]()


def tried(one: Entry) -> Entry:
    return after_try(one, 0, Outcome("again", "HTTP 503"), 0.0, closing=False)


def test_an_entry_is_read_as_it_was_written(outbox: Outbox) -> None:
    assert outbox.load("abort-checkout-1") is None
    version = outbox.save(entry(), None)
    held = outbox.load("abort-checkout-1")
    assert held is not None
    assert (held.entry, held.version) == (entry(), version)


def test_a_write_over_another_version_is_a_conflict(outbox: Outbox) -> None:
    version = outbox.save(entry(), None)
    with pytest.raises(Conflict):
        outbox.save(entry(what="another"), None)
    outbox.save(tried(entry()), version)
    with pytest.raises(Conflict):
        outbox.save(entry(), version)
    held = outbox.load("abort-checkout-1")
    assert held is not None
    assert held.entry == tried(entry())


def test_the_same_escalation_raised_again_stays_as_it_is(outbox: Outbox) -> None:
    add(outbox, entry())
    change(outbox, entry().id, tried)
    add(outbox, entry())
    assert outbox.entries() == [tried(entry())]


def test_a_change_that_another_process_was_faster_than_is_made_again(outbox: Outbox) -> None:
    add(outbox, entry())
    raced: list[bool] = []

    def racing(one: Entry) -> Entry:
        if not raced:
            raced.append(True)
            change(outbox, one.id, tried)
        return tried(one)

    found = change(outbox, entry().id, racing)
    assert found is not None
    assert found.deliveries[0].tries == 2


def test_a_change_of_what_is_not_there_is_none(outbox: Outbox) -> None:
    assert change(outbox, "abort-nobody-1", tried) is None


def test_entries_come_in_the_order_in_which_they_were_raised(outbox: Outbox) -> None:
    for name, at in (("b", 2.0), ("a", 3.0), ("c", 1.0)):
        outbox.save(entry(id=name, at=at), None)
    assert [one.id for one in outbox.entries()] == ["c", "b", "a"]


def test_only_the_oldest_ended_entries_are_removed(outbox: Outbox) -> None:
    outbox.save(entry(id="open", at=0.0), None)
    for number in range(KEPT + 2):
        outbox.save(closed(entry(id=f"ended-{number}", at=float(number)), END), None)
    prune(outbox)
    left = {one.id for one in outbox.entries()}
    assert len(left) == KEPT + 1
    assert {"open", "ended-2", f"ended-{KEPT + 1}"} <= left
    assert not {"ended-0", "ended-1"} & left


def test_no_outbox_holds_a_secret(outbox: Outbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_SECRET", "whsec_c2VjcmV0")
    add(outbox, entry())
    assert "c2VjcmV0" not in str([one.to_document() for one in outbox.entries()])
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and b"c2VjcmV0" in path.read_bytes()]


def test_a_folder_takes_the_writes_of_several_threads(tmp_path: Path) -> None:
    outbox = FolderOutbox(tmp_path)
    add(outbox, entry())

    def work() -> None:
        for _ in range(5):
            while True:
                try:
                    change(outbox, entry().id, tried)
                except Conflict:
                    continue
                break

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outbox.entries()[0].deliveries[0].tries == 20


def test_a_file_that_was_altered_is_named(tmp_path: Path) -> None:
    (tmp_path / "abort-checkout-1.json").write_text("{")
    with pytest.raises(JournalUnreadable, match=r"abort-checkout-1.json holds no JSON object"):
        FolderOutbox(tmp_path).entries()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "box").write_text("a file")
    with pytest.raises(ClusterError, match=r"the outbox in .*box cannot be written"):
        FolderOutbox(tmp_path / "box").save(entry(), None)


def test_a_config_map_of_somebody_else_is_not_touched() -> None:
    api = Api()
    path = f"/api/v1/namespaces/{NAMESPACE}/configmaps/slipway-escalation.abort-checkout-1"
    api.put(path, {"metadata": {"name": "slipway-escalation.abort-checkout-1"}, "data": {"a": "b"}})
    with pytest.raises(ClusterError, match="its labels differ"):
        ConfigMapOutbox(api.client(), NAMESPACE, api.patience).load("abort-checkout-1")


def test_an_item_that_was_edited_is_named() -> None:
    cloud = Cloud()
    cloud.create_table()
    Table(cloud.client("dynamodb"), cloud.name, OUTBOX).put("abort-checkout-1", "[]", None)
    with pytest.raises(JournalUnreadable, match=r"item #escalations/abort-checkout-1 .* holds no JSON object"):
        TableOutbox(cloud.client("dynamodb"), cloud.name, cloud.patience).entries()
