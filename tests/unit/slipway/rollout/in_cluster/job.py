"""A service in simulated time whose rollouts run in Jobs, and a Job's process in the test's own thread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from slipway.release.run_order import RunOrder
from slipway.rollout.in_cluster.ordering import OrderedUpdate
from slipway.rollout.in_cluster.running import Runner
from slipway.rollout.platforms.memory_runs import MemoryRuns
from slipway.rollout.platforms.runs import RunState
from tests.unit.slipway.rollout.examples import head, wanted
from tests.unit.slipway.rollout.simulation import Cancelled, Simulation

IMAGE = f"registry.example/slipway@sha256:{'b' * 64}"
RUN: dict[str, Any] = {"in": "cluster", "image": IMAGE}


class InCluster(Simulation):
    """`aaaaaaaa` serves and `bbbbbbbb` is the candidate. `processes` are the exit codes of the processes so far."""

    def __init__(self, revision: str = "bbbbbbbb", run: dict[str, Any] | None = None, **changes: Any) -> None:
        super().__init__(wanted(revision, run=run or RUN, **changes))
        self.runs = MemoryRuns()
        self.world = replace(self.world, runs=self.runs, stack="releases/test")
        self.journal.save(head(stack="releases/test").to_json(), None)
        self.processes: list[int] = []
        self.told_to_go = threading.Event()
        self.pod_cancelled = Cancelled(self.clock)

    def order(self) -> RunOrder:
        """An order as `pulumi up` writes it."""
        return RunOrder(id="order1", stack="releases/test", wanted=self.wanted)

    def process(self, order: RunOrder) -> int:
        """One process of a pod, from its start to its end."""
        # Each process has adaptors of its own.
        runner = Runner(order, self.world, self.told_to_go, self.pod_cancelled, lambda _: None)
        self.processes.append(runner.run())
        return self.processes[-1]

    def job(self, order: RunOrder) -> None:
        """What Kubernetes does: a pod, until its process is content."""
        self.runs.states[order.id] = RunState("running", pods=1)
        code = self.process(order)
        self.runs.states[order.id] = RunState("done") if code == 0 else RunState("failed", "BackoffLimitExceeded")

    def up(self, olds: dict[str, Any] | None = None) -> dict[str, Any]:
        """The provider's part of `pulumi up`."""
        return OrderedUpdate(self.wanted, self.world, olds or {}, self.lines, self.cancelled).run()

    def when_started(self, do: Callable[[RunOrder], object]) -> None:
        """Do this with the next order."""
        self.runs.on_start = do
