"""The anchors of all resources: what an update, a refresh and a replacement make of those that the chain lost."""

from __future__ import annotations

from typing import Any

import pytest

from slipway.plugin.anchors import Anchors, Chain, look_at
from slipway.release.errors import ClusterError
from slipway.release.records.chain import lines_of
from slipway.release.records.store import MemoryRecords, append

URN = "urn:pulumi:prod::releases::slipway:index:Rollout::checkout"


class Away(MemoryRecords):
    def read(self) -> list[str]:
        raise ClusterError("the API server does not answer")


def stored(count: int, first: int = 0) -> MemoryRecords:
    store = MemoryRecords()
    for number in range(count):
        append(store, lambda lines, number=number: {"what": first + number})  # type: ignore[misc]
    return store


def chain(store: MemoryRecords | None, where: str = "shop") -> Chain:
    return Chain("checkout", where, store)


def output(store: MemoryRecords) -> dict[str, Any]:
    return {"record": lines_of(store.read())[-1].anchor.model_dump(mode="json")}


@pytest.fixture
def told() -> list[str]:
    return []


def test_a_chain_that_goes_on_moves_the_anchor_and_says_nothing(told: list[str]) -> None:
    before = output(stored(2))
    assert Anchors().after(URN, chain(stored(4)), before, told.append) == output(stored(4))
    assert told == []


def test_an_update_after_a_cut_keeps_the_anchor_that_shows_it_and_warns(told: list[str]) -> None:
    before, now = output(stored(4)), stored(2)
    kept = Anchors().after(URN, chain(now), before, told.append)
    assert kept == {"record": {**output(now)["record"], "broken": [before["record"]]}}
    assert told[0].startswith("the records of checkout were cut or altered: the record 3 is missing")
    again = Anchors().after(URN, chain(stored(3)), kept, told.append)
    assert again["record"]["broken"] == [before["record"]]
    assert len(told) == 1, "only the update that finds it says so, the audit always does"


@pytest.mark.parametrize("store", [Away(), None])
def test_a_chain_that_cannot_be_read_leaves_the_state_as_it_is(store: MemoryRecords | None, told: list[str]) -> None:
    before = output(stored(4))
    assert Anchors().after(URN, chain(store), before, told.append) == before
    assert Anchors().after(URN, chain(store), None, told.append) == {}
    assert look_at(chain(store), before, told.append)
    assert told == []


def test_a_chain_without_a_record_left_moves_nothing_and_is_told(told: list[str]) -> None:
    before = output(stored(4))
    assert Anchors().after(URN, chain(MemoryRecords()), before, told.append) == before
    assert len(told) == 1


def test_a_resource_that_is_replaced_goes_on_from_the_anchor_that_its_difference_showed(told: list[str]) -> None:
    anchors, before = Anchors(), output(stored(4))
    anchors.see(URN, chain(None), before)
    kept = anchors.after(URN, chain(stored(3, first=7)), None, told.append)
    assert kept["record"]["broken"] == [before["record"]]
    elsewhere = anchors.after(URN, chain(stored(3, first=7), where="other"), None, told.append)
    assert elsewhere == output(stored(3, first=7)), "in another place it is another chain"


def test_a_refresh_moves_no_anchor_and_tells_of_a_cut(told: list[str]) -> None:
    before = output(stored(4))
    assert look_at(chain(stored(5)), before, told.append)
    assert told == []
    assert look_at(chain(stored(2)), before, told.append)
    assert len(told) == 1
    assert not look_at(chain(MemoryRecords()), before, told.append), "there is nothing left to keep it for"
    assert not look_at(chain(stored(2)), {}, told.append)
