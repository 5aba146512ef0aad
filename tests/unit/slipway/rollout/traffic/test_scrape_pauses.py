"""Pauses between two questions for a new scrape."""

from __future__ import annotations

from contextlib import ExitStack

from slipway.rollout.process.crowd import IN_FLIGHT, LARGE
from slipway.rollout.traffic.scrape_pauses import QUICK, QUICK_FOR, USUAL, scrape_pause


def test_a_source_that_is_scraped_each_second_is_asked_often_and_a_slow_one_is_not() -> None:
    assert scrape_pause(0.0) == QUICK
    assert scrape_pause(QUICK_FOR) == USUAL


def test_many_rollouts_of_one_process_ask_less_often() -> None:
    with ExitStack() as many:
        for _ in range(LARGE):
            many.enter_context(IN_FLIGHT.one())
        assert scrape_pause(0.0) == USUAL
