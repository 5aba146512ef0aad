"""A rollback while a rollout is in flight ends that first."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from slipway.cli.engine_records import Lock
from slipway.cli.rollback_in_flight import UNLOCKED_WITHIN, attempt_in_flight, end_in_flight
from slipway.release.errors import EngineError
from slipway.release.records import journal
from slipway.release.records.journal import Outcome, read_head
from slipway.rollout.adapters import Adapters
from slipway.rollout.platforms.base import LeaseState
from slipway.rollout.platforms.memory import MemoryIntents
from tests.unit.slipway.cli.examples import NOW, ScriptedLease, attempt, head, held, world

RUNNING = head(attempt=attempt())


class Renewed(ScriptedLease):
    """Held by a living rollout."""

    def read(self) -> LeaseState:
        self.asked += 1
        return held(renewed=NOW + self.asked)


class Locks:
    """An engine whose stack is locked at the first looks."""

    def __init__(self, looks: int) -> None:
        self.left = looks
        self.pauses: list[float] = []

    def locks(self) -> list[Lock]:
        self.left -= 1
        return [Lock()] if self.left >= 0 else []


def obeying(found: Adapters, outcome: Outcome = Outcome.ABORTED, *, heard: bool = True) -> Adapters:
    """The rollout ends as soon as an intent is written."""

    class Heard(MemoryIntents):
        def write(self, intent: Any) -> None:
            super().write(intent)
            stored = found.journal.load()
            assert stored is not None
            known = read_head(stored.content)
            ended = attempt(outcome=outcome, acknowledged=intent.id if heard else None)
            found.journal.save(journal.begun(known, ended).to_json(), stored.version)

    return replace(found, intents=Heard())


def ending(found: Adapters, engine: Any) -> list[str]:
    said: list[str] = []
    end_in_flight(found, "checkout", engine, "INC-7", said.append, engine.pauses.append)
    return said


def test_the_rollout_is_aborted_and_its_update_waited_for() -> None:
    engine = Locks(2)
    said = ending(obeying(world(RUNNING, Renewed(None))), engine)
    assert said[0] == "checkout: rollout r1 was aborted, its traffic is back"
    assert len(engine.pauses) == 2


def test_a_rollout_that_committed_meanwhile_is_no_obstacle() -> None:
    engine = Locks(0)
    said = ending(obeying(world(RUNNING, Renewed(None)), Outcome.COMMITTED, heard=False), engine)
    assert said == ["checkout: the rollout ended before it heard of the abort"]


def test_an_update_that_goes_on_with_other_services_is_named() -> None:
    engine = Locks(10_000)
    with pytest.raises(EngineError, match="its traffic is back, but its update goes on with other services"):
        ending(obeying(world(RUNNING, Renewed(None))), engine)
    assert sum(engine.pauses) >= UNLOCKED_WITHIN


def test_only_what_is_unfinished_is_in_flight() -> None:
    assert attempt_in_flight(world(RUNNING), "checkout") == RUNNING.attempt
    assert attempt_in_flight(world(head(attempt=attempt(outcome=Outcome.ABORTED))), "checkout") is None
    assert attempt_in_flight(world(), "checkout") is None
