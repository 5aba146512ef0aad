"""The protocol of rollouts that run in the cluster: one Job each, its order, and what it reports.

Every method may raise ClusterError (one line: which object, what to check).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from slipway.release.run_order import RunOrder
from slipway.rollout.platforms.base import Document


@dataclass(frozen=True, slots=True)
class ActiveRun:
    """A Job that has not ended, and the revision that it rolls out."""

    id: str
    name: str
    revision: str
    version: str


@dataclass(frozen=True, slots=True)
class RunState:
    """A Job as the cluster has it: `waiting` for its pod, `running`, `done`, `failed`, or `gone` when there is none.

    `trouble` says in one line why it failed or its pod does not run; `fatal` that waiting does not mend it. `pods`
    counts those that are there, ended ones left out."""

    phase: Literal["waiting", "running", "done", "failed", "gone"]
    trouble: str = ""
    fatal: bool = False
    pods: int = 0

    @property
    def over(self) -> bool:
        """Whether no pod of it will run any more."""
        return self.phase in ("done", "failed", "gone")


class Runs(Protocol):
    """The Jobs of one service in one namespace."""

    def name_of(self, run_id: str) -> str:
        """The name of the Job, for messages."""
        ...

    def active(self) -> list[ActiveRun]:
        """The Jobs of the service that have not ended, oldest first."""
        ...

    def start(self, order: RunOrder) -> None:
        """Write the order and make its Job. Raises ClusterError when the cluster refuses it; then there is none."""
        ...

    def state(self, run_id: str) -> RunState:
        """The Job with its pods."""
        ...

    def delete(self, run_id: str) -> None:
        """End the Job and its pods, which are told to end; it is no error when there is none."""
        ...

    def read_report(self, run_id: str) -> Document | None:
        """What the Job's process said last; None before it said anything."""
        ...

    def write_report(self, run_id: str, report: Document) -> None:
        """Replace it."""
        ...

    def read_beat(self, run_id: str) -> str:
        """The last sign of life of those who follow the Job; empty before the first."""
        ...

    def write_beat(self, run_id: str, beat: str) -> None:
        """Give a sign of life: any text that differs from the last one."""
        ...

    def delete_all(self) -> None:
        """Delete the orders and reports of all Jobs of the service that have ended."""
        ...
