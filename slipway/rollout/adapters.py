"""Every adaptor that a rollout uses to reach the outside, in one value, so that tests can replace them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from slipway.release.records.store import RecordStore
from slipway.rollout.escalation.desk import Escalations
from slipway.rollout.metrics.base import Source
from slipway.rollout.platforms.base import (
    Autoscalers,
    DocumentStore,
    Intents,
    Invoked,
    JournalStore,
    Lasting,
    Lease,
    Workloads,
)
from slipway.rollout.platforms.runs import Runs
from slipway.rollout.process import clock
from slipway.rollout.process.fence import UNFENCED, Fence
from slipway.rollout.routers.base import Router


class Timed(Protocol):
    """What has a time of its own."""

    @property
    def now(self) -> Callable[[], float]:
        """Unix seconds, by a clock that does not jump."""
        ...

    @property
    def pause(self) -> Callable[[float], None]:
        """Wait between two looks, where no cancellation is awaited."""
        ...


class Fenced(Timed, Protocol):
    """Adaptors of which only the holder of a Lease writes."""

    @property
    def lease(self) -> Lease:
        """The Lease."""
        ...

    @property
    def fence(self) -> Fence:
        """Shared by the adaptors that write."""
        ...


@dataclass(frozen=True, slots=True)
class WatchPlace:
    """Where the watch after 100% has its evidence, and the Lease by which one process watches at a time. That Lease
    gives no right to move traffic."""

    lease: Lease
    document: DocumentStore


@dataclass(frozen=True, slots=True)
class Adapters:
    """The adaptors of one service's rollout; `now` is Unix seconds, by a clock that does not jump."""

    router: Router
    workloads: Workloads
    lease: Lease
    journal: JournalStore
    intents: Intents
    source: Source | None = None
    """None where traffic is only put back."""
    now: Callable[[], float] = clock.now
    pause: Callable[[float], None] = time.sleep
    """Wait between two looks, where no cancellation is awaited."""
    fence: Fence = UNFENCED
    """Shared by the adaptors that write."""
    stack: str = ""
    """`project/stack` on whose behalf the rollout writes; empty for commands that act for the stack in the journal."""
    records: RecordStore | None = None
    """Where finished rollouts are recorded; None where nothing is."""
    inside: RecordStore | None = None
    """The records beside the journal, where `records` is a folder or a bucket: there pods write what they record."""
    runs: Runs | None = None
    """Rollouts in the cluster; None where there can be none."""
    escalations: Escalations | None = None
    """None where the owner is not told."""
    watch: WatchPlace | None = None
    """None where nothing can be watched after 100%."""
    autoscalers: Autoscalers | None = None
    """None where nothing scales workloads with their load."""
    lasting: Lasting | None = None
    """None where the engine deletes the workloads of former versions."""
    invoked: Invoked | None = None
    """None where a version is reached through the gateway's preview route."""
