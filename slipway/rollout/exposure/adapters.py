"""Everything of the outside that an exposure touches, in one value, so that tests can put something else there."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from slipway.release.flags.journal import Head
from slipway.release.records.store import RecordStore
from slipway.rollout.escalation.desk import Escalations
from slipway.rollout.metrics.base import Meter
from slipway.rollout.platforms.base import JournalStore, Lease
from slipway.rollout.process import clock
from slipway.rollout.process.fence import UNFENCED, Fence


class Flags(Protocol):
    """The one writer of the flags: their journal, and the document that follows from it."""

    def load(self) -> Head:
        """The journal. Raises ClusterError."""
        ...

    def change(self, change: Callable[[Head], Head]) -> Head:
        """Write the journal that `change` makes of the one that is there, by compare-and-swap, and the document that
        follows. `change` is asked again when another wrote in between, and whatever it raises is raised. Raises
        ClusterError when it is not known whether both stand: it may be called again."""
        ...

    def pending(self) -> str | None:
        """What of the document in force is not as the journal says; None when all of it is. Raises ClusterError."""
        ...

    @property
    def records(self) -> RecordStore | None:
        """The chain of the set's changes; None where none is kept."""
        ...


@dataclass(frozen=True, slots=True)
class ExposureAdapters:
    """The adaptors of one flag's exposure; `now` is Unix seconds, by a clock that does not jump."""

    flag: str
    """Its key."""
    flags: Flags
    journal: JournalStore
    """Of this flag's exposures."""
    lease: Lease
    meter: Meter | None = None
    """None for those that only turn an exposure back."""
    now: Callable[[], float] = clock.now
    pause: Callable[[float], None] = time.sleep
    fence: Fence = UNFENCED
    """Shared by the adaptors that write."""
    stack: str = ""
    """`project/stack` on whose behalf it is exposed."""
    escalations: Escalations | None = None
    """None where the owner is not told."""
