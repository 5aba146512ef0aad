"""A database in memory, for unit tests."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from slipway.release.errors import ClusterError
from slipway.rollout.migrations.base import Applied, Step
from slipway.rollout.process.faults import Faults


class MemoryDatabase:
    """See slipway.rollout.migrations.base.MigratedDatabase; `ran` has the scripts in their order."""

    def __init__(self) -> None:
        self.faults = Faults()
        self.ran: list[str] = []
        self.entries: dict[str, Applied] = {}

    def applied(self) -> Mapping[str, Applied]:
        """The ledger."""
        self.faults.hit("applied")
        return dict(self.entries)

    def up(self, step: Step, cancelled: threading.Event) -> None:
        """Apply."""
        self.faults.hit("up")
        if step.entry.id in self.entries:
            raise ClusterError("another run has begun it")
        self.ran.append(step.script)
        self.entries[step.entry.id] = step.entry
        self.faults.done("up")

    def down(self, step: Step, cancelled: threading.Event) -> None:
        """Undo."""
        self.faults.hit("down")
        if step.entry.id not in self.entries:
            raise ClusterError("another run has begun it")
        self.ran.append(step.script)
        del self.entries[step.entry.id]
        self.faults.done("down")
