"""A world in memory with simulated time and traffic: requests follow the live route, waiting moves the clock."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from slipway.release.errors import ClusterError
from slipway.release.manifest.guardrails import Guardrail
from slipway.release.records.journal import Attempt, Head, Outcome, read_head
from slipway.release.rollout_inputs import Backend, RolloutInputs
from slipway.rollout.adapters import Adapters
from slipway.rollout.executor import Executor
from slipway.rollout.metrics.base import Reading, Series, Snapshot
from slipway.rollout.metrics.envoy import COPIES
from slipway.rollout.platforms.memory import (
    MemoryAutoscalers,
    MemoryIntents,
    MemoryJournalStore,
    MemoryLease,
    MemoryWorkloads,
)
from slipway.rollout.process.fence import Fence
from slipway.rollout.record import Stored
from slipway.rollout.routers.base import Router, Split
from slipway.rollout.routers.memory import MemoryRouter
from slipway.rollout.status import Progress
from tests.unit.slipway.rollout.examples import ROUTE, backend, serving, wanted


class Clock:
    """Seconds since 1970 that pass only when somebody waits; `plans` are done when their time has come."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.plans: list[tuple[float, Callable[[], None]]] = []

    def now(self) -> float:
        return self.seconds

    def at(self, after: float, do: Callable[[], None]) -> None:
        self.plans.append((1000.0 + after, do))

    def advance(self, seconds: float) -> None:
        self.seconds += seconds
        due = [plan for plan in self.plans if plan[0] <= self.seconds]
        self.plans = [plan for plan in self.plans if plan[0] > self.seconds]
        for _, do in due:
            do()


class Cancelled(threading.Event):
    """An event whose waiting moves the simulated clock."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def wait(self, timeout: float | None = None) -> bool:
        self._clock.advance(timeout or 0.0)
        return self.is_set()


class Traffic:
    """A metrics source: `rate` requests a second split as the live route says, `bad` share per Service."""

    def __init__(self, clock: Clock, router: Router, rate: float = 100.0) -> None:
        self.rate = rate
        self.bad: dict[str, float] = {}
        self.down = ""
        self.unknown: set[str] = set()
        """Services that the proxy has no endpoints of."""
        self.blind = False
        """The proxy is not scraped any more."""
        self.past: dict[str, list[list[tuple[int, int]]]] = {}
        self.interval: float | None = None
        self.hidden: str | None = None
        self.silent: set[str] = set()
        """Services whose requests are not counted."""
        self.copied = 1.0
        """The part of the requests that a mirror's methods match."""
        self.apart = False
        """Copies are counted apart from their Service, as behind Envoy Gateway: they have to be asked for."""
        self._clock = clock
        self._router = router
        self._since = clock.now()
        self._total: dict[str, float] = {}
        self._failed: dict[str, float] = {}

    def _flow(self) -> None:
        elapsed, self._since = self._clock.now() - self._since, self._clock.now()
        live = self._router.read()
        for name, share in (live.shares if live is not None else {}).items():
            count = self.rate * elapsed * share / 100
            if name in self.silent:
                continue
            self._total[name] = self._total.get(name, 0.0) + count
            self._failed[name] = self._failed.get(name, 0.0) + count * self.bad.get(name, 0.0)
        for name, percent in (live.mirrored if live is not None else {}).items():
            count = self.rate * elapsed * self.copied * percent / 100
            place = f"{name}{COPIES}" if self.apart else name
            self._total[place] = self._total.get(place, 0.0) + count
            self._failed[place] = self._failed.get(place, 0.0) + count * self.bad.get(name, 0.0)

    def flow(self) -> None:
        """Let the requests pass until now, before shares or faults change."""
        self._flow()

    def counted(self) -> dict[str, tuple[int, int]]:
        """Requests until now by backend, and those of them that failed."""
        self._flow()
        return {name: (int(total), int(self._failed.get(name, 0.0))) for name, total in self._total.items()}

    def _series(self, side: Backend | None) -> Mapping[str, Series]:
        if side is None:
            return {}
        return {"proxy": self._seen(side.entry)}

    def _copies(self, side: Backend) -> Mapping[str, Series]:
        return {"proxy copies": self._seen(f"{side.entry}{COPIES}")} if self.apart else {}

    def _seen(self, name: str) -> Series:
        total, bad = self._total.get(name, 0.0), self._failed.get(name, 0.0)
        return Series(float(int(total)), float(int(bad)), {})

    def snapshot(
        self,
        guardrails: Sequence[Guardrail],
        candidate: Backend,
        baseline: Backend | None,
        max_age: float = 0.0,
        *,
        copied: bool = False,
    ) -> Snapshot:
        self._flow()
        if self.down:
            errors = {guardrail.name: self.down for guardrail in guardrails}
            return Snapshot(self._clock.now(), {}, errors, traffic_error=self.down)
        own = {**self._series(candidate), **(self._copies(candidate) if copied else {})}
        reading = Reading(own, self._series(baseline))
        traffic = {**self.traffic([] if baseline is None else [baseline]), candidate.revision: own}
        return Snapshot(self._clock.now(), {guardrail.name: reading for guardrail in guardrails}, {}, traffic)

    def requests(self, backends: Sequence[Backend]) -> Mapping[str, float]:
        self._flow()
        if self.down:
            raise ClusterError(self.down)
        return {side.revision: float(int(self._total.get(side.entry, 0.0))) for side in backends}

    def traffic(self, backends: Sequence[Backend]) -> Mapping[str, Mapping[str, Series]]:
        return {revision: {"proxy": Series(total, 0.0, {})} for revision, total in self.requests(backends).items()}

    def unseen(self, backend: Backend) -> str | None:
        return self.hidden

    def notes(self, tick: float) -> tuple[str, ...]:
        return ()

    def spacing(self) -> float | None:
        return self.interval

    def in_flight(self, backend: Backend, after: float | None = None) -> int | None:
        return 0

    def knows(self, backend: Backend, beside: Backend, after: float) -> bool | None:
        if self.down:
            raise ClusterError(self.down)
        return None if self.blind else backend.entry not in self.unknown

    def begin_afresh(self) -> bool:
        return False

    def history(
        self, guardrails: Sequence[Guardrail], backend: Backend, seconds: float, tick: float
    ) -> Mapping[str, Sequence[Sequence[tuple[int, int]]]]:
        if self.down:
            raise ClusterError(self.down)
        return self.past


