"""An aborted rollout tells its owner: what, by which evidence, who was hit, and what was done."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from slipway.release.errors import ClusterError, RolloutAborted
from slipway.release.escalation.model import Escalation
from slipway.release.escalation.outbox import Closed, entry_of
from slipway.release.escalation.setting import EscalationRoute
from slipway.rollout.escalation.desk import Desk
from slipway.rollout.escalation.outbox import MemoryOutbox
from slipway.rollout.platforms.base import Intent
from slipway.rollout.update import Update
from tests.escalations import WEBHOOK, entry, receiver, route
from tests.unit.slipway.rollout.examples import head
from tests.unit.slipway.rollout.simulation import Simulation
from tests.unit.slipway.rollout.test_operations import NoGuard

CANDIDATE = "checkout-bbbbbbbb"


class Told:
    """Escalations that are only kept; `outcomes` has what the journal said of the attempt when one was raised."""

    def __init__(self, world: Simulation, **changes: Any) -> None:
        self.route: EscalationRoute = route(**changes)
        self.raised: list[Escalation] = []
        self.outcomes: list[str] = []
        self.settled: list[tuple[str, Closed]] = []
        self.gone_on: list[str] = []
        self.trouble: str | None = None
        self._world = world

    def escalate(self, escalation: Escalation) -> str | None:
        self.raised.append(escalation)
        attempt = self._world.head.attempt
        self.outcomes.append(attempt.outcome.value if attempt is not None else "")
        return self.trouble

    def settle(self, service: str, by: Closed) -> str | None:
        self.settled.append((service, by))
        return self.trouble

    def go_on(self, service: str) -> str | None:
        self.gone_on.append(service)
        return self.trouble


def told_by(world: Simulation, **changes: Any) -> Told:
    told = Told(world, **{"abort": "ticket"} | changes)
    world.world = replace(world.world, escalations=told, stack="shop/prod")
    return told


def failing(**changes: Any) -> tuple[Simulation, Told]:
    world = Simulation()
    world.traffic.bad[CANDIDATE] = 0.2
    return world, told_by(world, **changes)


def test_an_abort_says_everything_that_is_needed_in_order_to_act() -> None:
    world, told = failing()
    with pytest.raises(RolloutAborted):
        world.run()
    (one,) = told.raised
    assert (one.kind, one.severity, one.service, one.owner) == ("abort", "ticket", "checkout", "payments")
    assert "bbbbbbbb) was aborted at 25%: " in one.what
    assert one.done == "all traffic is on v-aaaaaaaa (aaaaaaaa)"
    assert "bad of" in one.hit
    assert "of what served" in one.hit
    assert "against a threshold of" in one.statistic
    assert one.runbook
    assert one.next == "slipway status checkout"
    assert one.place == "shop, stack shop/prod"
    assert one.since <= one.at


def test_it_is_raised_before_the_end_is_in_the_journal_so_that_a_kill_in_between_loses_nothing() -> None:
    world, told = failing()
    with pytest.raises(RolloutAborted):
        world.run()
    assert told.outcomes == ["running"]
    assert world.shares()[-1] == 0.0


def test_an_abort_is_told_to_nobody_unless_the_setting_says_so() -> None:
    world, told = failing(abort=None)
    with pytest.raises(RolloutAborted):
        world.run()
    assert told.raised == []


def test_traffic_that_is_not_back_is_a_page_whatever_the_setting_says(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ClusterError("the API server refuses")

    world, told = failing(abort=None)
    monkeypatch.setattr("slipway.rollout.executor.turning_back.put_back", fail)
    with pytest.raises(RolloutAborted):
        world.run()
    (one,) = told.raised
    assert one.severity == "page"
    assert one.done.startswith("the traffic is not back yet: the API server refuses")


def test_what_a_person_ends_is_told_to_nobody() -> None:
    world = Simulation()
    told = told_by(world)
    world.clock.at(3.0, lambda: world.intents.write(Intent("1", "abort", "kim", 0.0, "because", "r1")))
    with pytest.raises(RolloutAborted):
        world.run()
    world = Simulation()
    told_too = told_by(world)
    world.clock.at(3.0, world.cancelled.set)
    with pytest.raises(RolloutAborted):
        world.run()
    assert told.raised == told_too.raised == []


def test_an_escalation_that_fails_in_any_way_does_not_keep_the_abort_from_ending(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world, _ = failing()

    def explode(_: Escalation) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(world.world.escalations, "escalate", explode)
    with pytest.raises(RolloutAborted, match="all traffic is on v-aaaaaaaa"):
        world.run()
    assert world.head.attempt is not None
    assert world.head.attempt.outcome.value == "aborted"
    assert "checkout: it could not be escalated: RuntimeError: a bug" in world.lines.lines


@pytest.fixture
def _no_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("slipway.rollout.update.guards", lambda: NoGuard)


@pytest.mark.usefixtures("_no_processes")
def test_an_update_sends_what_an_earlier_one_left_and_ends_it_by_a_good_release() -> None:
    world = Simulation()
    world.journal.save(head().to_json(), None)
    started: list[str] = []
    outbox = MemoryOutbox()
    outbox.save(entry(id="left"), None)
    desk = Desk(route(), outbox, lambda one: started.append(one.id))
    world.world = replace(world.world, escalations=desk)
    Update(world.wanted, world.world, {}, world.lines, world.cancelled).run()
    assert started == ["left"]
    closed = outbox.entries()[0].closed
    assert closed is not None
    assert "(bbbbbbbb) was released" in closed.reason


@pytest.mark.usefixtures("_no_processes")
def test_an_outbox_that_cannot_be_read_ends_no_update_and_is_said() -> None:
    world = Simulation()
    world.journal.save(head().to_json(), None)
    told = told_by(world)
    told.trouble = "the escalations about checkout cannot be settled: away"
    Update(world.wanted, world.world, {}, world.lines, world.cancelled).run()
    assert world.lines.lines.count("checkout: the escalations about checkout cannot be settled: away") == 2


def test_the_same_rollout_raised_twice_is_one_escalation() -> None:
    ids = []
    for _ in range(2):
        world, told = failing()
        with pytest.raises(RolloutAborted):
            world.run()
        ids.append(told.raised[0].id)
    assert ids[0] == ids[1]
    assert entry_of(told.raised[0], [receiver(WEBHOOK)]).id == ids[0]
