"""The loop of one rollout: observe, let the controller decide, act, write the journal."""

from __future__ import annotations

import threading

from slipway.release.errors import ClusterError, Conflict, LeaseLost
from slipway.release.manifest.plan import PlannedStep
from slipway.release.records.journal import Attempt, Head
from slipway.release.records.watch import watch_of
from slipway.release.rollout_inputs import RolloutInputs
from slipway.rollout.adapters import Adapters
from slipway.rollout.controller import (
    Abort,
    Action,
    Cause,
    Commit,
    Observation,
    Phase,
    Prepare,
    Reach,
    Shift,
    Smoke,
    Wait,
    needed,
)
from slipway.rollout.decisions import Decisions
from slipway.rollout.executor.observer import Observer
from slipway.rollout.executor.pacing import POLL, pause_after
from slipway.rollout.executor.ramp import Ramp
from slipway.rollout.executor.replicas import scale_candidate, scale_down_old
from slipway.rollout.executor.settings import settings_of
from slipway.rollout.executor.turning_back import TurningBack
from slipway.rollout.process.crowd import IN_FLIGHT
from slipway.rollout.record import AttemptRecord, Stored
from slipway.rollout.status import Progress, Reporter, lost_line
from slipway.rollout.traffic.adoption import external_problem
from slipway.rollout.traffic.floors import hold
from slipway.rollout.traffic.joined import NotKnownYet
from slipway.rollout.traffic.reach import reach
from slipway.rollout.traffic.restore import API_PATIENCE
from slipway.rollout.traffic.smoke_step import smoke


