"""One decision at a time, and patience with a cluster that does not answer."""

from __future__ import annotations

import pytest

from slipway.release.errors import ClusterError
from slipway.release.manifest.plan import PlannedStep
from slipway.rollout.controller import Abort, Action, Cause, Commit, ControllerSettings, Observation, Phase, Shift, Wait
from slipway.rollout.decisions import Decisions
from tests.unit.slipway.rollout.simulation import Cancelled, Clock

GRACE = 5.0
SETTINGS = ControllerSettings(
    steps=(PlannedStep(100.0, 0.0),),
    replicas=1,
    ready_within=60.0,
    dwell=0.0,
    horizon=100.0,
    error_grace=GRACE,
    smoke=False,
)
AWAY = ClusterError("connection refused")


class Attempt:
    """Decisions in simulated time, what was performed and what was shown."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.cancelled = Cancelled(self.clock)
        self.decisions = Decisions(SETTINGS, self.clock.now, self.cancelled)
        self.performed: list[Action] = []
        self.shown: list[str] = []

    def take(self, ready: int = 1, *, cancelled: bool = False) -> Commit | Abort | None:
        seen = Observation(self.clock.now(), ready, accepted=True, cancelled=cancelled)
        return self.decisions.take(seen, self.performed.append)

    def fail(self) -> None:
        def perform(action: Action) -> None:
            raise AWAY

        self.decisions.take(Observation(self.clock.now(), 1, accepted=True), perform)

    def tolerate(self) -> Abort | None:
        return self.decisions.tolerate(AWAY, self.shown.append)


def test_an_action_that_fails_is_decided_again() -> None:
    attempt = Attempt()
    with pytest.raises(ClusterError):
        attempt.fail()
    assert attempt.decisions.state.phase == Phase.READY
    attempt.take()
    assert attempt.performed == [Shift(SETTINGS.steps[0])]


def test_only_what_ends_the_attempt_is_returned() -> None:
    attempt = Attempt()
    assert attempt.take() is None
    assert attempt.take(cancelled=True) == attempt.performed[-1] == Abort(Cause.INTERRUPTED, "interrupted")


def test_an_outage_within_the_grace_is_shown_and_stops_nothing() -> None:
    attempt = Attempt()
    for _ in range(int(GRACE)):
        assert attempt.tolerate() is None
    assert attempt.shown == ["waiting for the cluster: connection refused"] * int(GRACE)


def test_an_outage_beyond_the_grace_ends_the_attempt_with_its_length() -> None:
    attempt = Attempt()
    while (end := attempt.tolerate()) is None:
        pass
    assert end == Abort(Cause.ENVIRONMENT, "the cluster could not be used for 6s: connection refused")


def test_a_decision_that_was_performed_ends_the_outage() -> None:
    attempt = Attempt()
    for _ in range(3):
        for _ in range(int(GRACE)):
            assert attempt.tolerate() is None
        attempt.take(ready=0)
        assert isinstance(attempt.performed[-1], Wait)


def test_an_interruption_ends_an_outage_at_once() -> None:
    attempt = Attempt()
    attempt.cancelled.set()
    assert attempt.tolerate() == Abort(Cause.INTERRUPTED, "interrupted")


def test_a_time_in_which_nothing_was_seen_is_no_time_of_the_phase() -> None:
    attempt = Attempt()
    attempt.clock.advance(1000.0)
    attempt.decisions.pass_over(1000.0)
    attempt.take(ready=0)
    assert attempt.performed == [Wait("0 of 1 replicas ready", left=60.0)]
