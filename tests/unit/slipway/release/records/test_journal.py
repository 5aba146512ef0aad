"""The journal's head: transitions, the quarantine, and that it survives its own JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.release.errors import JournalUnreadable
from slipway.release.records import journal
from slipway.release.records.journal import COMMITS_KEPT, COMPLETED_KEPT, RECORDED_KEPT, Head, Outcome
from tests.unit.slipway.rollout.examples import attempt, head, serving, wanted


def quarantined(reason: str = "errors", retried_with: str | None = None) -> Head:
    tried = attempt().model_copy(update={"retry_reason": retried_with})
    return journal.aborted(head(), tried, reason, 9.0, quarantine=True)


def test_a_commit_makes_the_candidate_serve_and_complete() -> None:
    after = journal.committed(head(), attempt(), wanted().route, 7.0)
    assert after.serving is not None
    assert after.serving.backend.revision == "bbbbbbbb"
    assert after.has_completed("bbbbbbbb")
    assert not after.unfinished


def test_a_revision_keeps_the_template_with_which_it_completed_first() -> None:
    first = journal.committed(head(), attempt(), wanted().route, 7.0, template="a" * 20)
    again = journal.committed(first, attempt(), wanted().route, 9.0, template="b" * 20)
    assert again.template_of("bbbbbbbb") == "a" * 20
    assert first.template_of("cccccccc") is None


def test_an_abort_keeps_what_served_and_quarantines_the_candidate() -> None:
    after = quarantined()
    assert after.serving == serving()
    assert not after.unfinished
    assert journal.refusal(after, "bbbbbbbb", None) is not None


def test_an_abort_for_the_environment_holds_nothing_against_the_candidate() -> None:
    after = journal.aborted(head(), attempt(), "metrics", 9.0, quarantine=False)
    assert journal.refusal(after, "bbbbbbbb", None) is None


def test_an_interruption_holds_nothing_against_the_candidate() -> None:
    after = journal.interrupted(head(attempt=attempt()), "killed", "watchdog", 9.0)
    assert after.attempt is not None
    assert (after.attempt.outcome, after.attempt.by) == (Outcome.INTERRUPTED, "watchdog")
    assert journal.refusal(after, "bbbbbbbb", None) is None


def test_the_refusal_says_why_and_what_to_do() -> None:
    text = journal.refusal(quarantined("5% errors"), "bbbbbbbb", None)
    assert text is not None
    assert "5% errors" in text
    assert "retry.reason" in text


def test_a_reason_lifts_the_quarantine_once() -> None:
    assert journal.refusal(quarantined(), "bbbbbbbb", "the database was down") is None
    again = quarantined(retried_with="the database was down")
    assert journal.refusal(again, "bbbbbbbb", "the database was down") is not None
    assert journal.refusal(again, "bbbbbbbb", "now it is up, see INC-7") is None


def test_other_revisions_are_not_concerned() -> None:
    assert journal.refusal(quarantined(), "cccccccc", None) is None
    assert journal.refusal(None, "bbbbbbbb", None) is None


def test_a_commit_lifts_the_quarantine() -> None:
    after = journal.committed(quarantined(), attempt(), wanted().route, 10.0)
    assert after.quarantined == {}


@given(st.lists(st.sampled_from([f"{n:08x}" for n in range(40)]), max_size=60))
def test_completed_revisions_are_bounded_unique_and_newest_first(revisions: list[str]) -> None:
    now = head(serving=None)
    for at, revision in enumerate(revisions):
        now = journal.committed(now, attempt(revision), wanted().route, float(at))
    seen = [entry.revision for entry in now.completed]
    assert len(seen) == len(set(seen)) <= COMPLETED_KEPT
    assert [entry.at for entry in now.completed] == sorted((entry.at for entry in now.completed), reverse=True)


@given(st.lists(st.sampled_from("abc"), max_size=COMMITS_KEPT + 10))
def test_every_commit_is_remembered_in_order_and_bounded(letters: list[str]) -> None:
    now = head(serving=None)
    for at, letter in enumerate(letters):
        now = journal.committed(now, attempt(letter * 8), wanted().route, float(at))
    assert [entry.revision[0] for entry in now.commits] == letters[::-1][:COMMITS_KEPT]


@given(st.booleans(), st.booleans())
def test_a_head_survives_its_own_json(bad: bool, running: bool) -> None:
    made = journal.aborted(head(), attempt(), "why", 3.0, quarantine=bad)
    made = journal.begun(made, attempt()) if running else made
    assert journal.read_head(json.loads(json.dumps(made.to_json()))) == made


def stored(**changes: Any) -> dict[str, Any]:
    return {**head(attempt=attempt()).to_json(), **changes}


def test_a_newer_format_is_said_before_anything_else_is_read() -> None:
    with pytest.raises(JournalUnreadable) as error:
        journal.read_head({"format": 3, "service": "checkout", "attempt": "in a form of its own"})
    assert str(error.value) == "the journal of checkout has format 3, this Slipway knows 2: update Slipway"


@pytest.mark.parametrize(("written", "kind"), [("return", "rollback"), ("forward", "forward"), ("first", "first")])
def test_a_journal_of_the_first_format_is_read_and_written_again_in_this_one(written: str, kind: str) -> None:
    old = stored(format=1, attempt={**attempt().model_dump(mode="json"), "kind": written})
    found = journal.read_head(old)
    assert found.attempt is not None
    assert found.attempt.kind == kind
    again = found.to_json()
    assert (again["format"], again["attempt"]["kind"]) == (2, kind)
    assert journal.read_head(again) == found


def test_the_name_that_the_first_format_gave_a_rollback_is_unknown_in_this_one() -> None:
    with pytest.raises(JournalUnreadable, match=r"attempt\.kind"):
        journal.read_head(stored(attempt={**attempt().model_dump(mode="json"), "kind": "return"}))


@pytest.mark.parametrize("found", ["1", True, None, 0, 1.5])
def test_a_format_that_is_no_number_is_not_guessed_at(found: object) -> None:
    with pytest.raises(JournalUnreadable, match="format"):
        journal.read_head(stored(format=found))


def test_what_a_journal_of_this_format_must_say_is_asked_for() -> None:
    with pytest.raises(JournalUnreadable, match=r"the journal of checkout cannot be understood: attempt\.outcome"):
        journal.read_head(stored(attempt={**attempt().model_dump(mode="json"), "outcome": "paused"}))


def test_unknown_fields_are_ignored_wherever_they_are() -> None:
    document = stored(surprise=True)
    document["serving"]["route"]["surprise"] = True
    document["attempt"]["candidate"]["surprise"] = {"deep": [1]}
    found = journal.read_head(document)
    assert (found.serving, found.attempt) == (serving(), attempt())


def test_top_level_fields_of_another_version_outlive_a_write_of_this_one() -> None:
    found = journal.read_head(stored(surprise={"on": True}))
    later = journal.committed(journal.begun(found, attempt()), attempt(), wanted().route, 7.0)
    assert later.to_json()["surprise"] == {"on": True}
    assert journal.read_head(json.loads(json.dumps(later.to_json()))) == later


def test_the_owner_is_read_of_any_format_and_however_damaged() -> None:
    owner = journal.read_owner({"format": 9, "service": "checkout", "stack": "shop/prod", "attempt": 3})
    assert (owner.service, owner.stack, owner.handed_to) == ("checkout", "shop/prod", None)
    assert journal.read_owner({"stack": 1}).stack is None


def test_another_stack_is_refused_with_both_names_and_the_remedy() -> None:
    problem = journal.owner_problem(head(stack="shop/prod"), "store/prod")
    assert problem is not None
    assert "shop/prod" in problem
    assert "slipway hand-over checkout --to store/prod" in problem


@pytest.mark.parametrize(
    "owned",
    [
        None,
        head(),
        head(stack="store/prod"),
        head(stack="shop/prod", handed_to="store/prod"),
        head(handed_to="other/prod"),
    ],
)
def test_the_owner_a_new_owner_and_a_journal_without_one_are_let_through(owned: Head | None) -> None:
    assert journal.owner_problem(owned, "store/prod") is None


def test_what_acts_for_the_owner_is_let_through() -> None:
    assert journal.owner_problem(head(stack="shop/prod"), "") is None
    assert journal.taken_over(head(stack="shop/prod"), "").stack == "shop/prod"


def test_a_hand_over_is_an_offer_until_it_is_taken() -> None:
    offered = journal.handed_over(head(stack="shop/prod"), "store/prod")
    assert journal.owner_problem(offered, "shop/prod") is None
    assert journal.owner_problem(offered, "third/prod") is not None
    assert journal.taken_over(offered, "shop/prod") == offered
    taken = journal.taken_over(offered, "store/prod")
    assert (taken.stack, taken.handed_to) == ("store/prod", None)
    assert journal.owner_problem(taken, "shop/prod") is not None


def test_a_hand_over_to_the_owner_withdraws_the_offer() -> None:
    offered = journal.handed_over(head(stack="shop/prod"), "store/prod")
    assert journal.handed_over(offered, "shop/prod").handed_to is None


def test_the_first_update_that_is_recorded_makes_the_owner() -> None:
    assert journal.taken_over(head(), "shop/prod").stack == "shop/prod"


def test_a_write_is_ones_own_unless_another_rollout_began_or_another_ended_it() -> None:
    mine = journal.begun(head(), attempt())
    assert journal.is_own_write(mine, "r1")
    assert journal.is_own_write(journal.committed(mine, attempt(), wanted().route, 7.0), "r1")
    assert journal.is_own_write(journal.interrupted(mine, "Ctrl-C", "executor", 7.0), "r1")
    assert not journal.is_own_write(journal.interrupted(mine, "the provider died", "watchdog", 7.0), "r1")
    assert not journal.is_own_write(mine, "r2")
    assert not journal.is_own_write(head(), "r1")


def test_an_offer_that_was_made_during_a_rollout_outlives_its_next_write() -> None:
    mine = journal.begun(head(stack="shop/prod"), attempt())
    offered = journal.handed_over(mine, "store/prod").with_unknown({"surprise": 1})
    wanted_head = journal.committed(mine, attempt(), wanted().route, 7.0)
    written = journal.beside(wanted_head, offered)
    assert (written.handed_to, written.to_json()["surprise"]) == ("store/prod", 1)
    assert written.serving == wanted_head.serving


def test_the_last_rollouts_stay_on_record_however_they_ended() -> None:
    now = head(attempt=attempt().model_copy(update={"id": "before"}))
    for number in range(RECORDED_KEPT + 2):
        tried = attempt().model_copy(update={"id": f"n{number}"})
        now = journal.begun(now, tried)
        assert journal.begun(now, tried).recorded == now.recorded
        if number == 1:
            assert now.recorded == ("n1", "n0", "before")
        now = journal.aborted(now, tried, "why", 9.0, quarantine=bool(number % 2))
    assert now.recorded == tuple(f"n{number}" for number in range(RECORDED_KEPT + 1, 1, -1))
