"""A whole update while autoscalers follow the load of each version: never fewer ready replicas for a share of the
traffic than carried it before, whatever ends it and whenever."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.release.errors import ClusterError, RolloutAborted
from slipway.release.records.journal import Head, Outcome, Serving
from slipway.release.records.watch import WatchEntry, WatchPhase
from slipway.release.rollout_inputs import Backend, RolloutInputs
from slipway.rollout import operations
from slipway.rollout.platforms.base import Readiness
from slipway.rollout.process.faults import Faults
from slipway.rollout.record import load, save_head
from slipway.rollout.safety.rescue import rescue
from slipway.rollout.update import Update
from slipway.rollout.watching.back import finish_return
from tests.unit.slipway.rollout.examples import ROUTE, scaled_backend, wanted
from tests.unit.slipway.rollout.simulation import Simulation

LEAST, MOST = 2, 12
OLD, NEW = scaled_backend("aaaaaaaa", LEAST, MOST), scaled_backend("bbbbbbbb", LEAST, MOST)
LOOK_EVERY = 15.0


class Killed(BaseException):
    """The process is gone: no `except Exception` notices it."""


class NoGuard:
    """Stands for the watchdog process."""

    @classmethod
    def arm(cls, *_: object) -> NoGuard:
        return cls()

    def await_ready(self) -> None:
        """Nothing to wait for."""

    def disarm(self) -> None:
        """Nothing to end."""

    def act(self) -> None:
        """Nothing to do."""


class Deadly(Faults):
    """Kills at one call of many, counted over all adaptors that share `left`."""

    def __init__(self, left: list[int]) -> None:
        super().__init__()
        self._left = left

    def hit(self, method: str) -> None:
        self._left[0] -= 1
        if self._left[0] == 0:
            raise Killed
        super().hit(method)


class World:
    """`before` replicas serve; every 15 s each autoscaler looks, and what a version needs is its share of `before`."""

    def __init__(self, before: int, steps: list[int]) -> None:
        strategy = {"kind": "canary", "steps": [{"weight": weight, "bake": "40s"} for weight in steps]}
        self.simulation = world = Simulation(wanted(candidate=NEW, strategy=strategy))
        self.before = before
        world.old = OLD
        world.workloads.put(OLD, Readiness(before, before, before, 0, image=OLD.image))
        world.workloads.put(NEW, Readiness(1, 1, 1, 0, image=NEW.image))
        for one in (OLD, NEW):
            world.autoscalers.put(one)
        world.journal.save(Head(service="checkout", serving=self.serving()).to_json(), None)
        self.short: list[str] = []
        """What carried more per replica than before."""
        self._looked = world.clock.now()
        advance = world.clock.advance

        def with_looks(seconds: float) -> None:
            advance(seconds)
            while world.clock.now() - self._looked >= LOOK_EVERY:
                self._looked += LOOK_EVERY
                self._look()

        world.clock.advance = with_looks  # type: ignore[method-assign]
        object.__setattr__(world.world, "pause", with_looks)
        apply = world.router.apply

        def seen(*args: Any) -> Any:
            done = apply(*args)
            self.check()
            return done

        world.router.apply = seen  # type: ignore[method-assign,assignment]

    @staticmethod
    def serving() -> Serving:
        return Serving.model_validate({"backend": OLD, "route": ROUTE})

    def _look(self) -> None:
        world = self.simulation
        faults = world.workloads.faults
        world.workloads.faults = Faults()  # the controller is another process
        for one in (OLD, NEW):
            world.autoscalers.fit[one.workload] = max(1, math.ceil(self.before * self.share(one) / 100))
            world.autoscalers.follow(one)
        world.workloads.faults = faults
        self.check()

    def share(self, backend: Backend) -> float:
        live = self.simulation.router._live
        return live.shares.get(backend.entry, 0.0) if live is not None else 0.0

    def check(self) -> None:
        for one in (OLD, NEW):
            found = self.simulation.workloads._found[one.workload]
            needed = min(MOST, math.ceil(self.before * self.share(one) / 100 - 1e-9))
            if self.share(one) > 0 and found.endpoints_ready < needed:
                self.short.append(f"{one.workload} at {self.share(one):g}% has {found.endpoints_ready} of {needed}")

    def die_at(self, call: int) -> None:
        left, world = [call], self.simulation
        for one in (world.journal, world.workloads, world.autoscalers, world.router):
            one.faults = Deadly(left)

    def update(self, inputs: RolloutInputs | None = None) -> None:
        world = self.simulation
        Update(inputs or world.wanted, world.world, {}, world.lines, world.cancelled, NoGuard).run()

    def minima(self) -> list[int | None]:
        return [self.simulation.autoscalers.minimum(one) for one in (OLD, NEW)]


@pytest.fixture
def world() -> World:
    return World(6, [5, 50, 100])


def raised(world: World) -> set[str]:
    return {one.workload for one in world.simulation.head.raised}


def test_the_candidate_has_what_its_share_needs_and_the_declared_minimum_comes_back(world: World) -> None:
    world.update()
    assert not world.short
    attempt = world.simulation.head.attempt
    assert attempt is not None
    assert attempt.ready_before == 6
    assert [step.replicas for step in attempt.planned] == [2, 3, 6]
    history = world.simulation.autoscalers.history
    assert [least for name, least in history if name == NEW.workload] == [3, 6, LEAST]
    assert [least for name, least in history if name == OLD.workload] == [6, LEAST]
    assert world.minima() == [LEAST, LEAST]
    assert raised(world) == set()


def test_what_serves_is_held_before_anything_moves(world: World) -> None:
    calls: list[object] = []
    world.simulation.router.faults.next("apply", lambda: calls.extend(world.simulation.autoscalers.history))
    world.update()
    assert (OLD.workload, 6) in calls


def test_an_abort_puts_the_traffic_back_first_and_lets_the_autoscalers_go_afterwards(world: World) -> None:
    world.simulation.traffic.bad[NEW.entry] = 0.5
    with pytest.raises(RolloutAborted):
        world.update()
    assert world.share(OLD) == 100.0
    assert not world.short
    assert world.minima() == [LEAST, LEAST]
    assert raised(world) == set()


def test_what_serves_keeps_its_replicas_until_its_autoscaler_has_seen_the_traffic_that_came_back(world: World) -> None:
    """Just after an abort at 50% the load that it knows is half of what it has."""
    world.simulation.clock.at(60.0, lambda: world.simulation.traffic.bad.update({NEW.entry: 0.5}))
    with pytest.raises(RolloutAborted):
        world.update()
    assert not world.short
    assert world.simulation.workloads.readiness(OLD).endpoints_ready == 6
    assert any("until its autoscaler has seen" in line for line in world.simulation.lines.lines)


def test_an_interrupted_wait_is_left_to_the_next_update(world: World) -> None:
    world.simulation.clock.at(30.0, world.simulation.cancelled.set)
    with pytest.raises(RolloutAborted):
        world.update()
    assert raised(world) == {OLD.workload}
    assert world.minima() == [6, LEAST]
    world.simulation.cancelled.clear()
    same = wanted(candidate=OLD)
    world.update(same)
    assert world.minima() == [LEAST, LEAST]
    assert raised(world) == set()


def test_an_autoscaler_that_cannot_be_written_at_the_end_fails_no_release(world: World) -> None:
    def away() -> None:
        raise ClusterError("the API does not answer")

    world.simulation.autoscalers.faults.next("restore", away, times=99)
    world.update()
    assert world.share(NEW) == 100.0
    assert raised(world) == {OLD.workload, NEW.workload}
    assert any("stays raised until the next up" in line for line in world.simulation.lines.lines)
    same = world.simulation.wanted
    due = operations.difference(same.to_wire(), same, world.simulation.world).pending
    assert due == (
        "the declared minimum of the autoscaler of checkout-aaaaaaaa, checkout-bbbbbbbb is not written back yet"
    )
    world.simulation.autoscalers.faults = Faults()
    world.update()
    assert world.minima() == [LEAST, LEAST]
    assert operations.difference(same.to_wire(), same, world.simulation.world).pending is None


def test_a_candidate_that_cannot_have_its_replicas_gets_no_traffic_for_them() -> None:
    world = World(6, [5, 50, 100])
    world.simulation.workloads.ready_at_once = False
    with pytest.raises(RolloutAborted, match=r"1 of 2 replicas ready"):
        world.update()
    assert world.share(OLD) == 100.0


def test_a_maximum_below_what_serves_is_said_in_the_plan() -> None:
    world = World(6, [100])
    small = world.simulation.wanted.model_copy(update={"candidate": scaled_backend("bbbbbbbb", 2, 4)})
    line = operations.plan(small, world.simulation.world, {})
    assert "6 pods serve, 10 at the peak" in line
    assert "warning: 6 replicas serve, the manifest declares at most 4" in line
    fits = operations.plan(world.simulation.wanted, world.simulation.world, {})
    assert "6 pods serve, 12 at the peak" in fits
    assert "warning" not in fits


def test_a_metric_that_counts_both_versions_is_said_in_the_plan(world: World) -> None:
    assert not any("counts all versions" in line for line in forecast(world, NEW))
    assert NEW.autoscaled is not None
    scaled = NEW.autoscaled.model_copy(update={"shared": ("workload.autoscaling.metrics[1] (External metric rps)",)})
    (line,) = [one for one in forecast(world, NEW.model_copy(update={"autoscaled": scaled})) if "counts all" in one]
    assert "workload.autoscaling.metrics[1] (External metric rps) counts all versions" in line
    assert "up to 12 pods" in line


def forecast(world: World, candidate: Backend) -> tuple[str, ...]:
    inputs = world.simulation.wanted.model_copy(update={"candidate": candidate})
    return operations.forecast(inputs, world.simulation.world, {})


def test_the_watchdog_lets_the_autoscalers_go_after_the_traffic_is_back(world: World) -> None:
    world.die_at(120)
    with pytest.raises(Killed):
        world.update()
    assert raised(world) == {OLD.workload, NEW.workload}
    attempt = world.simulation.head.attempt
    assert attempt is not None
    world.simulation.lease.acquire(attempt.id, 15.0)
    rescue(world.simulation.world, attempt.id)
    assert world.share(OLD) == 100.0
    assert world.minima() == [LEAST, LEAST]
    assert raised(world) == set()
    assert not world.short


def test_after_a_breach_the_standby_gets_what_the_watched_version_has_before_all_of_the_traffic(world: World) -> None:
    world.update()
    simulation = world.simulation
    stored = load(simulation.world)
    assert stored is not None
    simulation.workloads.put(OLD, Readiness(LEAST, LEAST, LEAST, 0, image=OLD.image))
    watch = WatchEntry(
        id="w1",
        phase=WatchPhase.BREACHED,
        backend=NEW,
        manifest="releases/2.yaml",
        opened=simulation.clock.now(),
        seconds=3600.0,
        standby=OLD,
        reason="it burns",
    )
    simulation.fence.arm("w1")
    simulation.fence.note_renewal(simulation.fence.now(), 1e9)
    save_head(simulation.world, stored, stored.head.model_copy(update={"watch": watch}))
    assert "all traffic is on" in finish_return(simulation.world, stored, simulation.lines.status)
    assert world.share(OLD) == 100.0
    assert not world.short
    assert simulation.autoscalers.history[-2:] == [(OLD.workload, 6), (OLD.workload, LEAST)]
    assert raised(world) == set()


@settings(max_examples=60, deadline=None)
@given(
    before=st.integers(1, MOST),
    steps=st.sets(st.integers(1, 99), max_size=3).map(lambda some: [*sorted(some), 100]),
    bad=st.booleans(),
    call=st.integers(1, 400),
    then=st.sampled_from(["again", "back"]),
)
def test_a_process_that_dies_at_any_call_leaves_nothing_short_and_the_next_update_writes_everything_back(
    before: int, steps: list[int], bad: bool, call: int, then: str
) -> None:
    world = World(before, steps)
    if bad:
        world.simulation.clock.at(70.0, lambda: world.simulation.traffic.bad.update({NEW.entry: 0.5}))
    world.die_at(call)
    _tolerating(world.update)
    for one in (
        world.simulation.journal,
        world.simulation.workloads,
        world.simulation.autoscalers,
        world.simulation.router,
    ):
        one.faults = Faults()
    held = world.simulation.head.raised
    assert {one.workload for one in held} >= {
        one.workload for one, least in zip((OLD, NEW), world.minima(), strict=True) if least != LEAST
    }, "a minimum that no journal names"
    serving = world.simulation.head.serving
    assert serving is not None
    committed = serving.backend.revision == NEW.revision
    other = wanted(candidate=OLD)
    _tolerating(lambda: world.update(other if then == "back" and not committed else None))
    assert not world.short
    assert world.minima() == [LEAST, LEAST]
    attempt = world.simulation.head.attempt
    assert attempt is None or attempt.outcome is not Outcome.RUNNING
    assert world.simulation.head.raised == ()


def _tolerating(do: Callable[[], object]) -> None:
    try:
        do()
    except (Killed, RolloutAborted):
        pass
    except Exception as error:
        if "was aborted" not in str(error):  # what was quarantined is refused
            raise
