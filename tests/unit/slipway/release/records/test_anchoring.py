"""Whatever was cut or altered of a chain between two updates is found by what the state keeps, always afterwards."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from slipway.release.records.anchoring import MOST_BROKEN, STATE, Acknowledged, advanced, kept_in, of_chain
from slipway.release.records.audit import chain_findings
from slipway.release.records.chain import Anchor, lines_of, sealed

Act = tuple[str, int]
ACTS = st.lists(st.tuples(st.sampled_from(["add", "update", "cut", "rewrite", "wipe"]), st.integers(0, 9)), max_size=25)
"""`add` a record, `update` the stack, `cut` so many from the end, `rewrite` from there on with the same length."""


class World:
    """A chain, and the outputs of the resource whose updates anchor it."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.outputs: dict[str, Any] = {}
        self.lost: list[Anchor] = []
        """Anchors that the chain did not have any more when it was damaged."""
        self._count = 0

    def add(self) -> None:
        before = lines_of(self.texts)
        self._count += 1
        self.texts.append(sealed({"what": self._count}, before[-1] if before else None))

    def update(self) -> None:
        now = advanced(kept_in(self.outputs), lines_of(self.texts))
        self.outputs = {"record": now.kept.to_output()} if now.kept is not None else {}

    def damage(self, act: str, number: int) -> None:
        kept = kept_in(self.outputs)
        rest = 0 if act == "wipe" else max(0, len(self.texts) - number)
        gone = len(self.texts) - rest
        del self.texts[rest:]
        for _ in range(gone if act == "rewrite" else 0):
            self.add()
        if kept is not None and kept.seq >= rest:
            self.lost.append(Anchor(seq=kept.seq, hash=kept.hash))

    def do(self, act: str, number: int) -> None:
        if act == "add":
            self.add()
        elif act == "update":
            self.update()
        else:
            self.damage(act, number)

    def found(self, *acknowledged: Acknowledged) -> list[str]:
        kept = kept_in(self.outputs)
        anchors = [(STATE, one) for one in kept.anchors] if kept is not None else []
        return [one.what for one in chain_findings(self.texts, anchors, acknowledged) if one.kind == "altered"]


@given(ACTS)
def test_every_cut_of_anchored_records_is_found_whatever_updates_follow(acts: list[Act]) -> None:
    world = World()
    for act, number in acts:
        world.do(act, number)
    found = world.found()
    assert bool(found) == bool(world.lost)
    for anchor in world.lost:
        assert any(f"the record {anchor.seq} " in what for what in found), (anchor, found)


@given(ACTS)
def test_records_that_are_only_added_are_never_found(acts: list[Act]) -> None:
    world = World()
    for act, number in acts:
        if act in ("add", "update"):
            world.do(act, number)
    assert world.found() == []
    assert "broken" not in world.outputs.get("record", {})


def damaged() -> World:
    world = World()
    for act, number in (("add", 0), ("add", 0), ("update", 0), ("cut", 1), ("add", 0), ("add", 0), ("update", 0)):
        world.do(act, number)
    return world


def test_a_record_that_comes_back_from_a_backup_is_missed_no_more() -> None:
    world = World()
    for _ in range(3):
        world.add()
    world.update()
    whole = list(world.texts)
    del world.texts[2:]
    world.update()
    assert len(world.found()) == 1
    world.texts = whole
    assert world.found() == []


def test_what_a_person_acknowledges_is_a_note_and_nothing_in_the_chain_can_do_that() -> None:
    world = damaged()
    (lost,) = world.lost
    known = Acknowledged(chain="checkout", record=lost.seq, hash=lost.hash, reason="restored", by="ada")
    assert len(world.found()) == 1
    assert world.found(known) == []
    kept = kept_in(world.outputs)
    assert kept is not None
    notes = chain_findings(world.texts, [(STATE, one) for one in kept.anchors], [known])
    assert [(one.kind, one.what.endswith("acknowledged by ada: restored")) for one in notes] == [("note", True)]
    other = known.model_copy(update={"hash": "0" * 64})
    assert len(world.found(other)) == 1
    assert of_chain((known,), "flags.checkout") == ()


def test_the_first_broken_anchors_stay_however_many_follow() -> None:
    world = World()
    for _ in range(MOST_BROKEN + 5):
        world.add()
        world.update()
        world.damage("wipe", 0)
    world.add()
    world.update()
    kept = kept_in(world.outputs)
    assert kept is not None
    assert len(kept.broken) == MOST_BROKEN
    assert kept.broken[0] == world.lost[0]


def test_a_chain_without_a_line_moves_no_anchor() -> None:
    before = kept_in({"record": {"seq": 3, "hash": "a" * 64}})
    now = advanced(before, [])
    assert now.kept == before
    assert "the record 3 is missing" in now.broken
    assert advanced(None, []).kept is None


def test_a_state_of_another_version_is_understood_as_far_as_it_can_be() -> None:
    found = kept_in({"record": {"seq": 3, "hash": "a" * 64, "surprise": 1, "broken": [{"seq": 1, "hash": "b" * 64}]}})
    assert found is not None
    assert [one.seq for one in found.anchors] == [1, 3]
    assert kept_in({"record": {"seq": -1, "hash": "a" * 64}}) is None
