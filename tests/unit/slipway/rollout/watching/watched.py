"""A service whose last release is watched, in simulated time: `aaaaaaaa` is the standby, `bbbbbbbb` serves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from slipway.release.records.journal import Completed
from slipway.release.records.watch import WatchEntry
from slipway.rollout.adapters import Adapters, WatchPlace
from slipway.rollout.escalation.desk import Desk
from slipway.rollout.escalation.outbox import MemoryOutbox
from slipway.rollout.platforms.memory import MemoryDocumentStore, MemoryLease
from slipway.rollout.process.vitals import Vitals
from slipway.rollout.update import Update
from slipway.rollout.watching.beats import export_beat
from slipway.rollout.watching.process import Watcher
from tests import escalations
from tests.unit.slipway.rollout.examples import ROUTE, backend, head, wanted
from tests.unit.slipway.rollout.simulation import Simulation

WATCH: dict[str, Any] = {
    "for": 600.0,
    "guardrails": [{"name": "slo", "kind": "slo", "objective": 0.01}],
    "falseAbort": 0.01,
    "noDataGrace": 300.0,
    "onBreach": {},
}


class NoGuard:
    """A watchdog that does nothing."""

    @classmethod
    def arm(cls, *_: object) -> NoGuard:
        return cls()

    def await_ready(self) -> None:
        """Nothing to wait for."""

    def disarm(self) -> None:
        """Nothing to disarm."""

    def act(self) -> None:
        """Nothing to do."""


class Watched:
    """`release` makes the release that is watched; each `watcher` is another process."""

    def __init__(self, holdback: float | None = None, standby: bool = True, route: Any = ROUTE) -> None:
        plan = {**WATCH, **({"holdback": holdback} if holdback is not None else {})}
        self.inputs = wanted(watch=plan, route=route, standby=backend() if standby else None)
        self.world = Simulation(self.inputs)
        self.document = MemoryDocumentStore()
        self.turn: dict[str, Any] = {}
        self.outbox = MemoryOutbox()
        self.vitals = Vitals()
        self.world.world = self.process()
        before = head(
            completed=(Completed(revision="aaaaaaaa", version="1", image="i", manifest="releases/1.yaml", at=1.0),)
        )
        self.world.journal.save(before.to_json(), None)

    def process(self) -> Adapters:
        """The adaptors of one more process: the same cluster, Leases of its own."""
        place = WatchPlace(MemoryLease(self.world.clock.now, self.turn), self.document)
        lease = MemoryLease(self.world.clock.now, self.world.lease.record)
        desk = Desk(escalations.route(), self.outbox, lambda _: None)
        return replace(self.world.world, lease=lease, watch=place, escalations=desk)

    def release(self) -> None:
        """The rollout of what is watched."""
        update = Update(self.inputs, self.world.world, {}, self.world.lines, self.world.cancelled, NoGuard)
        update.run()

    def release_next(self, revision: str) -> None:
        """The rollout of what comes after it; what is watched is its standby."""
        inputs = wanted(revision, standby=self.inputs.candidate)
        self.world.workloads.put(inputs.candidate)
        update = Update(inputs, self.process(), {}, self.world.lines, self.world.cancelled, NoGuard)
        update.run()

    @property
    def told(self) -> set[str]:
        """The ids of the escalations."""
        return {entry.id for entry in self.outbox.entries()}

    def watcher(self, name: str = "w1", beat: Callable[[WatchEntry, float], None] | None = None) -> Watcher:
        """A process that watches; its signs of life go to `vitals`, or to `beat`."""
        beat = beat or partial(export_beat, self.vitals, self.inputs.where, "checkout")
        return Watcher(self.process(), "checkout", name, self.world.lines, self.world.cancelled, lambda: (), beat)

    @property
    def watch(self) -> WatchEntry:
        """The watch in the journal."""
        found = self.world.head.watch
        assert found is not None
        return found

    def shares(self) -> dict[str, float]:
        """The live route."""
        live = self.world.router.read()
        assert live is not None
        return dict(live.shares)

    def fail_from(self, after: float, share: float = 0.2) -> None:
        """So many seconds from now the version that is watched begins to fail."""

        def begin() -> None:
            self.world.traffic.flow()
            self.world.traffic.bad["checkout-bbbbbbbb"] = share

        self.world.clock.at(self.world.clock.now() - 1000.0 + after, begin)
