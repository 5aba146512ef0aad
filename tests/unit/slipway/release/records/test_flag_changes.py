"""Every change of a set of flags is on record for good, and an audit names what is missing on either side."""

from __future__ import annotations

from slipway.release.flags.declaring import after_declaration
from slipway.release.flags.journal import Head, after_change
from slipway.release.records.audit import Window
from slipway.release.records.chain import Anchor, lines_of, sealed
from slipway.release.records.compare import compare_flags
from slipway.release.records.flag_audit import audit_flags
from slipway.release.records.flag_changes import next_record
from slipway.release.records.kinds import FlagRecord
from slipway.release.records.release_record import Recorded, read_kind
from tests.flags import BY, declaration, head, kill, resume
from tests.unit.slipway.release.records.test_kinds import rollout

EVER = Window(0.0, 1e12)


def recorded(texts: list[str], journal: Head) -> list[str]:
    def last() -> FlagRecord | None:
        found = read_kind(lines_of(texts), FlagRecord)
        return found[-1][1] if found else None

    while (record := next_record(last(), journal, "shop")) is not None:
        texts = [*texts, sealed(record.to_content(), lines_of(texts)[-1] if texts else None)]
    return texts


def whats(texts: list[str]) -> list[tuple[str, str | None]]:
    return [(record.event.what, record.event.flag) for _, record in read_kind(lines_of(texts), FlagRecord)]


def killed() -> Head:
    return after_change(head(), kill("pay"))


def test_what_was_done_is_recorded_once_with_who_and_why() -> None:
    texts = recorded([], killed())
    assert whats(texts)[-1] == ("kill", "pay")
    (_, last) = read_kind(lines_of(texts), FlagRecord)[-1]
    assert (last.by, last.event.reason, last.stack, last.target) == (
        "guard",
        "error-ratio 8.8x",
        "releases/prod",
        "shop",
    )
    assert recorded(texts, killed()) == texts


def test_what_a_process_that_died_left_unrecorded_is_recorded_with_the_next_change() -> None:
    texts = recorded([], head())
    journal = after_change(killed(), resume("pay"))
    assert whats(recorded(texts, journal))[-2:] == [("kill", "pay"), ("resume", "pay")]


def test_a_journal_that_was_lost_and_begun_anew_is_recorded_as_well() -> None:
    texts = recorded([], killed())
    later = BY.model_copy(update={"at": 9_000.0})
    journal = after_declaration(Head(name="flags"), declaration(), later)
    grown = recorded(texts, journal)
    assert len(grown) == len(texts) + len(journal.records)


def test_an_audit_finds_both_in_agreement() -> None:
    journal = killed()
    texts = recorded([], journal)
    assert audit_flags(texts, journal, EVER, anchored(texts)) == []


def anchored(texts: list[str]) -> list[tuple[str, Anchor]]:
    return [("the stack's state", lines_of(texts)[-1].anchor)]


def test_a_cut_tail_is_found_by_the_anchor_also_where_the_journal_has_forgotten_the_changes() -> None:
    journal = killed()
    texts = recorded([], journal)
    forgot = journal.model_copy(update={"records": ()})
    (cut,) = audit_flags(texts[:-1], forgot, EVER, anchored(texts))
    assert (cut.kind, "is missing: the stack's state knows it" in cut.what) == ("altered", True)
    (without,) = audit_flags(texts[:-1], forgot, EVER)
    assert (without.kind, "no anchor is known" in without.what) == ("unknown", True)


def test_a_chain_that_was_written_anew_is_found_by_the_anchor() -> None:
    journal = killed()
    texts = recorded([], journal)
    anew = recorded([], journal.model_copy(update={"stack": "releases/other"}))
    (found,) = audit_flags(anew, journal, EVER, anchored(texts))
    assert "the chain was written anew" in found.what


def test_a_dropped_line_is_found_and_said() -> None:
    journal = killed()
    texts = recorded([], journal)
    assert len(texts) > 1
    assert any("is missing" in one.what for one in audit_flags(texts[1:], journal, EVER, anchored(texts)))


def test_a_change_without_a_record_and_a_record_without_a_change_are_named() -> None:
    journal = killed()
    texts = recorded([], journal)
    (missing,) = audit_flags(texts[:-1], journal, EVER, anchored(texts[:-1]))
    assert (missing.kind, "(kill pay)" in missing.what) == ("missing", True)
    forgot = journal.model_copy(update={"records": journal.records[:-1]})
    (denied,) = audit_flags(texts, forgot, EVER, anchored(texts))
    assert "says kill pay by guard: the journal has no such change" in denied.what


def test_what_the_journal_has_forgotten_is_no_finding() -> None:
    journal = after_change(killed(), resume("pay"))
    texts = recorded([], journal)
    forgot = journal.model_copy(update={"records": journal.records[-1:]})
    assert audit_flags(texts, forgot, EVER, anchored(texts)) == []


def test_records_without_any_journal_are_not_proved() -> None:
    texts = recorded([], killed())
    assert [one.kind for one in audit_flags(texts, None, EVER, anchored(texts))] == ["unknown"]


def test_an_altered_record_is_found() -> None:
    journal = killed()
    texts = recorded([], journal)
    altered = [*texts[:-1], texts[-1].replace("guard", "nobody")]
    assert "altered" in {one.kind for one in audit_flags(altered, journal, EVER)}


def ended(at: float) -> Recorded:
    record = rollout(ended=at)
    return Recorded(anchor=Anchor(seq=0, hash="0" * 64), record=record)


def test_what_changed_between_two_releases_is_told_in_both_directions() -> None:
    lines = lines_of(recorded([], killed()))
    (change,) = compare_flags("flags", lines, ended(1_500.0), ended(2_500.0))
    assert (change.part, change.path) == ("flags", "flags.pay")
    (back,) = compare_flags("flags", lines, ended(2_500.0), ended(1_500.0))
    assert (back.before, back.after) == (change.after, change.before)
    assert compare_flags("flags", lines, ended(2_500.0), ended(3_500.0)) == ()


def test_a_kill_that_was_lifted_meanwhile_is_no_difference() -> None:
    lines = lines_of(recorded([], after_change(killed(), resume("pay"))))
    assert compare_flags("flags", lines, ended(1_500.0), ended(3_500.0)) == ()
