"""The Lease of a rollout: taken, kept, waited for, given back."""

from __future__ import annotations

import threading

import pytest

from release.errors import ClusterError, LeaseHeld
from rollout import heartbeat
from rollout.cluster.base import LeaseState
from rollout.cluster.memory import MemoryLease
from rollout.heartbeat import held
from tests.unit.rollout.simulation import Cancelled, Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_the_lease_is_held_inside_the_block_and_free_after_it(clock: Clock) -> None:
    lease = MemoryLease(clock.now)
    with held(lease, "r1", print, Cancelled(clock)):
        state = lease.held_by()
        assert state is not None
        assert state.holder == "r1"
    assert lease.held_by() is None


def test_the_lease_of_a_dead_holder_is_waited_for(clock: Clock) -> None:
    record: dict[str, LeaseState] = {}
    MemoryLease(clock.now, record).acquire("dead", heartbeat.LEASE_SECONDS)
    told: list[str] = []
    lease = MemoryLease(clock.now, record)
    with held(lease, "r2", told.append, Cancelled(clock)):
        assert lease.held_by().holder == "r2"  # type: ignore[union-attr]
    assert told[0].startswith("waiting for the Lease")


def test_a_holder_that_renews_is_not_waited_for(clock: Clock) -> None:
    record: dict[str, LeaseState] = {}
    other = MemoryLease(clock.now, record)
    other.acquire("alive", heartbeat.LEASE_SECONDS)

    def renew() -> None:
        other.renew()

    for second in range(1, 60):
        clock.at(float(second), renew)
    lease = MemoryLease(clock.now, record)
    with pytest.raises(LeaseHeld), held(lease, "r2", lambda _: None, Cancelled(clock)):
        pass
    assert clock.now() < 1010.0


def test_a_lease_that_somebody_else_took_is_lost_at_once(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    monkeypatch.setattr(heartbeat, "RENEW_EVERY", 0.001)
    lease = MemoryLease(clock.now)
    with held(lease, "r1", lambda _: None, threading.Event()) as beat:
        lease.record.clear()
        assert beat.lost.wait(10)


def test_an_api_that_stays_away_loses_the_lease_before_another_may_have_it(
    monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    monkeypatch.setattr(heartbeat, "RENEW_EVERY", 0.001)
    monkeypatch.setattr(heartbeat, "LEASE_SECONDS", 0.004)
    lease = MemoryLease(clock.now)
    with held(lease, "r1", lambda _: None, threading.Event()) as beat:
        for _ in range(1000):
            lease.faults.next("renew", ClusterError("away"))
        assert beat.lost.wait(10)