class Executor:
    """Runs one attempt to its end: `run` returns when it is committed and raises RolloutAborted otherwise, or LeaseLost
    when another may write now."""

    def __init__(
        self,
        adapters: Adapters,
        wanted: RolloutInputs,
        attempt: Attempt,
        stored: Stored,
        reporter: Reporter,
        cancelled: threading.Event,
    ) -> None:
        self._adapters = adapters
        self._wanted = wanted
        self._record = AttemptRecord(adapters, stored, attempt)
        self._reporter = reporter
        self._cancelled = cancelled
        self._settings = settings_of(wanted, attempt.kind, attempt.ready_before)
        self._decisions = Decisions(self._settings, adapters.now, cancelled)
        self._ramp = Ramp(adapters, wanted, attempt, stored, self._settings.steps, cancelled)
        self._observer = Observer(adapters, wanted, self._record, self._ramp, self._settings, reporter, cancelled)
        self._turning_back = TurningBack(
            adapters, wanted, self._record, self._ramp, self._observer, reporter, cancelled
        )
        self._smoke: str | None = None
        self._reached: str | None = None
        self._blind: float | None = None
        """Since when no look succeeded; None while they do."""

    def run(self) -> Head:
        """Drive the rollout to its commit. Raises RolloutAborted or LeaseLost with one clear line."""
        with IN_FLIGHT.one():
            return self._run()

    def _run(self) -> Head:
        while True:
            try:
                action = self._step()
            except LeaseLost as error:
                service, candidate = self._wanted.service, self._wanted.candidate
                raise LeaseLost(lost_line(service, candidate, self._ramp.weight, str(error))) from None
            except Conflict as error:
                action = self._conflict(error)
            except NotKnownYet as error:
                action = self._not_yet(error)
            except ClusterError as error:
                action = self._decisions.tolerate(error, self._show)
            except Exception as error:
                action = Abort(Cause.ENVIRONMENT, f"the rollout failed by itself: {type(error).__name__}: {error}")
            if isinstance(action, Commit) or (isinstance(action, Abort) and self._stands()):
                return self._record.head
            if isinstance(action, Abort):
                self._turning_back.run(action)

    def _step(self) -> Action | None:
        self._adapters.fence.check()
        seen = self._observe()
        end = self._decisions.take(seen, lambda action: self._perform(action, seen))
        self._observer.forget_intent()
        return end

    # -- what did not work this time ---------------------------------------------------------------------------

    def _not_yet(self, error: NotKnownYet) -> Action | None:
        """The proxies do not all know the candidate yet."""
        if self._cancelled.is_set():
            return Abort(Cause.INTERRUPTED, "interrupted")
        if error.overdue:
            return Abort(Cause.ENVIRONMENT, str(error))
        self._show(str(error))
        return None

    def _conflict(self, error: Conflict) -> Action | None:
        """Another wrote between a read and a write: the next look says who, and what."""
        return self._decisions.tolerate(ClusterError(str(error)), self._show)

    def _stands(self) -> bool:
        """Whether a commit stands whose answer was lost: then nothing goes back."""
        deadline = self._adapters.now() + API_PATIENCE
        while True:
            try:
                return self._record.is_committed()
            except ClusterError:
                if self._adapters.now() > deadline:
                    return False
                self._adapters.pause(1.0)

    # -- observing ---------------------------------------------------------------------------------------------

    def _observe(self) -> Observation:
        """A look; the time in which none was possible does not count as time of the phase."""
        began = self._adapters.now()
        try:
            seen = self._look()
        except ClusterError:
            self._blind = self._blind if self._blind is not None else began
            raise
        if self._blind is not None:
            self._decisions.pass_over(seen.now - self._blind)
            self._blind = None
        return seen

    def _look(self) -> Observation:
        now = self._adapters.now()
        if self._decisions.state.phase is Phase.READY:
            self._hold_floors()
            self._scale_candidate()
        return self._observer.look(now, smoke=self._smoke, reached=self._reached)

    # -- acting ------------------------------------------------------------------------------------------------

    def _perform(self, action: Action, seen: Observation) -> None:
        if isinstance(action, Wait):
            self._show(action.why, action.left)
            self._cancelled.wait(self._pause(seen.now))
        elif isinstance(action, Smoke):
            self._reporter.status(f"{self._wanted.service}: smoke checks at 0%")
            self._ramp.open_preview()
            self._smoke = smoke(self._adapters, self._wanted, self._cancelled)
        elif isinstance(action, Reach):
            self._reporter.status(f"{self._wanted.service}: a request through the gateway, before the commit")
            self._reached = reach(self._adapters, self._wanted)
            self._cancelled.wait(POLL)
        elif isinstance(action, Shift):
            self._shift(action.step)
        elif isinstance(action, Prepare):
            self._observer.close_step(action.ended)
            self._prepare()
        elif isinstance(action, Commit):
            self._observer.close_step(action.ended)
            self._observer.ticks.flush()
            self._commit()

    def _commit(self) -> None:
        """What stays on the standby as the hold-back of the watch does not leave the route."""
        attempt, old = self._record.attempt, self._ramp.old
        watch = watch_of(self._wanted, attempt.id, attempt.kind, self._adapters.now())
        held = old is not None and watch is not None and old.entry in watch.shares()
        template = self._adapters.workloads.readiness(attempt.candidate, max_age=POLL).template
        self._record.commit(self._wanted.route, None if held else old, watch, template)

    def _pause(self, looked: float) -> float:
        """Seconds until the next look; the time that this one took counts, since `looked`."""
        took = self._adapters.now() - looked
        wanted = self._wanted.analysis.tick if self._decisions.state.phase is Phase.BAKE else POLL
        return pause_after(took, wanted, crowded=IN_FLIGHT.large)

    def _shift(self, step: PlannedStep) -> None:
        """Write the weight and record the step. Done again after a failure it goes on where it ended."""
        index, now = self._decisions.state.index, self._adapters.now
        if self._ramp.shifted != index:
            if index == 0:
                self._check_external()
            self._ramp.join(step)
            self._observer.tick(now())
            self._ramp.write(index, step)
            self._observer.measure.next_step(now())
        self._record.begin_step(index, step, now())
        self._record.save()
        what = f"{step.weight:.4g}%" if step.mirror is None else str(step.mirror)
        self._reporter.event(f"{self._wanted.service}: {what} to {self._wanted.candidate.label}")

    def _check_external(self) -> None:
        """What something else declares may have come after the update began. Raises ClusterError."""
        problem = external_problem(self._adapters, self._wanted.candidate, self._ramp.old)
        if problem is not None:
            raise ClusterError(problem)

    def _prepare(self) -> None:
        """The old replicas whose traffic has moved go first, so that there is never double capacity."""
        before, old = self._record.attempt.old_replicas, self._ramp.old
        if old is not None and before is not None:
            moved = (self._settings.steps[self._decisions.state.index - 1].replicas or 0) / self._settings.replicas
            scale_down_old(self._adapters.workloads, old, before, moved)
        self._scale_candidate()

    def _hold_floors(self) -> None:
        """Before a weight: what serves keeps what it had at the beginning, the candidate what this step needs."""
        before = self._record.attempt.ready_before
        if before is not None:
            hold(self._adapters, self._ramp.old, before)
            hold(self._adapters, self._wanted.candidate, needed(self._settings, self._decisions.state))

    def _scale_candidate(self) -> None:
        if self._wanted.candidate.external and self._record.attempt.kind != "rollback":
            return  # What declares it says how many there are; replicas are added only for a way back.
        scale_candidate(self._adapters.workloads, self._wanted.candidate, needed(self._settings, self._decisions.state))

    def _show(self, why: str, left: float | None = None) -> None:
        copies = f"{self._ramp.mirror}, no user is on it" if self._ramp.copying else ""
        notes = (copies, self._observer.note, self._record.attempt.caveat)
        progress = Progress(
            service=self._wanted.service,
            step=self._decisions.state.index + 1,
            steps=len(self._settings.steps),
            weight=self._ramp.weight,
            decision=self._observer.measure.decision,
            why=why,
            left=left,
            caveat="; ".join(note for note in notes if note),
        )
        self._reporter.progress(progress)