@dataclass
class Lines:
    """A reporter that keeps what it is told."""

    lines: list[str] = field(default_factory=list)

    def status(self, line: str) -> None:
        self.lines.append(line)

    def event(self, line: str) -> None:
        self.lines.append(line)

    def progress(self, progress: Progress) -> None:
        self.lines.append(progress.line())


class Simulation:
    """One service: `aaaaaaaa` serves and `bbbbbbbb` is the candidate."""

    def __init__(self, inputs: RolloutInputs | None = None, *, first: bool = False, clock: Clock | None = None) -> None:
        self.wanted = inputs or wanted()
        self.clock = clock or Clock()
        self.router = MemoryRouter()
        self.workloads = MemoryWorkloads()
        self.autoscalers = MemoryAutoscalers(self.workloads)
        self.journal = MemoryJournalStore()
        self.intents = MemoryIntents()
        self.lease = MemoryLease(self.clock.now)
        self.old = backend()
        self.first = first
        self.workloads.put(self.wanted.candidate)
        if not first:
            self.workloads.put(self.old)
            self.router.apply(self.wanted.route, Split.whole(self.old), None)
            self.router.history.clear()
        self.traffic = Traffic(self.clock, self.router)
        self.cancelled = Cancelled(self.clock)
        self.fence = self.router.fence = Fence()
        self.fence.arm("r1")
        self.fence.note_renewal(self.fence.now(), 1e9)
        self.lines = Lines()
        self.world = Adapters(
            self.router, self.workloads, self.lease, self.journal, self.intents, self.traffic,
            self.clock.now, self.clock.advance, self.fence, "", autoscalers=self.autoscalers,
        )  # fmt: skip

    @property
    def head(self) -> Head:
        stored = self.journal.load()
        assert stored is not None
        return read_head(stored.content)

    def shares(self) -> list[float]:
        """The candidate's share in percent each time that it changed."""
        name = self.wanted.candidate.entry
        seen = [0.0]
        for split in self.router.history:
            share = next((share for side, share in split.shares if side.entry == name), 0.0)
            if share != seen[-1]:
                seen.append(share)
        return seen[1:]

    def run(self, kind: str = "forward", old_replicas: int | None = None) -> Head:
        """Run the executor to its end; it raises RolloutAborted as in production."""
        attempt = Attempt.model_validate(
            {
                "id": "r1",
                "outcome": Outcome.RUNNING,
                "kind": kind,
                "candidate": self.wanted.candidate,
                "manifest": self.wanted.manifest,
                "began": self.clock.now(),
                "old_replicas": old_replicas,
            }
        )
        head = Head(service="checkout", serving=None if self.first else serving(), attempt=attempt)
        version = self.journal.save(head.to_json(), None)
        executor = Executor(self.world, self.wanted, attempt, Stored(head, version), self.lines, self.cancelled)
        return executor.run()


__all__ = ["ROUTE", "Simulation"]
