"""The cluster's adaptors without a cluster, for tests: the same rules, failures and other writers on demand."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Any

from slipway.release.errors import ClusterError, Conflict, LeaseHeld
from slipway.release.rollout_inputs import Backend
from slipway.rollout.platforms.base import (
    Condense,
    Document,
    Intent,
    LeaseState,
    Readiness,
    Reason,
    Role,
    StoredDocument,
)
from slipway.rollout.platforms.lease_text import advice, held_by
from slipway.rollout.process.faults import Faults
from slipway.rollout.process.fence import UNFENCED, Fence

MISSING = Readiness(0, 0, 0, 0, "the Deployment does not exist", Reason.MISSING)


class MemoryWorkloads:
    """See slipway.rollout.platforms.base.Workloads. With `ready_at_once` replicas are ready as soon as they are asked
    for."""

    def __init__(self, *, ready_at_once: bool = True, fence: Fence = UNFENCED) -> None:
        self.faults = Faults()
        self.fence = fence
        self.ready_at_once = ready_at_once
        self.scaled: list[tuple[str, int]] = []
        self.overlapping: str | None = None
        """Why the traffic of two versions is not apart, as a test says."""
        self._found: dict[str, Readiness] = {}

    def overlap(self, one: Backend, other: Backend) -> str | None:
        """As a test says."""
        return self.overlapping

    def put(self, backend: Backend, readiness: Readiness | None = None) -> None:
        """Create or replace a workload; by default with all replicas that it declares ready."""
        count = backend.replicas
        self._found[backend.workload] = readiness or Readiness(count, count, count, 0)

    def remove(self, backend: Backend) -> None:
        """Delete a workload."""
        self._found.pop(backend.workload, None)

    def readiness(self, backend: Backend, max_age: float = 0.0) -> Readiness:
        """What runs now."""
        self.faults.hit("readiness")
        return self._found.get(backend.workload, MISSING)

    def scale(self, backend: Backend, replicas: int) -> None:
        """Set the wanted replicas."""
        self.faults.hit("scale")
        found = self._found.get(backend.workload)
        if found is None:
            raise ClusterError(f"scale of {backend.workload}: it does not exist")
        self.fence.check()
        self.scaled.append((backend.workload, replicas))
        ready = replicas if self.ready_at_once else min(found.ready, replicas)
        self._found[backend.workload] = replace(found, desired=replicas, ready=ready, endpoints_ready=ready)
        self.faults.done("scale")

    def replicas(self, backend: Backend) -> int:
        """The wanted replicas; 0 when the workload is missing."""
        self.faults.hit("replicas")
        return self._found.get(backend.workload, MISSING).desired

    def running(self, backend: Backend) -> int:
        """The wanted replicas: here none is ever ending."""
        self.faults.hit("running")
        return self._found.get(backend.workload, MISSING).desired


class MemoryAutoscalers:
    """See slipway.rollout.platforms.base.Autoscalers. `fit` is how many replicas the load of each workload needs, and
    `follow` scales it to that within the bounds. `history` has every write."""

    def __init__(self, workloads: MemoryWorkloads, fence: Fence = UNFENCED) -> None:
        self.faults = Faults()
        self.fence = fence
        self.history: list[tuple[str, int]] = []
        self.fit: dict[str, int] = {}
        self._workloads = workloads
        self._minimum: dict[str, int] = {}

    def put(self, backend: Backend) -> None:
        """Declare the autoscaler of a backend."""
        self._minimum[backend.workload] = backend.replicas

    def remove(self, backend: Backend) -> None:
        """Delete it."""
        self._minimum.pop(backend.workload, None)

    def follow(self, backend: Backend) -> None:
        """One look of the controller: replicas by the load, within the bounds."""
        if backend.workload not in self._minimum or backend.autoscaled is None:
            return
        least, most = self._minimum[backend.workload], backend.autoscaled.maximum
        wanted = min(most, max(least, self.fit.get(backend.workload, least)))
        if self._workloads.replicas(backend) != wanted:
            self._workloads.scale(backend, wanted)

    def minimum(self, backend: Backend) -> int | None:
        """As it is now."""
        self.faults.hit("minimum")
        return self._minimum.get(backend.workload)

    def raise_to(self, backend: Backend, least: int) -> None:
        """A higher one stays."""
        self.faults.hit("raise_to")
        if self._minimum.get(backend.workload, least) < least:
            self._write(backend, least)
        self.faults.done("raise_to")

    def restore(self, backend: Backend) -> None:
        """The declared one."""
        self.faults.hit("restore")
        if self._minimum.get(backend.workload, backend.replicas) != backend.replicas:
            self._write(backend, backend.replicas)
        self.faults.done("restore")

    def wants_fewer(self, backend: Backend) -> bool:
        """By `fit`."""
        self.faults.hit("wants_fewer")
        least = self._minimum.get(backend.workload, 0)
        return self.fit.get(backend.workload, least) < least

    def _write(self, backend: Backend, least: int) -> None:
        self.fence.check()
        self._minimum[backend.workload] = least
        self.history.append((backend.workload, least))


class MemoryLease:
    """See slipway.rollout.platforms.base.Lease. Several may share one `record`, each as another process; `clock` is the
    time of all of them, so a Lease has expired as soon as it is older than its duration."""

    def __init__(self, clock: Callable[[], float], record: dict[str, LeaseState] | None = None) -> None:
        self.faults = Faults()
        self.record: dict[str, LeaseState] = record if record is not None else {}
        self._clock = clock
        self._holder: str | None = None

    def acquire(self, holder: str, duration: float, role: Role = "rollout") -> LeaseState:
        """Take it when it is free, expired or our own."""
        self.faults.hit("acquire")
        found = self.read()
        if found is not None and found.holder != holder and not found.expired:
            raise LeaseHeld(f"{held_by(found, 'the service')}; {advice(found, 'the service')}")
        self._holder = holder
        transitions = found.transitions + (found.holder != holder) if found is not None else 0
        self.record["lease"] = state = LeaseState(holder, self._clock(), 0.0, duration, False, transitions, role)
        self.faults.done("acquire")
        return state

    def renew(self) -> LeaseState:
        """Raises LeaseHeld when another holds it, or it is gone."""
        self.faults.hit("renew")
        found = self.record.get("lease")
        if found is None or found.holder != self._holder:
            raise LeaseHeld("the Lease is lost")
        self.record["lease"] = state = replace(found, renewed=self._clock())
        self.faults.done("renew")
        return state

    def release(self) -> None:
        """Give it back; nothing happens when it is no longer ours."""
        self.faults.hit("release")
        found = self.record.get("lease")
        if found is not None and found.holder == self._holder:
            del self.record["lease"]
        self._holder = None
        self.faults.done("release")

    def read(self) -> LeaseState | None:
        """None when it is free."""
        self.faults.hit("read")
        found = self.record.get("lease")
        if found is None:
            return None
        age = self._clock() - found.renewed
        return replace(found, age=age, expired=age > found.duration)

    def observe_expired(self, wait: float) -> bool:
        """Whether it is free or expired; a test's clock does not move while a thread waits."""
        self.faults.hit("observe_expired")
        found = self.read()
        return found is None or found.expired

    def delete(self) -> None:
        """Remove it, unless another holds it."""
        self.faults.hit("delete")
        found = self.read()
        if found is None or found.holder == self._holder or found.expired:
            self.record.clear()
        self.faults.done("delete")


