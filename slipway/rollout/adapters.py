"""Everything of the outside that a rollout touches, in one value, so that tests can put another world there."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from slipway.release.records.store import RecordStore
from slipway.rollout.metrics.base import Source
from slipway.rollout.platforms.base import Intents, JournalStore, Lease, Workloads
from slipway.rollout.process import clock
from slipway.rollout.process.fence import UNFENCED, Fence
from slipway.rollout.routers.base import Router


@dataclass(frozen=True, slots=True)
class World:
    """The adaptors of one service's rollout; `now` is Unix seconds, by a clock that does not jump."""

    router: Router
    workloads: Workloads
    lease: Lease
    journal: JournalStore
    intents: Intents
    source: Source | None = None
    """None for those that only put traffic back."""
    now: Callable[[], float] = clock.now
    pause: Callable[[float], None] = time.sleep
    """Wait between two looks, where no cancellation is awaited."""
    fence: Fence = UNFENCED
    """Shared by the adaptors that write."""
    stack: str = ""
    """`project/stack` on whose behalf the rollout writes; empty for those that act for whatever the journal names."""
    records: RecordStore | None = None
    """Where finished rollouts are recorded; None for those that record nothing."""
