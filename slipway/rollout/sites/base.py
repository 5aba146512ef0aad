"""One service in a target, and what the platform of a target brings for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from slipway.release.flags.journal import DocumentKind
from slipway.release.records.store import RecordStore
from slipway.release.rollout_inputs import MetricsSource
from slipway.release.target import Target
from slipway.rollout.adapters import WatchPlace
from slipway.rollout.escalation.outbox import Outbox
from slipway.rollout.flags.writer import FlagWriter
from slipway.rollout.metrics.proxies import Proxies
from slipway.rollout.platforms.base import Autoscalers, Intents, Invoked, JournalStore, Lasting, Lease, Workloads
from slipway.rollout.platforms.runs import Runs
from slipway.rollout.process.fence import Fence
from slipway.rollout.routers.base import Router

T = TypeVar("T", bound=Target)


@dataclass(frozen=True, slots=True)
class Site(Generic[T]):
    """One service in a target, on behalf of `stack`; all adaptors that write on behalf of a rollout share `fence`."""

    service: str
    target: T
    fence: Fence
    stack: str
    metrics: MetricsSource | None = None
    """Whose profile says how a route is accepted; None where nothing is shifted."""


@dataclass(frozen=True, slots=True)
class Adaptors:
    """What a platform brings: its router, and workloads, lease, journal store, intents, release records, Jobs, and the
    place of the watch. None is what a platform does not have."""

    router: Router
    workloads: Workloads
    lease: Lease
    journal: JournalStore
    intents: Intents
    records: RecordStore
    runs: Runs | None = None
    watch: WatchPlace | None = None
    autoscalers: Autoscalers | None = None
    lasting: Lasting | None = None
    invoked: Invoked | None = None
    proxies: Proxies | None = None
    """The proxies of the data plane, where the setting of the metrics names pods."""


@dataclass(frozen=True, slots=True)
class Platform(Generic[T]):
    """One kind of target. `services` are those that have a journal in one, `flag_sets` the sets of flags. All raise
    ClusterError when it is unreachable, or does not have what is asked for."""

    adaptors: Callable[[Site[T]], Adaptors]
    services: Callable[[T], list[str]]
    flags: Callable[[T, str, DocumentKind | None], FlagWriter]
    flag_sets: Callable[[T], list[str]]
    outbox: Callable[[T], Outbox]
    """Of the escalations about all services of the target."""