class MemoryJournalStore:
    """See slipway.rollout.platforms.base.JournalStore. `saved` holds every head that was written, oldest first."""

    def __init__(self, fence: Fence = UNFENCED) -> None:
        self.faults = Faults()
        self.fence = fence
        self.saved: list[Document] = []
        self._head: str | None = None
        self._version = 0
        self._records: dict[str, list[str]] = {}
        self._condensed: dict[str, int] = {}
        self.full = 1000
        """Records of one rollout that stay as they were written."""

    def load(self) -> StoredDocument | None:
        """The head, None when there is none."""
        self.faults.hit("load")
        return StoredDocument(json.loads(self._head), str(self._version)) if self._head is not None else None

    def save(self, head: Mapping[str, Any], expect: str | None) -> str:
        """Compare-and-swap; returns the new version."""
        self.faults.hit("save")
        if expect != (str(self._version) if self._head is not None else None):
            raise Conflict(f"the journal is at version {self._version}, not {expect}")
        self.fence.check()
        self._head = json.dumps(head, allow_nan=False)
        self.saved.append(json.loads(self._head))
        self._version += 1
        version = str(self._version)
        self.faults.done("save")
        return version

    def append(self, rollout_id: str, records: Sequence[Mapping[str, Any]]) -> None:
        """Add records to a rollout."""
        self.faults.hit("append")
        self.fence.check()
        self._records.setdefault(rollout_id, []).extend(json.dumps(record, allow_nan=False) for record in records)
        self.faults.done("append")

    def records(self, rollout_id: str) -> list[Document]:
        """All records of a rollout in order."""
        self.faults.hit("records")
        return [json.loads(line) for line in self._records.get(rollout_id, [])]

    def latest(self, rollout_id: str) -> Document | None:
        """The last record."""
        self.faults.hit("latest")
        lines = self._records.get(rollout_id)
        return json.loads(lines[-1]) if lines else None

    def condense(self, rollout_id: str, condense: Condense) -> None:
        """Condense the older half of what is still full, once it is more than `full` records."""
        self.faults.hit("condense")
        lines, done = self._records.get(rollout_id, []), self._condensed.get(rollout_id, 0)
        if len(lines) - done <= self.full:
            return
        until = done + self.full // 2
        fewer = [json.dumps(one) for one in condense([json.loads(line) for line in lines[done:until]])]
        self._records[rollout_id] = [*lines[:done], *fewer, *lines[until:]]
        self._condensed[rollout_id] = done + len(fewer)
        self.faults.done("condense")

    def prune(self, keep: AbstractSet[str]) -> None:
        """Delete the records of all rollouts but these."""
        self.faults.hit("prune")
        self._records = {rollout: lines for rollout, lines in self._records.items() if rollout in keep}
        self.faults.done("prune")

    def delete(self) -> None:
        """Delete head and records."""
        self.faults.hit("delete")
        self._head = None
        self._records.clear()
        self.faults.done("delete")


