"""What a service is like now, read from outside of any rollout: journal, route, holder of the Lease, drift.

`slipway status`, reports and dashboards read this and nothing below it. Nothing is written.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from slipway.release.errors import JournalUnreadable
from slipway.release.flags import journal as flags_journal
from slipway.release.records.journal import Attempt, Head, Outcome, Serving
from slipway.release.records.release_record import Series
from slipway.release.records.watch import WatchEntry
from slipway.release.rollout_inputs import Backend
from slipway.rollout.adapters import Adapters
from slipway.rollout.drift import drift_of, lacking
from slipway.rollout.flags.writer import FlagWriter
from slipway.rollout.measurement.series import series_of
from slipway.rollout.platforms.base import Intent, Lease, Readiness
from slipway.rollout.record import load
from slipway.rollout.resting import resting_split, rests, watch_of_serving
from slipway.rollout.routers.base import LiveRoute, Split
from slipway.rollout.routers.changes import describe_changes
from slipway.rollout.safety.holder import WATCH, Holding, watch_lease
from slipway.rollout.update_plan import who_changed
from slipway.rollout.watching.document import WatchDocument, dead_since, read_document


@dataclass(frozen=True, slots=True)
class Inspection:
    """What was read of one service. `latest` is the last record of the rollout in flight, with its verdict."""

    service: str
    namespace: str
    head: Head | None
    live: LiveRoute | None
    lease: Holding
    intent: Intent | None = None
    latest: dict[str, Any] | None = None
    series: Series = field(default_factory=Series)
    """What was measured in the rollout in flight; empty unless it was asked for."""
    now: float = 0.0
    readiness: Readiness | None = None
    """Of the workload that serves."""
    route_changes: str = ""
    """What of the route's settings is not as the release declares it, in words."""
    evidence: WatchDocument | None = None
    """Of the watch after 100%; None where nothing is watched."""

    @property
    def drift(self) -> str | None:
        """What was changed in place in the workload that serves."""
        backend = self._serving
        if self.head is None or backend is None or self.readiness is None:
            return None
        return drift_of(backend, self.readiness, self.head.template_of(backend.revision))

    @property
    def lacking(self) -> str | None:
        """The replicas that the workload that serves lacks."""
        backend = self._serving
        return lacking(backend, self.readiness) if backend is not None and self.readiness is not None else None

    @property
    def _serving(self) -> Backend | None:
        return self.head.serving.backend if self.head is not None and self.head.serving is not None else None

    @property
    def watching(self) -> WatchEntry | None:
        """The watch of what serves, while it is open."""
        return self.head.watching if self.head is not None else None

    @property
    def watch_problem(self) -> str | None:
        """Why nothing would notice a breach now; None while a process watches, and where no watch is open."""
        watch = self.watching
        if watch is None or (self.head is not None and self.head.unfinished):
            return None
        evidence = self.evidence if self.evidence is not None and self.evidence.watch == watch.id else None
        dead = dead_since(evidence, watch.opened, self.now)
        return None if dead is None else f"the watch is dead: {dead}; `slipway watch {self.service}` goes on with it"

    @property
    def paused(self) -> bool:
        """Whether the rollout in flight obeyed a pause last."""
        attempt = self.head.attempt if self.head is not None else None
        if attempt is None or attempt.outcome is not Outcome.RUNNING or self.intent is None:
            return False
        return self.intent.action == "pause" and self.intent.id == attempt.acknowledged

    @property
    def problem(self) -> str | None:
        """What is not as it should be, with the remedy; None while all is."""
        head = self.head
        if head is None:
            return "no journal: nothing was released here, or it was deleted"
        if head.unfinished:
            if self.lease.alive:
                return None
            ways = "`slipway abort` puts the traffic back, `slipway recover` shows the rest"
            return f"a rollout was interrupted, its Lease is {self.lease}; {ways}"
        if head.serving is None:
            return "nothing serves yet"
        if self.live is None:
            return "the route is missing; pulumi up writes it anew"
        return (
            self._route_problem(self.live, resting_split(head.serving, watch_of_serving(head)))
            or self.watch_problem
            or self.drift
            or self.lacking
            or _leaving(head)
        )

    def _route_problem(self, live: LiveRoute, split: Split) -> str | None:
        if not rests(live, split):
            return f"{who_changed(live)} changed the weights; pulumi up puts them back"
        if self.route_changes:
            return f"{who_changed(live)} changed the route: {self.route_changes}; pulumi up puts it back"
        return None if live.accepted else f"the gateway does not accept the route: {live.problem}"


