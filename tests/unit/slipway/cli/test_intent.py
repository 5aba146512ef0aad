"""An operator's word reaches the rollout in flight, or the operator is told why it cannot."""

from __future__ import annotations

import pytest

from slipway.cli.intent import await_obeyed, give
from slipway.release.errors import ClusterError, ReleaseRefused
from slipway.release.records import journal
from slipway.release.records.journal import Head, Outcome
from slipway.rollout.adapters import Adapters
from slipway.rollout.platforms.base import Intent
from tests.unit.slipway.cli.examples import ScriptedLease, attempt, head, held, intent, world

RUNNING = head(attempt=attempt())


def obeyed(told: Adapters, wanted: Intent, *, timeout: float = 60.0, then: Head | None = None) -> str:
    """Wait; the journal becomes `then` at the first pause."""

    def pause(_seconds: float) -> None:
        stored = told.journal.load()
        if then is not None and stored is not None:
            told.journal.save(then.to_json(), stored.version)

    return await_obeyed(told, "checkout", wanted, timeout, pause)


def test_it_is_written_for_the_rollout_in_flight() -> None:
    told = world(RUNNING)
    written = give(told, "checkout", "pause", "INC-7")
    assert told.intents.read() == written
    assert (written.action, written.reason, written.rollout_id) == ("pause", "INC-7", "r1")
    assert "@" in written.by


def test_two_intents_have_two_identities() -> None:
    told = world(RUNNING)
    assert give(told, "checkout", "pause", "").id != give(told, "checkout", "pause", "").id


@pytest.mark.parametrize("outcome", [Outcome.COMMITTED, Outcome.ABORTED, Outcome.INTERRUPTED])
def test_without_a_rollout_in_flight_it_is_refused(outcome: Outcome) -> None:
    told = world(head(attempt=attempt(outcome=outcome)))
    with pytest.raises(ReleaseRefused, match=r"no rollout is in flight, version-a \(aaaaaaaa\) serves"):
        give(told, "checkout", "abort", "")
    assert told.intents.read() is None


def test_a_service_that_was_never_released_is_refused() -> None:
    with pytest.raises(ReleaseRefused, match="nothing was released here yet"):
        give(world(), "checkout", "abort", "")


@pytest.mark.parametrize("lease", [ScriptedLease(held(age=60.0, expired=True)), ScriptedLease(None)])
def test_a_rollout_that_nobody_carries_out_is_not_told_but_the_operator_is(lease: ScriptedLease) -> None:
    told = world(RUNNING, lease)
    with pytest.raises(ReleaseRefused, match="`slipway abort checkout` puts the traffic back"):
        give(told, "checkout", "pause", "")
    assert told.intents.read() is None


def test_it_was_obeyed_when_the_journal_acknowledges_it() -> None:
    told = world(RUNNING)
    heard = head(attempt=attempt(acknowledged="i1"))
    assert obeyed(told, intent("pause"), then=heard) == "running"


def test_an_abort_was_obeyed_when_the_traffic_is_back() -> None:
    told = world(head(attempt=attempt(acknowledged="i1")))
    done = journal.aborted(RUNNING, attempt(acknowledged="i1"), "aborted by someone", 1.0, quarantine=True)
    assert obeyed(told, intent("abort"), then=done) == "aborted"


def test_a_rollout_that_ended_before_it_heard_is_told() -> None:
    told = world(head(attempt=attempt(outcome=Outcome.COMMITTED)))
    with pytest.raises(ReleaseRefused, match="was committed before it heard of the abort"):
        obeyed(told, intent("abort"))


def test_another_rollout_never_stands_for_the_one_that_was_meant() -> None:
    told = world(head(attempt=attempt(id="r2", acknowledged="i1")))
    with pytest.raises(ReleaseRefused, match="ended before it heard"):
        obeyed(told, intent("pause"))


def test_a_rollout_that_does_not_obey_in_time_is_told() -> None:
    with pytest.raises(ClusterError, match="has not obeyed in 0s"):
        obeyed(world(RUNNING), intent("pause"), timeout=0.0)