class MemoryIntents:
    """See slipway.rollout.platforms.base.Intents."""

    def __init__(self) -> None:
        self.faults = Faults()
        self._intent: Intent | None = None

    def write(self, intent: Intent) -> None:
        """Replace the former intent."""
        self.faults.hit("write")
        self._intent = intent
        self.faults.done("write")

    def read(self, max_age: float = 0.0) -> Intent | None:
        """The last intent, None when there is none."""
        self.faults.hit("read")
        return self._intent

    def delete(self) -> None:
        """Remove it."""
        self.faults.hit("delete")
        self._intent = None
        self.faults.done("delete")


class MemoryDocumentStore:
    """See slipway.rollout.platforms.base.DocumentStore. `written` holds every content, oldest first."""

    def __init__(self) -> None:
        self.faults = Faults()
        self.written: list[Document] = []
        self._text: str | None = None
        self._by = ""
        self._version = 0

    def put(self, content: Mapping[str, Any], by: str = "another") -> None:
        """Another writes it, whatever is there."""
        self._text, self._by = json.dumps(content, allow_nan=False), by
        self._version += 1

    def read(self) -> StoredDocument | None:
        """None when there is none."""
        self.faults.hit("read")
        return StoredDocument(json.loads(self._text), str(self._version), self._by) if self._text is not None else None

    def write(self, content: Mapping[str, Any], expect: str | None) -> str:
        """Compare-and-swap."""
        self.faults.hit("write")
        if expect != (str(self._version) if self._text is not None else None):
            raise Conflict(f"the document is at version {self._version}, not {expect}")
        self.put(content, "slipway")
        self.written.append(json.loads(json.dumps(content)))
        version = str(self._version)
        self.faults.done("write")
        return version

    def delete(self) -> None:
        """Remove it."""
        self.faults.hit("delete")
        self._text = None
        self.faults.done("delete")
