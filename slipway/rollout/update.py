"""The update of one Rollout: repair, then a rollout, or only the settings of the route."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar

from slipway.release.errors import ClusterError, ReleaseRefused
from slipway.release.escalation.outbox import Closed
from slipway.release.floors import with_floors
from slipway.release.manifest.plan import Kind
from slipway.release.records import journal
from slipway.release.records.journal import Attempt, Head, Outcome, Serving
from slipway.release.records.watch import WatchEntry, WatchPhase, describe_entry
from slipway.release.rollout_inputs import Backend, RolloutInputs
from slipway.rollout.adapters import Adapters
from slipway.rollout.executor import Executor, with_old_replicas
from slipway.rollout.outputs import outputs_of, recorded_serving
from slipway.rollout.process.operator import operator
from slipway.rollout.record import Stored, leaving_with, load, save_head
from slipway.rollout.resting import kept_watch, resting_split
from slipway.rollout.retrying import retry_until, retry_while_away
from slipway.rollout.routers.base import LiveRoute, Split
from slipway.rollout.safety.heartbeat import hold_lease
from slipway.rollout.safety.overseer import Care, Overseer
from slipway.rollout.safety.watchdog import new_rollout_id
from slipway.rollout.safety.watchdog_process import guards
from slipway.rollout.status import Reporter
from slipway.rollout.traffic.adoption import NOTE, external_problem, is_adoption, take_over
from slipway.rollout.traffic.copying import copying_problem
from slipway.rollout.traffic.floors import leave_or_write_back, with_ready_before
from slipway.rollout.traffic.in_force import InForce
from slipway.rollout.traffic.probe import Probe
from slipway.rollout.traffic.restore import put_back
from slipway.rollout.traffic.stickiness import short
from slipway.rollout.traffic.transition import move, take_out
from slipway.rollout.traffic.waiting import await_ready
from slipway.rollout.update_plan import UpdatePlan, update_plan_of
from slipway.rollout.watching.back import finish_return, unfinished_return
from slipway.rollout.watching.opening import forget_clients, open_document
from slipway.rollout.watching.recording import record_moment
from slipway.rollout.watching.start import flags_in
from slipway.rollout.watching.telling import tell_breach

UNUSED_KEPT = 3
"""Revisions that completed last, whose workloads stay where the engine deletes none."""
T = TypeVar("T")


def holds_back(head: Head) -> bool:
    """Whether a watch keeps some of the traffic on its standby."""
    watch = head.watching
    return watch is not None and watch.holdback > 0 and not head.unfinished


def fewer_than_serve(adapters: Adapters, wanted: RolloutInputs, serving: Backend) -> str:
    """A line when more replicas serve than the new version will have; empty otherwise."""
    serve = adapters.workloads.replicas(serving)
    scaled = wanted.candidate.autoscaled
    most = wanted.candidate.replicas if scaled is None else scaled.maximum
    if serve <= most:
        return ""
    return f"warning: {serve} replicas serve, the manifest declares {'at most ' if scaled is not None else ''}{most}"


def unseen_problem(adapters: Adapters, course: UpdatePlan) -> str | None:
    """Why the counters of what serves cannot be found, so that no candidate could be judged beside it."""
    if course.then != "forward" or course.serving is None or adapters.source is None:
        return None
    return adapters.source.unseen(course.serving.backend)


class Update:
    """Create or update of one Rollout: repair, then a rollout or only the route's settings."""

    def __init__(
        self,
        wanted: RolloutInputs,
        adapters: Adapters,
        olds: Mapping[str, Any],
        reporter: Reporter,
        cancelled: threading.Event,
        overseer: Overseer | None = None,
        rollout_id: str | None = None,
        drill: journal.Drill | None = None,
    ) -> None:
        """`overseer` is the watchdog process of this one when left out, `rollout_id` a new one; `drill` is the
        procedure that is rehearsed."""
        self._wanted = wanted
        self._adapters = adapters
        self._recorded = recorded_serving(olds)
        self._reporter = reporter
        self._cancelled = cancelled
        self._overseer = overseer
        self._rollout_id = rollout_id
        self._drill = drill
        self._guard: Care | None = None
        """Armed for an attempt that has not ended yet."""

    def run(self) -> dict[str, Any]:
        """Returns the outputs. Raises SlipwayError with one clear line; what is not whole then is the watchdog's."""
        holder = self._rollout_id or new_rollout_id()
        try:
            grace = self._wanted.analysis.error_grace
            with hold_lease(self._adapters, holder, self._reporter.status, self._cancelled, patience=grace):
                return self._run(holder)
        finally:
            if self._guard is not None:
                # Only now is the Lease free, so that the watchdog can put back what this process could not.
                self._guard.act()

    def _run(self, holder: str) -> dict[str, Any]:
        self._go_on_escalating()
        stored, course, live = self._while_away(lambda: self._begin(holder))
        if course.repair and course.serving is not None:
            self._repair(stored, course.serving, live)
        if course.then == "settle" and course.serving is not None:
            return self._settle(stored, course.serving)
        return self._roll_out(stored, course, course.then, holder)  # type: ignore[arg-type]

    def _begin(self, holder: str) -> tuple[Stored, UpdatePlan, LiveRoute | None]:
        """What there is and what is to be done; the route and the journal are ours afterwards. It may be repeated."""
        adapters, stack = self._adapters, self._adapters.stack
        stored = load(adapters) or Stored(Head(service=self._wanted.service), None)
        owner = stored.head
        if stored.version is None and (found := adapters.router.read()) is not None and found.owner:
            owner = owner.model_copy(update={"stack": found.owner})  # the journal is lost, the route still says it
        problem = journal.owner_problem(owner, stack)
        if problem is not None:
            raise ReleaseRefused(problem)
        if is_adoption(self._wanted, stored.head, adapters.router.read()):
            take_over(adapters, self._wanted, stored, holder, self._cancelled)
            self._reporter.event(f"{self._wanted.service}: {NOTE}; {self._wanted.candidate.label} serves")
        live = adapters.router.claim()  # from here on a write that an earlier holder has under way fails
        if unfinished_return(stored.head) is not None:
            live = self._finish_return(stored)
        course = update_plan_of(self._wanted, stored.head, live, self._recorded)
        if stored.version is not None and journal.taken_over(stored.head, stack) != stored.head:
            save_head(adapters, stored, journal.taken_over(stored.head, stack))
        stored.head = journal.taken_over(stored.head, stack)
        return stored, course, live

    def _finish_return(self, stored: Stored) -> LiveRoute | None:
        """A breach that the watch could not act on to the end comes first. Raises ReleaseRefused where these inputs
        want what it found bad."""
        reason = finish_return(self._adapters, stored, self._reporter.status)
        self._reporter.event(f"{self._wanted.service}: {reason}")
        flags = partial(flags_in, self._wanted.where)
        if stored.head.watch is not None:
            for line in tell_breach(self._adapters, self._wanted, stored.head.watch, operator(), flags):
                self._reporter.event(f"{self._wanted.service}: {line}")
        refused = journal.refusal(stored.head, self._wanted.candidate.revision, None)
        if refused is not None:
            raise ReleaseRefused(refused)
        return self._adapters.router.read()

    def _repair(self, stored: Stored, serving: Serving, live: LiveRoute | None) -> None:
        held = holds_back(stored.head)
        why = "the hold-back of the watch ends" if held else "traffic is not settled"
        self._reporter.event(f"{self._wanted.service}: {why}, it goes back to {serving.backend.label}")
        head, attempt = stored.head, stored.head.attempt if stored.head.unfinished else None
        known = self._idle(stored)
        put_back(self._adapters, serving, attempt, self._reporter.status, known)
        gone = attempt.candidate if attempt is not None and attempt.steps else None
        if attempt is not None:
            known = (*known, attempt.candidate)
            head = journal.interrupted(head, "the process died", "repair", self._adapters.now())
        given = {**live.mirrored, **{name: share for name, share in live.shares.items() if share > 0}} if live else {}
        kept = resting_split(serving, kept_watch(head, self._wanted))
        stays = {side.entry for side, _ in kept.shares}
        had = tuple(one for one in known if given.get(one.entry, 0.0) > 0 and one.entry not in stays)
        head = head.model_copy(update={"leaving": leaving_with((*head.leaving, *had), gone, serving.backend)})
        if head.watch is not None and kept == Split.whole(serving.backend):
            head = head.model_copy(update={"watch": head.watch.model_copy(update={"holdback": 0.0})})
        if stored.version is None:
            stored.head = head  # what follows writes it
        elif head != stored.head:
            self._save(stored, head)

    def _idle(self, stored: Stored) -> tuple[Backend, ...]:
        """Backends of ours that may stand in the route without being part of a rollout."""
        held = stored.head.watch.standby if stored.head.watch is not None else None
        sides = {one.entry: one for one in (*stored.head.leaving, self._wanted.standby, held) if one is not None}
        return tuple(sides.values())

    def _settle(self, stored: Stored, serving: Serving) -> dict[str, Any]:
        self._patiently(self._keep_standby)
        settled = Serving(backend=self._wanted.candidate, route=self._wanted.route)
        self._rest(stored, settled)
        leaving = leaving_with(stored.head.leaving, None, settled.backend)
        head = stored.head.model_copy(update={"serving": settled, "leaving": leaving})
        if head.watching is not None and kept_watch(head, self._wanted) is None:
            head = head.model_copy(update={"watch": self._rewatched(head.watching)})
        if head != stored.head or stored.version is None:
            self._save(stored, head)
        self._await_in_force(stored)
        self._take_out(stored)
        self._write_back(stored)
        self._open_watch(stored)
        return outputs_of(self._wanted, stored.head, self._patiently(self._adapters.router.read))

    def _rewatched(self, watch: WatchEntry) -> WatchEntry:
        """Its standby is not kept any more: another one is, or none."""
        standby, plan = self._wanted.standby, self._wanted.watch
        why = plan.why_it_only_escalates(standby is not None) if plan is not None else watch.only_escalates
        return watch.model_copy(update={"standby": standby, "holdback": 0.0, "only_escalates": why})

    def _open_watch(self, stored: Stored) -> None:
        watch = stored.head.watching
        if watch is None or self._wanted.watch is None:
            return
        self._tell(open_document(self._adapters, self._wanted, watch))
        self._tell(record_moment(self._adapters, self._wanted, watch, "opened", operator()))
        self._reporter.event(f"{self._wanted.service}: {describe_entry(watch)}")

    def _end_watch(self, former: WatchEntry, stored: Stored) -> None:
        """This release took the traffic. What tells clients apart goes with the watch: with its document where the next
        watch writes its own."""
        ended = former.ended_as(
            WatchPhase.SUPERSEDED, f"{self._wanted.candidate.label} was released", self._adapters.now()
        )
        self._tell(record_moment(self._adapters, self._wanted, ended, "superseded", operator(), reason=ended.reason))
        if stored.head.watching is None:
            self._tell(forget_clients(self._adapters, former))

    def _rest(self, stored: Stored, serving: Serving) -> None:
        """Give what serves all the traffic, but for the hold-back of its watch. A standby that is not ready holds
        nothing back."""
        watch = kept_watch(stored.head, self._wanted)
        split, known = resting_split(serving, watch), (serving.backend, *self._idle(stored))
        if watch is not None and watch.standby is not None and len(split.shares) > 1:
            problem = await_ready(self._adapters, watch.standby, self._cancelled)
            if problem is not None:
                split = Split.whole(serving.backend)
                self._reporter.event(f"{self._wanted.service}: nothing is held back on the standby: {problem}")
                without = watch.model_copy(update={"holdback": 0.0})
                leaving = leaving_with(stored.head.leaving, watch.standby, serving.backend)
                self._save(stored, stored.head.model_copy(update={"watch": without, "leaving": leaving}))
        self._patiently(lambda: move(self._adapters, self._wanted.route, split, known, self._adapters.pause))

    def _roll_out(self, stored: Stored, course: UpdatePlan, kind: Kind, holder: str) -> dict[str, Any]:
        if self._cancelled.is_set():
            raise ReleaseRefused(f"{self._wanted.service}: cancelled before anything moved")
        unseen = unseen_problem(self._adapters, course) if self._wanted.probe is None else None
        if unseen is not None:
            raise ClusterError(f"{self._wanted.service}: nothing was moved: {unseen}")
        old = course.serving.backend if course.serving is not None else None
        problem = external_problem(self._adapters, self._wanted.candidate, old) or self._while_away(
            lambda: copying_problem(self._adapters, self._wanted, kind)
        )
        if problem is not None:
            raise ReleaseRefused(f"{self._wanted.service}: nothing was moved: {problem}")
        self._await_in_force(stored, or_go_on=kind == "rollback")  # what an earlier rollout left in the route
        if stored.head.serving is None and course.serving is not None:
            stored.head = stored.head.model_copy(update={"serving": course.serving})
        former = stored.head.watching
        guard = self._guard = (self._overseer or guards()).arm(self._wanted.where, self._wanted.service, holder)
        probe = self._probe()
        try:
            attempt = self._while_away(lambda: self._attempt(holder, kind, old))
            guard.await_ready()
            held = (old, attempt.candidate) if attempt.ready_before is not None else ()
            self._while_away(
                lambda: save_head(self._adapters, stored, journal.begun(journal.raising(stored.head, *held), attempt))
            )
            self._prune(stored)
            for line in (attempt.caveat, *attempt.notes):
                if line:
                    self._reporter.event(f"{self._wanted.service}: {line}")
            head = Executor(self._adapters, self._wanted, attempt, stored, self._reporter, self._cancelled).run()
        finally:
            # An attempt that could not be ended, or that another process took over, is the watchdog's to look after.
            if not stored.head.unfinished:
                self._guard = None
                guard.disarm()
            if probe is not None:
                probe.stop()
        self._settle_escalations(attempt)
        if former is not None and stored.head.watch != former:
            self._end_watch(former, stored)
        self._open_watch(stored)  # before anything else, so that what is counted from now on is the watch's
        self._after_commit(stored)
        return outputs_of(self._wanted, head, self._patiently(self._adapters.router.read))

    def _go_on_escalating(self) -> None:
        if (escalations := self._adapters.escalations) is not None:
            self._tell(escalations.go_on(self._wanted.service))

    def _settle_escalations(self, attempt: Attempt) -> None:
        """The service has a good release again."""
        if (escalations := self._adapters.escalations) is not None:
            reason = f"{attempt.candidate.version} ({attempt.candidate.revision}) was released"
            by = Closed(by=f"rollout {attempt.id}", at=self._adapters.now(), reason=reason)
            self._tell(escalations.settle(self._wanted.service, by))

    def _tell(self, trouble: str | None) -> None:
        if trouble is not None:
            self._reporter.event(f"{self._wanted.service}: {trouble}")

    def _while_away(self, do: Callable[[], T]) -> T:
        """Before anything moves: only an API server that is away is waited for, within the grace."""
        grace, tell = self._wanted.analysis.error_grace, self._reporter.status
        return retry_while_away(self._adapters, do, grace, tell, self._cancelled)

    def _patiently(self, do: Callable[[], T]) -> T:
        """What follows a decision that stands is done again until the cluster answers, within the grace."""
        return retry_until(self._adapters, do, self._wanted.analysis.error_grace)

    def _prune(self, stored: Stored) -> None:
        with contextlib.suppress(ClusterError):  # the next one does it
            self._adapters.journal.prune(frozenset(stored.head.recorded))

    def _take_out(self, stored: Stored) -> None:
        """Leave only what has traffic in the route, unless a backend that had some was not seen without requests."""
        serving = stored.head.serving
        if not stored.head.leaving and serving is not None:
            split = resting_split(serving, kept_watch(stored.head, self._wanted))
            known, route, pause = (serving.backend, *self._idle(stored)), self._wanted.route, self._adapters.pause
            self._patiently(lambda: take_out(self._adapters, route, split, known, pause))

    def _attempt(self, holder: str, kind: Kind, old: Backend | None) -> Attempt:
        fewer = fewer_than_serve(self._adapters, self._wanted, old) if old is not None else ""
        attempt = Attempt(
            id=holder,
            outcome=Outcome.RUNNING,
            kind=kind,
            candidate=self._wanted.candidate,
            manifest=self._wanted.manifest,
            began=self._adapters.now(),
            planned=self._wanted.plan(kind),
            retry_reason=self._wanted.retry.reason if self._wanted.retry is not None else None,
            notes=(fewer,) if fewer else (),
            caveat=short(self._wanted.route, self._wanted.guardrails) if kind != "rollback" else "",
            drill=self._drill,
        )
        attempt = with_ready_before(self._adapters, with_old_replicas(self._adapters, attempt, self._wanted, old), old)
        floors = with_floors(attempt.planned, attempt.ready_before, attempt.candidate.autoscaled)
        return attempt.model_copy(update={"planned": floors})

    def _probe(self) -> Probe | None:
        if self._wanted.probe is None:
            return None
        if self._wanted.gateway_url is None:
            raise ClusterError("the traffic probe needs the stack setting gatewayUrl")
        probe = Probe(self._wanted.probe, self._wanted.gateway_url, self._wanted.route)
        probe.start()
        return probe

    def _after_commit(self, stored: Stored) -> None:
        """See the old backend without requests while it stands in the route at 0%, then take it out; the engine deletes
        it afterwards. The other way round a proxy could lose it while the former weights are still in force."""
        self._patiently(self._keep_standby)
        if kept_watch(stored.head, self._wanted) is not None and stored.head.serving is not None:
            self._rest(stored, stored.head.serving)
        self._await_in_force(stored)
        self._take_out(stored)
        self._write_back(stored)
        self._drop_unused(stored)

    def _drop_unused(self, stored: Stored) -> None:
        """Old versions that the engine does not delete. What still leaves the route, the standby and those that
        completed last stay: an attempt that failed takes the place of none of them."""
        if (lasting := self._adapters.lasting) is None:
            return
        named = (self._wanted.candidate, self._wanted.standby, *stored.head.leaving)
        recent = {one.revision for one in stored.head.completed[:UNUSED_KEPT]}
        with contextlib.suppress(ClusterError):  # the next one does it
            lasting.prune(recent | {one.revision for one in named if one is not None})

    def _write_back(self, stored: Stored) -> None:
        """The autoscalers may follow the load again."""
        reporter = self._reporter
        leave_or_write_back(self._adapters, stored, reporter.status, reporter.event, self._cancelled)

    def _await_in_force(self, stored: Stored, *, or_go_on: bool = False) -> None:
        """See every backend that has no weight any more without requests. Raises ClusterError where that is not seen,
        unless the caller may go on or the backend is the warm standby, which is not deleted; the journal then still
        has it as leaving."""
        adapters, standby = self._adapters, self._wanted.standby
        for gone in leaving_with(stored.head.leaving, None, self._wanted.candidate):
            self._reporter.status(f"{self._wanted.service}: waiting until {gone.entry} is seen without requests")
            try:
                InForce(adapters, self._wanted, gone).wait(self._cancelled)
            except ClusterError as error:
                words = f"the gateway has accepted the route, but it was not seen in force: {error}"
                if not or_go_on and (standby is None or standby.entry != gone.entry):
                    stays = "its workload stays, the next up waits again"
                    raise ClusterError(f"{self._wanted.service}: {words}; {stays}") from None
                self._reporter.event(f"{self._wanted.service}: {words}")
                continue
            left = tuple(one for one in stored.head.leaving if one.entry != gone.entry)
            self._save(stored, stored.head.model_copy(update={"leaving": left}))

    def _save(self, stored: Stored, head: Head) -> None:
        self._patiently(lambda: save_head(self._adapters, stored, head))

    def _keep_standby(self) -> None:
        """Scale the standby up again after a rolling rollout has scaled it down."""
        standby = self._wanted.standby
        if standby is None:
            return
        if self._adapters.workloads.replicas(standby) < standby.replicas:
            self._adapters.workloads.scale(standby, standby.replicas)
