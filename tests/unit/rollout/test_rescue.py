"""The rescue of a rollout whose process has died."""

from __future__ import annotations

from rollout.journal import Outcome
from rollout.rescue import rescue
from rollout.routers.base import Split
from tests.unit.rollout.examples import attempt, head, wanted
from tests.unit.rollout.simulation import Simulation


def split_world(outcome: Outcome = Outcome.RUNNING) -> Simulation:
    """A rollout `r1` whose provider died at 25%."""
    world = Simulation()
    live = world.router.read()
    assert live is not None
    shares = Split(((world.old, 75.0), (world.wanted.candidate, 25.0)))
    world.router.apply(world.wanted.route, shares, live.version)
    world.lease.acquire("r1", 15.0)
    world.journal.save(head(attempt=attempt(outcome=outcome)).to_json(), None)
    return world


def test_an_unfinished_rollout_is_put_back_and_marked() -> None:
    world = split_world()
    rescue(world.world, "r1")
    assert world.router.history[-1] == Split.whole(world.old)
    assert world.head.attempt is not None
    assert (world.head.attempt.outcome, world.head.attempt.by) == (Outcome.INTERRUPTED, "watchdog")
    assert world.lease.held_by() is None


def test_a_committed_rollout_is_left_alone() -> None:
    world = split_world(Outcome.COMMITTED)
    before = list(world.router.history)
    rescue(world.world, "r1")
    assert world.router.history == before
    assert world.lease.held_by() is None


def test_another_rollout_is_none_of_its_business() -> None:
    world = split_world()
    before = list(world.router.history)
    world.lease.record.clear()
    rescue(world.world, "another")
    assert world.router.history == before
    assert world.head.unfinished


def test_a_first_release_stays_where_it_is() -> None:
    world = Simulation(first=True)
    world.router.apply(world.wanted.route, Split.whole(world.wanted.candidate), None)
    world.journal.save(head(serving=None, attempt=attempt()).to_json(), None)
    rescue(world.world, "r1")
    assert world.router.history == [Split.whole(wanted().candidate)]
    assert not world.head.unfinished
