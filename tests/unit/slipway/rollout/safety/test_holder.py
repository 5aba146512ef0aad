"""Whether somebody keeps a Lease alive, as watched by this process."""

from __future__ import annotations

import pytest

from slipway.rollout.platforms.base import LeaseState
from slipway.rollout.safety.heartbeat import RENEW_EVERY
from slipway.rollout.safety.holder import POLL, WATCH, watch_lease
from tests.unit.slipway.cli.examples import NOW, ScriptedLease, held


class Pauses:
    """Counts the seconds that would have passed."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self, seconds: float) -> None:
        self.seconds += seconds


def test_nobody_holds_a_free_lease() -> None:
    assert watch_lease(ScriptedLease(None)).state == "free"


def test_one_that_was_renewed_a_moment_ago_is_alive_at_once() -> None:
    pauses = Pauses()
    assert watch_lease(ScriptedLease(held(age=1.0)), pause=pauses).alive
    assert pauses.seconds == 0.0


def test_the_clock_of_somebody_else_is_not_believed_when_it_matters() -> None:
    pauses = Pauses()
    assert watch_lease(ScriptedLease(held(age=1.0)), patient=True, pause=pauses).state == "silent"
    assert pauses.seconds >= 2 * RENEW_EVERY


@pytest.mark.parametrize("age", [-300.0, 300.0])
def test_a_renewal_that_is_seen_counts_whatever_the_clocks_say(age: float) -> None:
    lease = ScriptedLease(held(age=age), held(age=age), held(age=age, renewed=NOW + RENEW_EVERY))
    assert watch_lease(lease, pause=Pauses()).alive


def test_a_change_of_hands_is_life() -> None:
    other = LeaseState("another", NOW, 60.0, 15.0, False, 1)
    assert watch_lease(ScriptedLease(held(age=60.0), other), pause=Pauses()).alive


def test_one_that_is_not_renewed_is_silent_and_says_for_how_long() -> None:
    holding = watch_lease(ScriptedLease(held(age=9.0)), pause=Pauses())
    assert not holding.alive
    assert str(holding) == "held by someone, not renewed for 9s"


def test_an_expired_one_is_not_watched_any_longer() -> None:
    pauses = Pauses()
    assert watch_lease(ScriptedLease(held(age=60.0, expired=True)), pause=pauses).state == "expired"
    assert pauses.seconds == 0.0


def test_one_that_is_given_back_meanwhile_is_free() -> None:
    assert watch_lease(ScriptedLease(held(age=9.0), None), pause=Pauses()).state == "free"


def test_it_is_watched_for_more_than_two_renewals() -> None:
    lease = ScriptedLease(held(age=9.0))
    watch_lease(lease, pause=Pauses())
    assert (lease.asked - 1) * POLL == WATCH > 2 * RENEW_EVERY
