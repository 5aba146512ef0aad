"""An audit names what is missing on either side, and what was altered; what agrees is no finding."""

from __future__ import annotations

from dataclasses import replace

import pytest

from slipway.release.records.audit import AuditFinding, Sources, Window, audit
from slipway.release.records.chain import Anchor, lines_of, sealed
from slipway.release.records.journal import Commit, Head, Outcome, Quarantine
from slipway.release.records.rollback import PastUpdate
from tests.unit.slipway.release.records.ten import BEGAN, DAY, ten_releases
from tests.unit.slipway.rollout.examples import attempt

ALWAYS = Window(0.0, BEGAN + 100 * DAY)


class Audited:
    """Ten releases, with journal, history and anchor as they are when all is well."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        it, did = ten_releases(monkeypatch)
        self.texts, self.head = it.records.read(), it.world.head
        self.anchor = lines_of(self.texts)[-1].anchor
        entry = {"manifest": it.found[0].record.subject.manifest}
        moved = ("committed", "rolled-back")
        updates = [PastUpdate(one.began, one.outcome in moved, entry, one.ended) for one in did]
        self.updates: list[PastUpdate] | None = updates[::-1]

    def sources(self, head: Head | None = None) -> Sources:
        kept = [("the state", self.anchor)]
        return Sources(head or self.head, self.updates, kept, whole_history=True, no_updates="no Pulumi")

    def found(self, head: Head | None = None, window: Window = ALWAYS) -> list[AuditFinding]:
        return audit(self.texts, self.sources(head), window)

    def bad(self, head: Head | None = None, window: Window = ALWAYS) -> list[str]:
        return [f"{one.kind}: {one.what}" for one in self.found(head, window) if one.kind != "note"]


@pytest.fixture
def ten(monkeypatch: pytest.MonkeyPatch) -> Audited:
    return Audited(monkeypatch)


def test_what_agrees_on_all_sides_is_no_finding(ten: Audited) -> None:
    assert ten.bad() == []


def test_an_altered_record_a_dropped_one_and_a_cut_end_are_found(ten: Audited) -> None:
    whole = list(ten.texts)
    ten.texts = [whole[0].replace("committed", "committee"), *whole[1:]]
    assert any(one.startswith("altered: the record 0 was altered") for one in ten.bad())
    ten.texts = [*whole[:3], *whole[4:]]
    assert any(one.startswith("altered: the record 3 is missing") for one in ten.bad())
    ten.texts = whole[:-1]
    assert any("its end was cut off" in one for one in ten.bad())


def test_a_dropped_commit_is_also_named_as_one_that_only_the_journal_has(ten: Audited) -> None:
    gone = 1
    kept = [line.content for line in lines_of(ten.texts) if line.seq != gone]
    texts: list[str] = []
    for content in kept:  # by somebody who knows how the chain is made
        texts.append(sealed(content, lines_of(texts)[-1] if texts else None))
    ten.texts = texts
    found = ten.bad()
    assert any(one.startswith("altered: the record 9 is missing: the state knows it") for one in found)
    assert any(one.startswith("missing: the commit of revision b2000000 at 2025-11-19") for one in found)


def test_a_commit_that_no_record_has_is_named(ten: Audited) -> None:
    extra = Commit(revision="ffffffff", at=BEGAN + 2.5 * DAY)
    (found,) = ten.bad(ten.head.model_copy(update={"commits": (extra, *ten.head.commits)}))
    assert found.startswith("missing: the commit of revision ffffffff at 2025-11-20")


def test_a_record_whose_commit_the_journal_does_not_have_is_named(ten: Audited) -> None:
    fewer = tuple(one for one in ten.head.commits if one.revision != "b2000000")
    (found,) = ten.bad(ten.head.model_copy(update={"commits": fewer}))
    assert found.startswith("missing: record 1 says that v-b2000000 (b2000000) committed at ")


def test_a_rollout_that_ended_without_a_record_is_named_and_one_in_flight_is_a_note(ten: Audited) -> None:
    ended = attempt(outcome=Outcome.ABORTED).model_copy(update={"ended": BEGAN})
    (found,) = ten.bad(ten.head.model_copy(update={"attempt": ended}))
    assert found == "missing: rollout r1 to v-bbbbbbbb (aborted) has no record; the next update writes it"
    running = ten.head.model_copy(update={"attempt": attempt()})
    assert ten.bad(running) == []
    assert AuditFinding("note", "rollout r1 to v-bbbbbbbb is in flight") in ten.found(running)


def test_an_abort_that_only_the_journal_remembers_is_named(ten: Audited) -> None:
    held = Quarantine(version="9", reason="bad", at=BEGAN, rollout="r9")
    quarantined = {**ten.head.quarantined, "99999999": held}
    (found,) = ten.bad(ten.head.model_copy(update={"quarantined": quarantined}))
    assert found.startswith("missing: the abort of 9 (99999999)")


def test_an_update_of_the_stack_without_a_record_is_named(ten: Audited) -> None:
    assert ten.updates is not None
    late = PastUpdate(BEGAN + 20 * DAY, True, {"manifest": "releases/unknown.yaml"}, BEGAN + 20 * DAY + 60)
    ten.updates = [late, *ten.updates]
    (found,) = ten.bad()
    assert "released releases/unknown.yaml, of which there is no record" in found


def test_a_record_without_an_update_is_named_and_an_interrupted_one_is_explained(ten: Audited) -> None:
    assert ten.updates is not None
    whole = ten.updates
    ten.updates = [one for one in whole if one.began != BEGAN + 3 * DAY]
    (found,) = ten.bad()
    assert found.startswith("missing: record 3 (v-c4000000, committed) has no update in the stack's history")
    ten.updates = [one for one in whole if one.began != BEGAN + 7 * DAY]
    assert ten.bad() == []
    assert any("it was killed" in one.what for one in ten.found())


def test_what_was_before_the_oldest_update_that_is_known_proves_nothing(ten: Audited) -> None:
    assert ten.updates is not None
    ten.updates = ten.updates[:4]
    sources = replace(ten.sources(), whole_history=False)
    assert [one for one in audit(ten.texts, sources, ALWAYS) if one.kind != "note"] == []


def test_what_cannot_be_compared_is_no_proof(ten: Audited) -> None:
    sources = replace(ten.sources(), updates=None, anchors=(), head=None)
    assert [one.kind for one in audit(ten.texts, sources, ALWAYS)] == ["unknown", "unknown", "unknown"]
    assert "no Pulumi" in audit(ten.texts, sources, ALWAYS)[-1].what


def test_a_window_looks_at_nothing_outside_of_it(ten: Audited) -> None:
    extra = Commit(revision="ffffffff", at=BEGAN + 2.5 * DAY)
    head = ten.head.model_copy(update={"commits": (extra, *ten.head.commits)})
    assert ten.bad(head, Window(BEGAN + 3 * DAY, BEGAN + 9 * DAY)) == []


def test_an_anchor_of_a_signed_record_finds_a_chain_that_was_written_anew(ten: Audited) -> None:
    signed = Anchor(seq=2, hash="f" * 64)
    sources = replace(ten.sources(), anchors=[("the signed record a.json", signed)])
    (found,) = [one for one in audit(ten.texts, sources, ALWAYS) if one.kind == "altered"]
    assert found.what == "the record 2 is not the one that the signed record a.json knows: the chain was written anew"
