"""The journal's head: transitions, the quarantine, and that it survives its own JSON."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from rollout import journal
from rollout.journal import COMMITS_KEPT, COMPLETED_KEPT, Head, Outcome
from tests.unit.rollout.examples import attempt, head, serving, wanted


def quarantined(reason: str = "errors", retried_with: str | None = None) -> Head:
    tried = attempt().model_copy(update={"retry_reason": retried_with})
    return journal.aborted(head(), tried, reason, 9.0, quarantine=True)


def test_a_commit_makes_the_candidate_serve_and_complete() -> None:
    after = journal.committed(head(), attempt(), wanted().route, 7.0)
    assert after.serving is not None
    assert after.serving.backend.revision == "bbbbbbbb"
    assert after.has_completed("bbbbbbbb")
    assert not after.unfinished


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
    assert Head.model_validate(json.loads(json.dumps(made.to_json()))) == made
