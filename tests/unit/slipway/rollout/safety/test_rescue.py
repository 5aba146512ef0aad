"""The rescue of a rollout whose process has died."""

from __future__ import annotations

import threading
from collections.abc import Callable

from slipway.release.errors import ClusterError
from slipway.release.records.journal import Outcome
from slipway.rollout.routers.base import Split
from slipway.rollout.safety.rescue import rescue, watch_lease
from tests.unit.slipway.rollout.examples import attempt, head, wanted
from tests.unit.slipway.rollout.simulation import Simulation


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
    assert put_back_but_not_taken_out(world)
    assert world.head.attempt is not None
    assert (world.head.attempt.outcome, world.head.attempt.by) == (Outcome.INTERRUPTED, "watchdog")
    assert world.lease.read() is None


def test_a_candidate_that_never_had_traffic_leaves_the_route_at_once() -> None:
    world = split_world()
    live = world.router.read()
    assert live is not None
    shares = Split(((world.old, 100.0), (world.wanted.candidate, 0.0)))
    world.router.apply(world.wanted.route, shares, live.version)
    rescue(world.world, "r1")
    assert world.router.history[-1] == Split.whole(world.old)
    assert world.head.leaving == ()


def test_a_candidate_that_an_earlier_abort_left_in_the_route_stays_there_until_it_is_seen_idle() -> None:
    world = split_world()
    live = world.router.read()
    assert live is not None
    shares = Split(((world.old, 100.0), (world.wanted.candidate, 0.0)))
    world.router.apply(world.wanted.route, shares, live.version)
    stored = head(attempt=attempt(), leaving=(world.wanted.candidate,)).to_json()
    world.journal.save(stored, world.journal.load().version)  # type: ignore[union-attr]
    rescue(world.world, "r1")
    assert put_back_but_not_taken_out(world)


def put_back_but_not_taken_out(world: Simulation) -> bool:
    """The watchdog has no metrics to see by that the data plane follows: the next `up` takes the candidate out."""
    live, candidate = world.router.read(), world.wanted.candidate
    assert live is not None
    assert dict(live.shares) == {world.old.entry: 100.0, candidate.entry: 0.0}
    return [one.entry for one in world.head.leaving] == [candidate.entry]


def test_a_committed_rollout_is_left_alone() -> None:
    world = split_world(Outcome.COMMITTED)
    before = list(world.router.history)
    rescue(world.world, "r1")
    assert world.router.history == before
    assert world.lease.read() is None


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


class Looks(threading.Event):
    """Lets the watchdog look at the Lease once for each of these moments, then disarms it."""

    def __init__(self, clock: list[float], *moments: tuple[float, Callable[[], object]]) -> None:
        super().__init__()
        self._clock = clock
        self._moments = list(moments)

    def wait(self, timeout: float | None = None) -> bool:
        if not self._moments:
            return True
        at, do = self._moments.pop(0)
        self._clock[0] = at
        do()
        return False


def watched(world: Simulation, *moments: tuple[float, Callable[[], object]]) -> None:
    clock = [0.0]
    watch_lease(world.world, "r1", Looks(clock, *moments), lambda: clock[0])


def nothing() -> None:
    """Time passes."""


def test_a_provider_that_was_stopped_has_its_traffic_put_back_by_its_watchdog() -> None:
    world = split_world()
    world.clock.seconds += 30  # for the Lease in memory, which expires by its age
    watched(world, *((float(second), nothing) for second in (5, 10, 15, 20, 25)))
    assert put_back_but_not_taken_out(world)
    assert world.head.attempt is not None
    assert (world.head.attempt.reason, world.head.attempt.by) == ("the provider was stopped", "watchdog")


def test_a_provider_that_renews_is_left_alone() -> None:
    world = split_world()

    def renew() -> None:
        world.clock.advance(5.0)
        world.lease.renew()

    watched(world, *((float(second), renew) for second in range(5, 60, 5)))
    assert world.head.unfinished


def test_an_api_server_that_was_away_is_no_sign_of_a_provider_that_was_stopped() -> None:
    world = split_world()

    def away() -> None:
        world.lease.faults.next("read", ClusterError("away"))

    looks = [(float(second), away if second in (10, 15, 20) else nothing) for second in (5, 10, 15, 20, 25, 30, 35)]
    watched(world, *looks)
    assert world.head.unfinished


def test_a_watchdog_that_was_stopped_too_begins_to_watch_anew() -> None:
    world = split_world()
    watched(world, (5.0, nothing), (10.0, nothing), (70.0, nothing), (75.0, nothing), (80.0, nothing))
    assert world.head.unfinished
