"""What the memory implementations do for tests, beyond what every platform promises."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from slipway.release.errors import ClusterError, LeaseHeld
from slipway.rollout.platforms.base import Intent, LeaseState, Readiness, StoredDocument
from slipway.rollout.platforms.memory import MemoryIntents, MemoryJournalStore, MemoryLease, MemoryWorkloads
from slipway.rollout.process.faults import Faults
from tests.unit.slipway.rollout.examples import backend

BACKEND = backend()


def test_scaling_makes_replicas_ready_at_once_unless_they_are_to_wait() -> None:
    workloads = MemoryWorkloads()
    workloads.put(BACKEND)
    workloads.scale(BACKEND, 5)
    assert workloads.readiness(BACKEND) == Readiness(5, 5, 5, 0)
    workloads.ready_at_once = False
    workloads.scale(BACKEND, 7)
    assert workloads.readiness(BACKEND) == Readiness(7, 5, 5, 0)
    workloads.scale(BACKEND, 2)
    assert workloads.readiness(BACKEND) == Readiness(2, 2, 2, 0)
    assert workloads.scaled == [(BACKEND.workload, 5), (BACKEND.workload, 7), (BACKEND.workload, 2)]


def test_a_failure_on_demand_happens_once_and_changes_nothing() -> None:
    workloads = MemoryWorkloads()
    workloads.put(BACKEND)
    workloads.faults.next("scale", ClusterError("away"))
    with pytest.raises(ClusterError, match="away"):
        workloads.scale(BACKEND, 9)
    assert workloads.replicas(BACKEND) == BACKEND.replicas
    workloads.scale(BACKEND, 9)
    assert workloads.replicas(BACKEND) == 9
    assert workloads.faults.calls == ["scale", "replicas", "scale", "replicas"]


def test_another_writer_can_come_in_between() -> None:
    record: dict[str, LeaseState] = {}
    first, second = MemoryLease(lambda: 0.0, record), MemoryLease(lambda: 0.0, record)
    first.faults.next("acquire", lambda: second.acquire("b", 15))
    with pytest.raises(LeaseHeld, match="held by b"):
        first.acquire("a", 15)


def test_a_write_whose_answer_is_lost_has_happened() -> None:
    lease, journal, intents, workloads = (
        MemoryLease(lambda: 0.0),
        MemoryJournalStore(),
        MemoryIntents(),
        MemoryWorkloads(),
    )
    workloads.put(BACKEND)
    intent = Intent("i1", "abort", "me", 1.0, "it burns", "r1")
    writes: list[tuple[Faults, str, Callable[[], object]]] = [
        (lease.faults, "acquire", lambda: lease.acquire("a", 15)),
        (lease.faults, "renew", lease.renew),
        (journal.faults, "save", lambda: journal.save({"n": 1}, None)),
        (journal.faults, "append", lambda: journal.append("r1", [{"n": 1}])),
        (intents.faults, "write", lambda: intents.write(intent)),
        (workloads.faults, "scale", lambda: workloads.scale(BACKEND, 9)),
    ]
    for faults, method, write in writes:
        faults.after(method, ClusterError("no answer"))
        with pytest.raises(ClusterError, match="no answer"):
            write()
    held = lease.read()
    assert held is not None
    assert held.holder == "a"
    assert journal.load() == StoredDocument({"n": 1}, "1")
    assert journal.records("r1") == [{"n": 1}]
    assert intents.read() == intent
    assert workloads.replicas(BACKEND) == 9
