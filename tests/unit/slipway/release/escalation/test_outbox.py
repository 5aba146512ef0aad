"""How far the telling has come: tries, pauses, repetitions and the end. Pure."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.release.errors import JournalUnreadable
from slipway.release.escalation.outbox import (
    Closed,
    Entry,
    Outcome,
    after_try,
    closed,
    due,
    next_due,
    parse,
)
from tests.escalations import ALERTMANAGER, PAGERDUTY, SLACK, WEBHOOK, entry

DELIVERED, AGAIN, REFUSED = Outcome("delivered"), Outcome("again", "HTTP 503"), Outcome("refused", "HTTP 400")
END = Closed(by="kim", at=2000.0, reason="fixed")


def tried(one: Entry, *outcomes: Outcome, now: float = 0.0, closing: bool = False) -> Entry:
    for outcome in outcomes:
        one = after_try(one, 0, outcome, now, closing=closing)
    return one


def test_a_new_entry_is_due_to_every_receiver_at_once() -> None:
    assert due(entry(WEBHOOK, SLACK), 0.0) == (0, 1)


def test_after_a_failure_the_pauses_double_up_to_a_minute() -> None:
    pauses, one = [], entry()
    for _ in range(9):
        one = tried(one, AGAIN)
        pauses.append(next_due(one))
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert one.deliveries[0].tries == 9
    assert one.deliveries[0].why == "HTTP 503"


def test_a_receiver_that_asks_for_more_time_gets_it_but_no_more_than_an_hour() -> None:
    assert next_due(tried(entry(), Outcome("again", "HTTP 429", after=90.0), now=10.0)) == 100.0
    assert next_due(tried(entry(), Outcome("again", "HTTP 429", after=0.1))) == 1.0
    assert next_due(tried(entry(), Outcome("again", "HTTP 429", after=1e9))) == 3600.0


def test_what_was_taken_is_not_sent_again_but_to_an_alertmanager_each_minute() -> None:
    for one in (WEBHOOK, SLACK, PAGERDUTY):
        assert next_due(tried(entry(one), DELIVERED)) is None
    repeated = tried(entry(ALERTMANAGER), DELIVERED, now=100.0)
    assert next_due(repeated) == 160.0
    failed = tried(repeated, AGAIN, now=160.0)
    assert next_due(failed) == 161.0
    assert failed.deliveries[0].state == "delivered"
    assert failed.deliveries[0].delivered == 100.0


def test_what_was_refused_is_never_tried_again() -> None:
    refused = tried(entry(WEBHOOK, SLACK), REFUSED)
    assert due(refused, 1e12) == (1,)
    assert [one.why for one in refused.refused] == ["HTTP 400"]


def test_at_the_end_those_who_know_of_it_are_told_once() -> None:
    ended = closed(tried(entry(ALERTMANAGER), DELIVERED), END)
    assert next_due(ended) == 0.0
    assert next_due(tried(ended, AGAIN, closing=True)) == 1.0
    assert next_due(tried(ended, DELIVERED, closing=True)) is None
    assert next_due(tried(ended, REFUSED, closing=True)) is None


def test_at_the_end_nobody_is_told_who_knows_of_nothing() -> None:
    assert next_due(closed(entry(PAGERDUTY), END)) is None
    assert next_due(closed(tried(entry(PAGERDUTY), REFUSED), END)) is None
    assert next_due(closed(tried(entry(SLACK), DELIVERED), END)) is None


def test_a_try_whose_answer_was_lost_may_have_been_taken_and_is_ended_too() -> None:
    assert next_due(closed(tried(entry(PAGERDUTY), AGAIN), END)) == 0.0


def test_what_was_on_its_way_while_it_was_closed_is_ended_once_more() -> None:
    ended = tried(closed(tried(entry(ALERTMANAGER), DELIVERED), END), DELIVERED, closing=True)
    assert next_due(ended) is None
    late = tried(ended, DELIVERED, now=2001.0)
    assert next_due(late) == 2001.0


def test_the_first_end_stands() -> None:
    ended = closed(entry(), END)
    assert closed(ended, Closed(by="lee", at=3000.0)) == ended


def test_an_entry_is_read_as_it_was_written() -> None:
    one = closed(tried(entry(WEBHOOK, SLACK, ALERTMANAGER, PAGERDUTY), AGAIN, DELIVERED), END)
    assert parse(one.to_document()) == one


def test_a_newer_format_and_a_damaged_entry_are_refused() -> None:
    with pytest.raises(JournalUnreadable, match="format 2, this Slipway reads 1"):
        parse({**entry().to_document(), "format": 2})
    with pytest.raises(JournalUnreadable, match="damaged at escalation"):
        parse({"deliveries": []})


@given(st.lists(st.sampled_from([DELIVERED, AGAIN, REFUSED]), max_size=30))
def test_an_open_delivery_always_has_a_next_try(outcomes: list[Outcome]) -> None:
    one = entry()
    for outcome in outcomes:
        if next_due(one) is not None:
            one = tried(one, outcome)
    assert (next_due(one) is None) == (one.deliveries[0].state != "open")
