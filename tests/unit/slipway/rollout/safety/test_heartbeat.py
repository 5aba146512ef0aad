"""The Lease of a rollout: taken, kept, waited for, given back; and what that means for writing."""

from __future__ import annotations

import threading

import pytest

from slipway.release.errors import ClusterError, LeaseHeld, LeaseLost, LeaseStale
from slipway.rollout.platforms.base import LeaseState
from slipway.rollout.platforms.memory import MemoryLease
from slipway.rollout.process.fence import Fence
from slipway.rollout.safety import heartbeat
from slipway.rollout.safety.heartbeat import Heartbeat, hold_lease
from tests.unit.slipway.rollout.simulation import Cancelled, Simulation


@pytest.fixture
def world() -> Simulation:
    return Simulation()


def test_the_lease_is_held_inside_the_block_and_free_after_it(world: Simulation) -> None:
    with hold_lease(world.world, "r1", print, Cancelled(world.clock)):
        state = world.lease.read()
        assert state is not None
        assert state.holder == "r1"
        assert world.fence.writer == "r1"
        world.fence.check()
    assert world.lease.read() is None
    with pytest.raises(LeaseLost, match="given back"):
        world.fence.check()


def test_the_lease_of_a_dead_holder_is_waited_for(world: Simulation) -> None:
    MemoryLease(world.clock.now, world.lease.record).acquire("dead", heartbeat.LEASE_SECONDS)
    told: list[str] = []
    with hold_lease(world.world, "r2", told.append, Cancelled(world.clock)):
        assert world.lease.read().holder == "r2"  # type: ignore[union-attr]
    assert told[0].startswith("waiting for the Lease")


def test_a_holder_that_renews_is_not_waited_for(world: Simulation) -> None:
    record: dict[str, LeaseState] = world.lease.record
    other = MemoryLease(world.clock.now, record)
    other.acquire("alive", heartbeat.LEASE_SECONDS)

    def renew() -> None:
        other.renew()

    for second in range(1, 60):
        world.clock.at(float(second), renew)
    with pytest.raises(LeaseHeld), hold_lease(world.world, "r2", lambda _: None, Cancelled(world.clock)):
        pass
    assert world.clock.now() < 1010.0


class Beats:
    """A Lease of which a test says how each renewal ends; it is lost after the last, which ends the heartbeat."""

    def __init__(self, clock: list[float], *ends: tuple[float, Exception | None]) -> None:
        self._clock = clock
        self._ends = list(ends)
        self.done = threading.Event()
        self.released = False

    def renew(self) -> None:
        if not self._ends:
            self.done.set()
            raise LeaseHeld("the Lease is lost, r2 holds it now")
        at, error = self._ends.pop(0)
        self._clock[0] = at
        if error is not None:
            raise error

    def release(self) -> None:
        self.released = True


def beat(monkeypatch: pytest.MonkeyPatch, *ends: tuple[float, Exception | None]) -> tuple[Fence, list[float]]:
    """A fence after these renewals, each given by the time at which it ends; the Lease was taken at 0."""
    monkeypatch.setattr(heartbeat, "RENEW_EVERY", 0.001)
    clock = [0.0]
    fence = Fence(lambda: clock[0])
    fence.arm("r1")
    fence.note_renewal(0.0, heartbeat.LEASE_SECONDS)
    lost: list[str] = []
    monkeypatch.setattr(fence, "lose", lost.append)
    lease = Beats(clock, *ends)
    thread = Heartbeat(lease, fence)  # type: ignore[arg-type]
    thread.start()
    assert lease.done.wait(10)
    thread.stop()
    assert lost[0] == "the Lease is lost, r2 holds it now"
    return fence, clock


AWAY = ClusterError("away")


def test_without_renewals_writing_ends_before_another_may_have_the_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    fence, clock = beat(monkeypatch, (2.0, None), (4.0, AWAY), (9.0, AWAY))
    clock[0] = heartbeat.LEASE_SECONDS - fence.MARGIN  # the last good renewal was begun at 0 and answered at 2
    fence.check()
    clock[0] = heartbeat.LEASE_SECONDS
    with pytest.raises(LeaseStale, match=r"could not be renewed for 15s \(away\)"):
        fence.check()


def test_an_api_server_that_comes_back_opens_the_fence_again(monkeypatch: pytest.MonkeyPatch) -> None:
    fence, _ = beat(monkeypatch, (8.0, AWAY), (31.0, AWAY), (31.0, None))
    fence.check()


def test_a_renewal_during_which_the_process_slept_opens_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    fence, _ = beat(monkeypatch, (60.0, None))
    with pytest.raises(LeaseStale):
        fence.check()


def test_an_odd_answer_is_no_renewal_and_does_not_end_the_heartbeat(monkeypatch: pytest.MonkeyPatch) -> None:
    fence, _ = beat(monkeypatch, (20.0, ValueError("odd")), (20.0, None))
    fence.check()


def test_a_lease_that_another_took_is_lost_at_once(world: Simulation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "RENEW_EVERY", 0.001)
    lost = threading.Event()
    lose = world.fence.lose

    def hear(why: str) -> None:
        lose(why)
        lost.set()

    monkeypatch.setattr(world.fence, "lose", hear)
    with hold_lease(world.world, "r1", lambda _: None, threading.Event()):
        world.lease.record.clear()
        assert lost.wait(10)
        with pytest.raises(LeaseLost):
            world.fence.check()
