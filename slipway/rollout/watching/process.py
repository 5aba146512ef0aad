"""The process that watches one release: looks, keeps its evidence where the next one finds it, and acts.

It holds the Lease of the watch, so that one process watches at a time; the traffic it moves only under the Lease of the
service, like every writer. Killed at any instant it loses nothing: the journal says whether a breach was seen and
whether the traffic is back, the document has the evidence and the counters that it was made from.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from slipway.release.errors import ClusterError, Conflict, LeaseHeld, LeaseLost, ReleaseRefused
from slipway.release.records import journal
from slipway.release.records.journal import Head
from slipway.release.records.watch import WatchEntry, WatchPhase
from slipway.release.units import show_seconds
from slipway.rollout.adapters import Adapters
from slipway.rollout.analysis.clients import Memory
from slipway.rollout.analysis.watch_state import counts_of, sampling
from slipway.rollout.analysis.watching import Standing, WatchLook, WatchState, begin_watch, look
from slipway.rollout.measurement.snapshots import snapshot_from_json, snapshot_to_json
from slipway.rollout.platforms.base import Lease
from slipway.rollout.process.fence import Fence
from slipway.rollout.record import Stored, leaving_with, load, save_head
from slipway.rollout.resting import resting_split
from slipway.rollout.routers.base import Split
from slipway.rollout.safety.heartbeat import hold_lease
from slipway.rollout.traffic.in_force import InForce
from slipway.rollout.traffic.transition import move, take_out
from slipway.rollout.watching.back import describe_end, finish_return, unfinished_return
from slipway.rollout.watching.document import LastLook, WatchDocument, read_document
from slipway.rollout.watching.meter import WatchMeter
from slipway.rollout.watching.recording import Moment, record_moment
from slipway.rollout.watching.telling import Breach, FlagsOf, escalate, tell_breach, tell_silence

KEEP_EVERY = 5.0
"""Seconds between two writes of the evidence, which are the signs of life."""
AGAIN = 2.0
"""Seconds between two tries of what could not be done."""
STUCK = 60.0
"""Seconds after which people are told that the traffic is not back yet."""


class Reporter(Protocol):
    """Where the lines go."""

    def status(self, line: str) -> None:
        """Replace the status line."""
        ...

    def event(self, line: str) -> None:
        """Add a line that stays."""
        ...


@dataclass(frozen=True, slots=True)
class _Turn:
    """What `hold_lease` needs for the Lease of the watch. Its fence guards nothing: the document has its version."""

    lease: Lease
    now: Callable[[], float]
    pause: Callable[[float], None]
    fence: Fence = field(default_factory=Fence)


class Watcher:
    """Watches until the watch has ended, or `cancelled` is set. `by` names this process, `flags` finds the sets of
    flags of the target; `beat` hears of each sign of life once it is written, and of the end."""

    def __init__(
        self,
        adapters: Adapters,
        service: str,
        by: str,
        reporter: Reporter,
        cancelled: threading.Event,
        flags: FlagsOf,
        beat: Callable[[WatchEntry, float], None] = lambda *_: None,
    ) -> None:
        """Raises ClusterError where nothing can be watched."""
        if adapters.watch is None or adapters.source is None:
            raise ClusterError(f"{service}: there is nothing here to watch it by")
        self._adapters, self._source, self._place = adapters, adapters.source, adapters.watch
        self._service, self._by = service, by
        self._reporter, self._cancelled, self._flags = reporter, cancelled, flags
        self._beat = beat
        self._watched: WatchEntry | None = None
        self._document: WatchDocument | None = None
        self._version: str | None = None
        self._state: WatchState | None = None
        self._meter: WatchMeter | None = None
        self._kept = 0.0
        self._breached: float | None = None

    def run(self) -> WatchEntry | None:
        """The watch as it ended; None when this process was told to end before it. While another process watches it
        waits for its turn. Raises ReleaseRefused where there is nothing to watch, and LeaseLost when another took over.
        """
        turn = _Turn(self._place.lease, self._adapters.now, self._adapters.pause)
        while not self._cancelled.is_set():
            try:
                with hold_lease(turn, self._by, self._reporter.status, self._cancelled, "watch", STUCK):
                    return self._watch(turn)
            except LeaseHeld as error:
                self._show(f"another process watches: {error}")
                self._cancelled.wait(AGAIN)
        return None

    def _watch(self, turn: _Turn) -> WatchEntry | None:
        self._open()
        while not self._cancelled.is_set():
            try:
                turn.fence.check()
                ended = self._step()
            except LeaseLost:
                raise
            except ClusterError as error:
                self._show(f"waiting: {error}")
                self._cancelled.wait(AGAIN)
                continue
            if ended is not None:
                self._beat(ended, self._adapters.now())
                return ended
        self._keep(self._adapters.now(), force=True)
        return None

    # -- what there is -----------------------------------------------------------------------------------------

    def _open(self) -> None:
        stored = self._place.document.read()
        document, watch = read_document(stored), self._head().watch
        if watch is None or document is None or stored is None:
            raise ReleaseRefused(f"{self._service}: no release of it is watched")
        if document.watch != watch.id or document.wanted.watch is None:
            raise ReleaseRefused(f"{self._service}: the evidence is that of an earlier watch; run pulumi up")
        self._document, self._version = document, stored.version
        plan = document.wanted.watch
        self._state = begin_watch(plan, document.wanted.analysis)
        self._meter = WatchMeter(self._source, document.wanted, plan, watch.standby, watch.opened)
        if document.state is not None:
            try:
                self._take_over(document, document.state, self._meter)
            except ValueError as error:
                self._reporter.event(f"{self._service}: the evidence begins anew: {error}")
        left = show_seconds(float(round(max(0.0, watch.until - self._adapters.now()))))
        self._reporter.event(f"{self._service}: {watch.backend.label} is watched for {left} more")

    def _take_over(self, document: WatchDocument, kept: Mapping[str, Any], meter: WatchMeter) -> None:
        """Go on where another process was. Raises ValueError when what it kept cannot be read, and changes nothing."""
        state = WatchState.from_json(kept)
        before = snapshot_from_json(document.counters) if document.counters is not None else None
        if document.reached is not None:
            meter.go_on(document.reached)
        meter.before, meter.counted = before, document.counted
        self._state = state

    def _head(self) -> Head:
        stored = load(self._adapters, self._service)
        return stored.head if stored is not None else Head(service=self._service)

    @property
    def _held(self) -> tuple[WatchDocument, WatchState, WatchMeter]:
        assert self._document is not None and self._state is not None and self._meter is not None  # noqa: S101
        return self._document, self._state, self._meter

    # -- one look ----------------------------------------------------------------------------------------------

    def _step(self) -> WatchEntry | None:
        """The watch once it has ended and all that follows is done."""
        document, _, meter = self._held
        head, now = self._head(), self._adapters.now()
        watch = head.watch
        if watch is None or watch.id != document.watch:
            return self._superseded(document, now)
        self._watched = watch
        if head.unfinished:
            meter.forget()
            self._show("a rollout is in flight, the watch rests")
            self._keep(now)
            self._cancelled.wait(AGAIN)
            return None
        if unfinished_return(head) is not None:
            return self._act(now)
        if not watch.unfinished:
            return self._ended(watch)
        return self._look(watch, now)

    def _superseded(self, document: WatchDocument, now: float) -> WatchEntry:
        backend, manifest = document.wanted.candidate, document.wanted.manifest
        reason = "another release took the traffic"
        self._reporter.event(f"{self._service}: the watch of {backend.label} has ended: {reason}")
        return WatchEntry(
            id=document.watch,
            phase=WatchPhase.SUPERSEDED,
            backend=backend,
            manifest=manifest,
            opened=now,
            seconds=0.0,
            reason=reason,
        )

    def _look(self, watch: WatchEntry, now: float) -> WatchEntry | None:
        document, state, meter = self._held
        evidence = state.evidence
        pairs = zip(evidence.settings.rules, evidence.states, strict=True)
        known = {rule.name: Memory(one.clients, one.betting) for rule, one in pairs}
        weight = watch.shares()[watch.backend.entry]
        tick = meter.look(now, weight, known)
        self._state, seen = look(state, now - watch.opened, tick)
        self._tell_sampling(state, self._state)
        self._tell_silence(watch, seen)
        if seen.standing is Standing.BREACH:
            return self._breach(seen)
        if seen.standing in (Standing.HELD, Standing.UNSEEN):
            return self._pass(watch, seen)
        left = show_seconds(float(round(max(0.0, watch.until - now))))
        self._show(f"{watch.backend.label} at {weight:.4g}%, {left} left: {seen.reason}")
        self._keep(now, seen)
        self._cancelled.wait(document.wanted.analysis.tick)
        return None

    def _tell_silence(self, watch: WatchEntry, seen: WatchLook) -> None:
        if seen.told:
            document, _, _ = self._held
            told = tell_silence(self._adapters, document.wanted, watch, seen.told, seen.reason)
            self._reporter.event(f"{self._service}: no data: {seen.reason}; {told}")
            self._record(watch, "silent", seen.reason)
        if seen.back:
            self._reporter.event(f"{self._service}: there are data of {', '.join(seen.back)} again")

    def _tell_sampling(self, before: WatchState, now: WatchState) -> None:
        """Whenever fewer clients count than before."""
        for line in sampling(now):
            if line not in sampling(before):
                self._reporter.event(f"{self._service}: {line}")

    def _record(self, watch: WatchEntry, moment: Moment, reason: str) -> None:
        document, _, _ = self._held
        counts = () if self._state is None else counts_of(self._state)
        trouble = record_moment(self._adapters, document.wanted, watch, moment, self._by, reason=reason, counts=counts)
        if trouble is not None:
            self._reporter.event(f"{self._service}: the end of the watch is not on record: {trouble}")

    def _show(self, line: str) -> None:
        self._reporter.status(f"{self._service}: {line}")

    def _keep(self, now: float, seen: WatchLook | None = None, *, force: bool = False) -> None:
        """Write the evidence. What could not be written is in the next write; until then a process that takes over
        counts from the older counters."""
        if now - self._kept < KEEP_EVERY and not force:
            return
        document, state, meter = self._held
        decision = seen.decision if seen is not None else None
        last = document.last
        if seen is not None:
            numbers = (decision.statistic, decision.threshold) if decision is not None else (None, None)
            last = LastLook(
                standing=seen.standing.value, reason=seen.reason, statistic=numbers[0], threshold=numbers[1]
            )
        counters = snapshot_to_json(meter.before) if meter.before is not None else None
        reached = meter.reached() if state.ended is None else None
        evidence = {"state": state.to_json(), "counters": counters, "counted": meter.counted, "last": last}
        evidence |= {"reached": reached}
        self._write(document.model_copy(update={"by": self._by, "beat": now, **evidence}))
        self._kept = now
        if self._watched is not None:
            self._beat(self._watched, now)

    def _write(self, document: WatchDocument) -> None:
        """Raises LeaseLost when another process has written."""
        try:
            self._version = self._place.document.write(document.to_document(), self._version)
        except Conflict:
            found = self._place.document.read()
            if found is None or found.content != document.to_document():
                raise LeaseLost("another process watches by now") from None
            self._version = found.version
        self._document = document

    # -- its ends ----------------------------------------------------------------------------------------------

    def _breach(self, seen: WatchLook) -> WatchEntry | None:
        """Write that there is one, which from then on the next process that finds it finishes."""
        now, decision = self._adapters.now(), seen.decision
        self._breached = self._breached if self._breached is not None else now
        shown = f"{decision.statistic:.4g} against {decision.threshold:.4g}" if decision is not None else ""
        self._reporter.event(f"{self._service}: BREACH: {seen.reason}")
        return self._act(now, seen.reason, shown)

    def _act(self, now: float, reason: str = "", statistic: str = "") -> WatchEntry | None:
        """Under the Lease of the service: the breach into the journal, the traffic back, and the end into the journal.
        None when it has to be tried again."""
        document, _, _ = self._held
        self._breached = self._breached if self._breached is not None else now
        try:
            with hold_lease(self._adapters, self._by, self._reporter.status, self._cancelled, "watch"):
                stored = load(self._adapters, self._service)
                if stored is None or stored.head.watch is None or stored.head.watch.id != document.watch:
                    return None
                if reason and stored.head.watching is not None and not stored.head.unfinished:
                    head = journal.breached(stored.head, reason, statistic, now)
                    if head != stored.head:
                        save_head(self._adapters, stored, head)
                if unfinished_return(stored.head) is None:
                    return None
                self._adapters.router.claim()
                self._reporter.event(f"{self._service}: {finish_return(self._adapters, stored, self._reporter.status)}")
                watch = stored.head.watch
        except (ClusterError, LeaseHeld, LeaseLost) as error:
            self._reporter.status(f"{self._service}: the traffic is not back yet: {error}")
            self._tell_stuck(str(error))
            self._cancelled.wait(AGAIN)
            return None
        return self._ended(watch)

    def _tell_stuck(self, why: str) -> None:
        document, _, _ = self._held
        since = self._breached
        if since is None or self._adapters.now() - since < STUCK:
            return
        watch = self._head().watch
        if watch is not None:
            breach = Breach(document.wanted, watch, f"the traffic is not back yet: {why}; it is tried until it is")
            self._reporter.event(f"{self._service}: {escalate(self._adapters, breach)}")

    def _pass(self, watch: WatchEntry, seen: WatchLook) -> WatchEntry | None:
        """The hold-back goes to what serves; it is the whole time that the standby was needed for."""
        try:
            with hold_lease(self._adapters, self._by, self._reporter.status, self._cancelled, "watch"):
                stored = load(self._adapters, self._service)
                if stored is None or stored.head.watch != watch or stored.head.unfinished:
                    return None
                if watch.standby is not None and len(watch.shares()) > 1:
                    self._release(stored, watch)
                phase = WatchPhase.PASSED if seen.standing is Standing.HELD else WatchPhase.UNSEEN
                save_head(
                    self._adapters, stored, journal.watch_lasted(stored.head, phase, seen.reason, self._adapters.now())
                )
        except (ClusterError, LeaseHeld, LeaseLost) as error:
            self._show(f"the watch is over, its end is not in the journal yet: {error}")
            self._cancelled.wait(AGAIN)
            return None
        self._keep(self._adapters.now(), seen, force=True)
        return self._ended(stored.head.watch or watch)

    def _release(self, stored: Stored, watch: WatchEntry) -> None:
        """All traffic to what serves, and the standby out of the route once it is seen without requests."""
        document, _, _ = self._held
        serving, adapters = stored.head.serving, self._adapters
        if serving is None or watch.standby is None:
            return
        adapters.router.claim()
        whole, known = Split.whole(serving.backend), (serving.backend, watch.standby)
        assert len(resting_split(serving, watch).shares) > 1  # noqa: S101 - asked by the caller
        move(adapters, serving.route, whole, known, adapters.pause)
        try:
            InForce(adapters, document.wanted, watch.standby).wait(self._cancelled)
            take_out(adapters, serving.route, whole, known, adapters.pause)
        except ClusterError as error:
            self._reporter.event(f"{self._service}: {error}; the next pulumi up takes it out of the route")
            leaving = leaving_with(stored.head.leaving, watch.standby, serving.backend)
            save_head(adapters, stored, stored.head.model_copy(update={"leaving": leaving}))

    def _ended(self, watch: WatchEntry) -> WatchEntry:
        """What follows a breach, once; then the end in words."""
        document, _, _ = self._held
        if watch.phase in (WatchPhase.ROLLED_BACK, WatchPhase.ESCALATED) and not document.told:
            counts = () if self._state is None else counts_of(self._state)
            for line in tell_breach(self._adapters, document.wanted, watch, self._by, self._flags, counts):
                self._reporter.event(f"{self._service}: {line}")
            told = {"told": True, "reached": None, "beat": self._adapters.now(), "by": self._by}
            self._write(document.model_copy(update=told))
        elif watch.phase in (WatchPhase.PASSED, WatchPhase.UNSEEN):
            self._reporter.event(f"{self._service}: the watch has ended, {watch.phase.value}: {watch.reason}")
            self._record(watch, "held" if watch.phase is WatchPhase.PASSED else "unseen", watch.reason)
        elif watch.phase is WatchPhase.SUPERSEDED:
            self._reporter.event(f"{self._service}: the watch has ended: {watch.reason}")
        else:
            self._reporter.event(f"{self._service}: {describe_end(watch)}")
        return watch
