"""Which rollouts a Cancel of the engine concerns."""

from __future__ import annotations

import threading

from slipway.plugin.flights import Flights


def test_a_cancel_reaches_every_rollout_in_flight() -> None:
    flights = Flights()
    with flights.one() as first, flights.one() as second:
        flights.cancel()
        assert first.is_set()
        assert second.is_set()


def test_a_cancel_with_nothing_in_flight_leaves_nothing_behind() -> None:
    flights = Flights()
    flights.cancel()
    with flights.one() as cancelled:
        assert not cancelled.is_set()


def test_a_rollout_that_begins_while_cancelled_ones_end_is_cancelled_too() -> None:
    flights = Flights()
    with flights.one():
        flights.cancel()
        with flights.one() as late:
            assert late.is_set()


def test_what_begins_after_the_cancelled_ones_have_ended_is_not_concerned() -> None:
    flights = Flights()
    with flights.one():
        flights.cancel()
    with flights.one() as later:
        assert not later.is_set()


def test_a_rollout_that_failed_is_in_flight_no_more() -> None:
    flights = Flights()
    try:
        with flights.one():
            raise ValueError
    except ValueError:
        pass
    assert flights.number == 0


def test_closing_waits_for_those_in_flight_and_lets_none_begin() -> None:
    flights, inside = Flights(), threading.Event()

    def roll_out() -> None:
        with flights.one() as cancelled:
            inside.set()
            cancelled.wait(30.0)

    thread = threading.Thread(target=roll_out)
    thread.start()
    assert inside.wait(5.0)
    assert flights.close(5.0)
    thread.join(5.0)
    with flights.one() as late:
        assert late.is_set()


def test_closing_says_when_a_rollout_did_not_end_in_time() -> None:
    flights = Flights()
    with flights.one():
        assert not flights.close(0.0)


def test_an_engine_that_is_gone_is_told_from_one_that_was_interrupted() -> None:
    gone, interrupted = Flights(), Flights()
    with gone.one(), interrupted.one():
        interrupted.cancel()
        gone.close(0.0)
        interrupted.close(0.0)
    assert gone.abandoned()
    assert not interrupted.abandoned()
