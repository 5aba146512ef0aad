"""The end of an attempt without a commit: the traffic goes back, then the journal says how it ended."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import NoReturn

from slipway.release.errors import ClusterError, LeaseLost, LeaseStale, RolloutAborted
from slipway.release.records import journal
from slipway.release.records.journal import Head
from slipway.release.rollout_inputs import RolloutInputs
from slipway.rollout.adapters import Adapters
from slipway.rollout.analysis.types import Verdict
from slipway.rollout.controller import Abort, Cause
from slipway.rollout.executor.escalating import Escalating
from slipway.rollout.executor.observer import Observer
from slipway.rollout.executor.ramp import Ramp
from slipway.rollout.record import AttemptRecord, leaving_with
from slipway.rollout.retrying import retry_until
from slipway.rollout.routers.base import Split
from slipway.rollout.status import Reporter, end_line, lost_line
from slipway.rollout.traffic.floors import leave_or_write_back
from slipway.rollout.traffic.in_force import InForce
from slipway.rollout.traffic.restore import API_PATIENCE, put_back
from slipway.rollout.traffic.transition import take_out


class TurningBack:
    """Ends one attempt by the controller's Abort."""

    def __init__(
        self,
        adapters: Adapters,
        wanted: RolloutInputs,
        record: AttemptRecord,
        ramp: Ramp,
        observer: Observer,
        reporter: Reporter,
        cancelled: threading.Event,
    ) -> None:
        self._adapters = adapters
        self._wanted = wanted
        self._record = record
        self._ramp = ramp
        self._observer = observer
        self._reporter = reporter
        self._cancelled = cancelled
        self._escalating = Escalating(adapters, wanted, record, ramp, observer, reporter)

    def run(self, action: Abort) -> NoReturn:
        """Put the traffic back, write the end, and raise RolloutAborted with what is true then; LeaseLost when another
        may write now."""
        decision = self._observer.measure.decision
        failed = decision is not None and decision.verdict is Verdict.FAIL
        try:
            self._announce(action)
            where = self._return_traffic(action)
            action = self._explained(action)
        except LeaseLost as error:
            lost = lost_line(self._wanted.service, self._wanted.candidate, self._ramp.weight, str(error))
            raise LeaseLost(lost) from None
        except Exception as error:
            where = f"the traffic is not back yet: {error}; it is tried again until it is"
            self._escalating.escalate(action, where, back=False)
            raise RolloutAborted(self._end_line(action, where)) from None
        self._observer.close_step(Verdict.FAIL if failed else Verdict.INCONCLUSIVE)
        self._escalating.escalate(action, where, back=True)
        head = self._head_after(action)
        self._write_end(head)
        if self._ramp.serving is not None:
            if any(one.entry == self._wanted.candidate.entry for one in head.leaving):
                where = self._see_in_force(where)
            else:
                self._take_out()
        self._let_go()
        refused = self._wanted.candidate.revision in head.quarantined
        raise RolloutAborted(self._end_line(action, where), quarantined=refused)

    def _announce(self, action: Abort) -> None:
        """Say what comes next as far as it is known. A process that was stopped past its Lease decides on an abort
        when it goes on, before it knows whether another holds the Lease by then: LeaseLost when it does know."""
        what = "traffic goes back"
        try:
            self._adapters.fence.check()
        except LeaseStale as error:
            what = str(error)
        self._reporter.event(f"{self._wanted.service}: {action.reason}; {what}")

    def _return_traffic(self, action: Abort) -> str:
        """Where all the traffic is then, in words."""
        ramp = self._ramp
        if ramp.serving is not None:
            ramp.assume_tried()
            put_back(self._adapters, ramp.serving, self._record.attempt, self._reporter.status, ramp.idle)
            if self._record.attempt.old_replicas is not None:
                self._adapters.workloads.scale(self._wanted.candidate, 1)
            return f"all traffic is on {ramp.serving.backend.label}"
        if action.cause in (Cause.CANDIDATE, Cause.OPERATOR):
            retry_until(self._adapters, self._adapters.router.delete, API_PATIENCE)
            return "there is no traffic"
        if ramp.weight > 0:
            return "its users stay on it, since it was not shown to be bad; the next up tries to complete it"
        return "there is no traffic"

    def _explained(self, action: Abort) -> Abort:
        """With what the pods say now, if that was not known when it was decided."""
        if not action.unexplained:
            return action
        try:
            problem = self._adapters.workloads.readiness(self._wanted.candidate).problem
        except ClusterError:
            return action
        return action if problem is None else replace(action, reason=f"{action.reason}: {problem}", unexplained=False)

    def _let_go(self) -> None:
        """The traffic is back, so the autoscalers may follow the load again."""
        reporter = self._reporter
        leave_or_write_back(self._adapters, self._record.stored, reporter.status, reporter.event, self._cancelled)

    def _head_after(self, action: Abort) -> Head:
        now, head, attempt = self._adapters.now(), self._record.head, self._record.attempt
        if action.cause is Cause.INTERRUPTED:
            head = journal.interrupted(journal.begun(head, attempt), action.reason, journal.EXECUTOR, now)
        else:
            # A revision that completed before stays a way back, whatever kept it from being ready now.
            bad = action.cause in (Cause.CANDIDATE, Cause.OPERATOR) and attempt.kind != "rollback"
            head = journal.aborted(head, attempt, action.reason, now, quarantine=bad)
        gone = self._wanted.candidate if self._ramp.weight > 0 or attempt.steps else None
        old = self._ramp.old
        return head.model_copy(update={"leaving": leaving_with(head.leaving, gone, old)}) if old is not None else head

    def _write_end(self, head: Head) -> None:
        """The traffic is back; the same head is written until it stands."""
        deadline = self._adapters.now() + API_PATIENCE
        while True:
            try:
                self._record.end(head)
                break
            except ClusterError as error:
                if self._adapters.now() > deadline:
                    raise
                self._reporter.status(f"{self._wanted.service}: the end is not in the journal yet: {error}")
                self._adapters.pause(1.0)
        try:
            self._observer.ticks.flush()
        except ClusterError as error:  # the reason of the abort matters more
            self._reporter.event(f"{self._wanted.service}: the last ticks are not in the journal: {error}")

    def _see_in_force(self, where: str) -> str:
        gone = self._wanted.candidate
        try:
            InForce(self._adapters, self._wanted, gone).wait(self._cancelled)
            head = self._record.head
            kept = tuple(one for one in head.leaving if one.entry != gone.entry)
            self._record.end(head.model_copy(update={"leaving": kept}))
        except (ClusterError, LeaseLost) as error:
            return (
                f"the gateway accepted that {where}, but it was not seen in force ({error}); the next up waits for it"
            )
        self._take_out()
        return where

    def _take_out(self) -> None:
        """Take the candidate, which has no requests any more, out of the route."""
        ramp, adapters = self._ramp, self._adapters
        if ramp.serving is None:
            return
        rest = tuple((one, 0.0) for one in ramp.idle)
        whole, route = Split(((ramp.serving.backend, 100.0), *rest)), ramp.serving.route
        grace = self._wanted.analysis.error_grace
        try:
            retry_until(adapters, lambda: take_out(adapters, route, whole, ramp.known(), adapters.pause), grace)
        except (ClusterError, LeaseLost) as error:
            left = f"{self._wanted.candidate.entry} stays in the route without traffic, the next up takes it out"
            self._reporter.event(f"{self._wanted.service}: {left}: {error}")

    def _end_line(self, action: Abort, where: str) -> str:
        interrupted = action.cause is Cause.INTERRUPTED
        return end_line(
            self._wanted.service,
            self._wanted.candidate,
            self._ramp.weight,
            "interrupted" if interrupted else "aborted",
            f"{action.reason}; {where}",
        )
