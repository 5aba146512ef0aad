"""Rollouts in the cluster without a cluster, for tests: what happens to a Job is what the test says."""

from __future__ import annotations

import copy
from collections.abc import Callable

from slipway.release.run_order import RunOrder
from slipway.rollout.platforms.base import Document
from slipway.rollout.platforms.runs import ActiveRun, RunState
from slipway.rollout.process.faults import Faults


class MemoryRuns:
    """See slipway.rollout.platforms.runs.Runs. `on_start` is called with each order, after its Job was made."""

    def __init__(self, on_start: Callable[[RunOrder], object] = lambda _: None) -> None:
        self.faults = Faults()
        self.on_start = on_start
        self.orders: dict[str, RunOrder] = {}
        self.states: dict[str, RunState] = {}
        self.reports: dict[str, Document] = {}
        self.beats: dict[str, str] = {}
        self.deleted: list[str] = []

    def name_of(self, run_id: str) -> str:
        """The name of the Job."""
        return f"slipway-{run_id}"

    def active(self) -> list[ActiveRun]:
        """Those that have not ended, oldest first."""
        self.faults.hit("active")
        alive = [order for order in self.orders.values() if not self.states[order.id].over]
        return [
            ActiveRun(
                one.id, f"Job {self.name_of(one.id)}", one.wanted.candidate.revision, one.wanted.candidate.version
            )
            for one in alive
        ]

    def start(self, order: RunOrder) -> None:
        """Make its Job, which waits for a pod."""
        self.faults.hit("start")
        self.orders[order.id] = order
        self.states[order.id] = RunState("waiting")
        self.on_start(order)

    def state(self, run_id: str) -> RunState:
        """As the test says."""
        self.faults.hit("state")
        return self.states.get(run_id, RunState("gone"))

    def delete(self, run_id: str) -> None:
        """End it at once."""
        self.faults.hit("delete")
        self.deleted.append(run_id)
        self.states.pop(run_id, None)
        self.orders.pop(run_id, None)

    def read_report(self, run_id: str) -> Document | None:
        """What was written last."""
        self.faults.hit("read_report")
        return copy.deepcopy(self.reports.get(run_id))

    def write_report(self, run_id: str, report: Document) -> None:
        """Replace it."""
        self.faults.hit("write_report")
        self.reports[run_id] = copy.deepcopy(report)

    def read_beat(self, run_id: str) -> str:
        """The last sign of life."""
        self.faults.hit("read_beat")
        return self.beats.get(run_id, "")

    def write_beat(self, run_id: str, beat: str) -> None:
        """Give one."""
        self.faults.hit("write_beat")
        self.beats[run_id] = beat

    def delete_all(self) -> None:
        """Forget what the ended ones left."""
        self.reports = {run_id: report for run_id, report in self.reports.items() if run_id in self.orders}
