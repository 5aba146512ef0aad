"""Refusals by the gates on record: each once, as long as nothing else happens."""

from __future__ import annotations

from slipway.release.records.chain import lines_of, problems
from slipway.release.records.kinds import RefusalRecord
from slipway.release.records.release_record import read_kind
from slipway.release.records.store import MemoryRecords
from slipway.rollout.refusing import record_refusal
from tests.unit.slipway.release.records.test_kinds import refusal


def gates_of(store: MemoryRecords) -> list[list[str]]:
    found = read_kind(lines_of(store.read()), RefusalRecord)
    return [[one.gate for one in record.event.findings] for _, record in found]


def test_a_refusal_names_who_tried_and_what_refused() -> None:
    store = MemoryRecords()
    record_refusal(store, refusal("qa", "tests"))
    ((_, kept),) = read_kind(lines_of(store.read()), RefusalRecord)
    assert (kept.by, [one.gate for one in kept.event.findings]) == ("ada@host", ["qa", "tests"])
    assert problems(store.read()) == []


def test_the_preview_and_the_update_after_it_are_one_refusal() -> None:
    store = MemoryRecords()
    record_refusal(store, refusal("qa"))
    record_refusal(store, refusal("qa").model_copy(update={"at": 9.0, "by": "bob@host"}))
    assert gates_of(store) == [["qa"]]


def test_another_finding_is_another_refusal() -> None:
    store = MemoryRecords()
    for gates in (["qa", "tests"], ["qa"], ["qa", "tests"]):
        record_refusal(store, refusal(*gates))
    assert gates_of(store) == [["qa", "tests"], ["qa"], ["qa", "tests"]]