def _leaving(head: Head) -> str | None:
    if not head.leaving:
        return None
    names = ", ".join(one.entry for one in head.leaving)
    return f"{names} was not seen without requests yet; pulumi up waits for it"


def inspect(
    adapters: Adapters,
    service: str,
    namespace: str,
    *,
    watch: Callable[[Lease], Holding] | None = None,
    with_series: bool = False,
) -> Inspection:
    """Read everything of one service; `watch` says how the Lease of a rollout in flight is looked at, by default for as
    long as its next renewal may take. Raises ClusterError with one clear line, also for a journal that is damaged or
    of a newer format."""
    head = head_of(adapters, service)
    running = head is not None and head.unfinished
    attempt = head.attempt if head is not None and running else None
    live = adapters.router.read()
    serving = head.serving if head is not None else None
    records = adapters.journal.records(attempt.id) if attempt is not None and with_series else []
    return Inspection(
        service=service,
        namespace=namespace,
        head=head,
        live=live,
        lease=_holding(adapters.lease, attempt, watch),
        intent=adapters.intents.read() if running else None,
        latest=_latest(adapters, attempt, records),
        series=series_of(records, {}),
        now=adapters.now(),
        readiness=adapters.workloads.readiness(serving.backend) if serving is not None else None,
        route_changes=_route_changes(adapters, serving, live) if serving is not None and not running else "",
        evidence=evidence_of(adapters, head),
    )


def evidence_of(adapters: Adapters, head: Head | None) -> WatchDocument | None:
    """What the process of the last watch wrote; None where there was none. Raises ClusterError."""
    if head is None or head.watch is None or adapters.watch is None:
        return None
    try:
        return read_document(adapters.watch.document.read())
    except JournalUnreadable:  # a watch that cannot be read is not alive
        return None


def _holding(lease: Lease, attempt: Attempt | None, watch: Callable[[Lease], Holding] | None) -> Holding:
    if attempt is not None and watch is not None:
        return watch(lease)
    return watch_lease(lease, WATCH if attempt is not None else 0.0)


def _latest(adapters: Adapters, attempt: Attempt | None, records: list[dict[str, Any]]) -> dict[str, Any] | None:
    if records or attempt is None:
        return records[-1] if records else None
    return adapters.journal.latest(attempt.id)


@dataclass(frozen=True, slots=True)
class FlagsInspection:
    """One set of flags as it is now. `problem` is what of its document is not as the journal says; None while all
    is."""

    name: str
    head: flags_journal.Head
    problem: str | None
    now: float


def inspect_flags(writer: FlagWriter) -> FlagsInspection:
    """Read one set of flags. Raises ClusterError."""
    return FlagsInspection(writer.name, writer.load(), writer.problem(), writer.now())


def head_of(adapters: Adapters, service: str) -> Head | None:
    """The journal's head, None when there is none. Raises ClusterError."""
    stored = load(adapters, service)
    return None if stored is None else stored.head


def _route_changes(adapters: Adapters, serving: Serving, live: LiveRoute | None) -> str:
    """What of the live route's settings is not as the release that serves declares it."""
    return describe_changes(adapters.router.settings(serving.route), live.settings) if live is not None else ""
