"""The loop of one exposure: look, let the controller decide, perform, write the journal."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from slipway.release.errors import ClusterError, Conflict, LeaseLost, RolloutAborted
from slipway.release.flags.attempts import Exposing
from slipway.release.flags.journal import Author, Change, Head, after_change, after_exposure
from slipway.release.records.journal import Outcome
from slipway.release.units import Percent
from slipway.rollout.analysis.types import Verdict
from slipway.rollout.controller import (
    Abort,
    Action,
    Cause,
    Commit,
    ControllerSettings,
    Observation,
    Phase,
    Prepare,
    Shift,
    Wait,
)
from slipway.rollout.decisions import Decisions
from slipway.rollout.escalated import of_kill, with_counts
from slipway.rollout.exposure.adapters import ExposureAdapters
from slipway.rollout.exposure.kill import kill_of
from slipway.rollout.exposure.record import ExposureRecord, Stored
from slipway.rollout.exposure.seen_off import see_off
from slipway.rollout.exposure.share import exposure_problem
from slipway.rollout.exposure.turning_back import turned_back
from slipway.rollout.exposure.wanted import Wanted
from slipway.rollout.measurement.measure import Measure
from slipway.rollout.status import Progress, Reporter
from slipway.rollout.ticks import TickLog
from slipway.rollout.traffic.restore import API_PATIENCE

T = TypeVar("T")
LOOK_EVERY = 1.0
"""Seconds between two looks at most."""
POLL = 0.25
"""Seconds between looks while nothing is measured."""
SETTLED = 5.0
"""Seconds of a step after which its measured share is compared with the exposure: clients have the document by then."""


def rules_of(wanted: Wanted) -> ControllerSettings:
    """The controller's settings. A variant runs nowhere of its own, so nothing has to become ready."""
    return ControllerSettings(
        steps=wanted.steps,
        replicas=1,
        ready_within=0.0,
        dwell=wanted.analysis.dwell,
        horizon=wanted.analysis.horizon,
        error_grace=wanted.analysis.error_grace,
        smoke=False,
    )


class ExposureRun:
    """Runs one exposure to its end: `run` returns when every step has passed, and raises RolloutAborted otherwise, or
    LeaseLost when another may write now."""

    def __init__(
        self,
        adapters: ExposureAdapters,
        wanted: Wanted,
        exposing: Exposing,
        stored: Stored,
        reporter: Reporter,
        cancelled: threading.Event,
    ) -> None:
        if adapters.meter is None:
            raise ClusterError("an exposure needs a metrics source")
        self._adapters = adapters
        self._wanted = wanted
        self._record = ExposureRecord(adapters, stored, exposing)
        self._reporter = reporter
        self._cancelled = cancelled
        self._rules = rules_of(wanted)
        self._decisions = Decisions(self._rules, adapters.now, cancelled)
        self._measure = Measure(adapters.meter, wanted, wanted.baseline, adapters.now())
        self._ticks = TickLog(adapters.journal, exposing.id, self._rules.error_grace, adapters.now)
        self._percent = exposing.base
        self._tried: Percent | None = None
        """A percentage whose write was not answered."""
        self._shifted = -1
        self._step_began = adapters.now()
        self._looked = 0.0

    def run(self) -> Exposing:
        """Drive the exposure to its last step."""
        while True:
            try:
                action = self._step()
            except LeaseLost as error:
                raise LeaseLost(self._lost_words(str(error))) from None
            except ClusterError as error:
                action = self._decisions.tolerate(error, self._show)
            except Exception as error:
                action = Abort(Cause.ENVIRONMENT, f"the exposure failed by itself: {type(error).__name__}: {error}")
            if isinstance(action, Commit):
                return self._record.exposing
            if isinstance(action, Abort):
                self._abort(action)

    def _step(self) -> Action | None:
        self._adapters.fence.check()
        return self._decisions.take(self._look(), self._perform)

    # -- looking -------------------------------------------------------------------------------------------

    def _look(self) -> Observation:
        now = self._adapters.now()
        head = self._adapters.flags.load()
        killed = head.killed(self._wanted.flag)
        self._tick(now)
        measure = self._measure
        pending = self._adapters.flags.pending() if self._decisions.state.phase is Phase.SHIFT else None
        checked, problem = self._exposure_check(now)
        return Observation(
            now=now,
            ready=1,
            accepted=pending is None,
            route_problem=pending or "",
            decision=measure.decision,
            source_error=measure.error or (problem if checked else None),
            share_problem=problem,
            on_inconclusive=measure.policy("inconclusive"),
            on_error=measure.policy("error") if measure.error else "abort",
            intent="abort" if killed is not None else None,
            by=f"{killed.by}: {killed.reason}" if killed is not None else "",
            foreign=None if killed is not None else self._foreign(head),
            cancelled=self._cancelled.is_set(),
        )

    def _tick(self, now: float) -> None:
        if now - self._looked < self._wanted.analysis.tick * 0.9:
            return
        self._looked = now
        record = self._measure.look(now, self._percent)
        if record is not None:
            self._ticks.add(record)

    def _foreign(self, head: Head) -> str | None:
        """Whether another wrote the exposure since this process did; what it tried last may stand."""
        found = self._in_journal(head)
        if found in (self._percent, self._tried):
            return None
        return f"another writer set the exposure to {found:.4g}%, it was {self._percent:.4g}%"

    def _in_journal(self, head: Head) -> Percent:
        """The percentage of this rollout in the journal of the flags."""
        reached = head.reached.get(self._wanted.flag)
        return reached.percent if reached is not None else 0.0

    def _exposure_check(self, now: float) -> tuple[bool, str | None]:
        """Whether the measured share can be judged yet, and what is wrong with it: until it can be, nothing passes, and
        from then on it is an error."""
        if self._decisions.state.phase is not Phase.BAKE:
            return False, None
        if now - self._step_began < SETTLED:
            return False, "the measured share of the variant is not judged yet"
        totals = self._measure.totals
        problem = exposure_problem(
            self._percent, totals.candidate, totals.baseline, self._wanted.clients, targeted=self._wanted.targeted
        )
        return True, f"exposure check: {problem}" if problem is not None else None

    # -- performing ----------------------------------------------------------------------------------------

    def _perform(self, action: Action) -> None:
        if isinstance(action, Wait):
            self._show(action.why, action.left)
            baking = self._decisions.state.phase is Phase.BAKE
            self._cancelled.wait(min(LOOK_EVERY, self._wanted.analysis.tick) if baking else POLL)
        elif isinstance(action, Shift):
            self._expose(action.step.weight)
        elif isinstance(action, Prepare):
            self._close_step(action.ended)
        elif isinstance(action, Commit):
            self._close_step(action.ended)
            self._ticks.flush()
            self._patiently(lambda: self._record.end(Outcome.COMMITTED, "", self._adapters.now()))

    def _expose(self, percent: Percent) -> None:
        """Write the percentage. Done again after a failure it goes on where it ended."""
        if self._shifted == self._decisions.state.index:
            return
        now = self._adapters.now()
        self._tick(now)
        self._record.begin_step(self._decisions.state.index, percent, now)
        self._record.save()
        self._tried = percent
        self._adapters.flags.change(lambda head: self._raised(head, percent))
        self._percent, self._shifted, self._tried = percent, self._decisions.state.index, None
        self._step_began = self._adapters.now()
        self._measure.next_step(self._step_began)
        self._reporter.event(f"{self._wanted.flag}: {percent:.4g}% get {self._wanted.variant}")

    def _raised(self, head: Head, percent: Percent) -> Head:
        """The next head of the flags' journal, asked under compare-and-swap: no other writer may have moved the
        exposure, and this process must still be the one that may."""
        self._adapters.fence.check()
        if (killed := head.killed(self._wanted.flag)) is not None:  # The next look sees it too.
            raise Conflict(f"{self._wanted.flag} was killed by {killed.by}")
        if (problem := self._foreign(head)) is not None:
            raise LeaseLost(problem)
        return after_exposure(head, self._wanted.flag, percent, self._record.exposing.salt, self._author())

    def _author(self, reason: str = "") -> Author:
        exposing = self._record.exposing
        text = reason or f"exposure {exposing.id}"
        return Author(by=self._adapters.stack or "exposure", at=self._adapters.now(), reason=text)

    def _close_step(self, verdict: Verdict) -> None:
        counts = self._measure.counts_of_step()
        self._record.end_step(ended=self._adapters.now(), verdict=verdict.value, **counts)

    # -- the end without a commit --------------------------------------------------------------------------

    def _abort(self, action: Abort) -> None:
        """Kill the flag, or turn its exposure back, write the end, and raise RolloutAborted with what is true then."""
        if not self._record.exposing.running:  # It has passed: there is nothing to go back from.
            words = f"every step has passed, but that is not in the journal: {action.reason}"
            raise RolloutAborted(f"exposure of {self._wanted.flag}: {words}")
        self._reporter.event(f"{self._wanted.flag}: {action.reason}; {self._what(action)}")
        try:
            where = self._leave(action)
        except LeaseLost as error:
            raise LeaseLost(self._lost_words(str(error))) from None
        except Exception as error:
            words = f"the flag is not off yet: {error}; the watchdog of this exposure goes on trying"
            raise RolloutAborted(self._last_words(action, words)) from None
        failed = self._measure.decision is not None and self._measure.decision.verdict is Verdict.FAIL
        self._close_step(Verdict.FAIL if failed else Verdict.INCONCLUSIVE)
        outcome = Outcome.INTERRUPTED if action.cause is Cause.INTERRUPTED else Outcome.ABORTED
        self._patiently(lambda: self._record.end(outcome, action.reason, self._adapters.now()))
        try:
            self._ticks.flush()
        except ClusterError as error:  # the reason of the abort matters more
            self._reporter.event(f"{self._wanted.flag}: the last ticks are not in the journal: {error}")
        if action.cause is Cause.CANDIDATE:
            where = f"{where}; {see_off(self._adapters, self._wanted)}"
        raise RolloutAborted(self._last_words(action, where), quarantined=action.cause is Cause.CANDIDATE)

    def _what(self, action: Abort) -> str:
        if action.cause is Cause.OPERATOR:
            return "it is off"
        return "it is killed" if action.cause is Cause.CANDIDATE else f"back to {self._record.exposing.base:.4g}%"

    def _leave(self, action: Abort) -> str:
        """What the flag is afterwards, in words."""
        flag, exposing = self._wanted.flag, self._record.exposing
        if action.cause is Cause.CANDIDATE:
            decision = self._measure.decision
            change = kill_of(exposing, self._percent, action.reason, decision, self._adapters.now())
            self._patiently(lambda: self._adapters.flags.change(lambda head: after_change(head, change)))
            where = f"{flag} is off for all users until `slipway resume {flag}`"
            self._escalate(change, where)
            return where
        if action.cause is Cause.OPERATOR:
            return f"{flag} is off for all users"
        self._patiently(lambda: self._adapters.flags.change(self._turned_back))
        return f"{flag} is back at {exposing.base:.4g}%"

    def _escalate(self, change: Change, where: str) -> None:
        """Tell the flag's owner. Raises nothing: what is being ended must end."""
        escalations, wanted, exposing = self._adapters.escalations, self._wanted, self._record.exposing
        if escalations is None:
            return
        try:
            made = of_kill(
                change,
                wanted.owner,
                where,
                severity=escalations.route.kill,
                since=exposing.began,
                stack=self._adapters.stack,
            )
            trouble = escalations.escalate(with_counts(made, self._measure.decision, self._measure.totals))
            told = trouble or f"escalated to {made.owner}, {made.id}"
        except Exception as error:
            told = f"the kill could not be escalated: {type(error).__name__}: {error}"
        self._reporter.event(f"{wanted.flag}: {told}")

    def _turned_back(self, head: Head) -> Head:
        exposing = self._record.exposing
        return turned_back(head, exposing, self._author(f"exposure {exposing.id} ended without a verdict"))

    def _patiently(self, do: Callable[[], T]) -> T:
        """What was decided is done again until the cluster answers. Raises the last ClusterError."""
        deadline = self._adapters.now() + API_PATIENCE
        while True:
            try:
                self._adapters.fence.check()
                return do()
            except ClusterError as error:
                if self._adapters.now() > deadline:
                    raise
                self._reporter.status(f"{self._wanted.flag}: not written yet: {error}")
                self._adapters.pause(LOOK_EVERY)

    # -- words ---------------------------------------------------------------------------------------------

    def _last_words(self, action: Abort, where: str) -> str:
        word = "interrupted" if action.cause is Cause.INTERRUPTED else "stopped"
        step = f" at {self._percent:.4g}%" if self._percent else " before anybody got it"
        return f"exposure of {self._wanted.flag} {word}{step}: {action.reason}; {where}"

    def _lost_words(self, why: str) -> str:
        return (
            f"exposure of {self._wanted.flag}: this process may not write any more and has stopped at "
            f"{self._percent:.4g}% as it knew it: {why}"
        )

    def _show(self, why: str, left: float | None = None) -> None:
        progress = Progress(
            service=self._wanted.flag,
            step=self._decisions.state.index + 1,
            steps=len(self._rules.steps),
            weight=self._percent,
            decision=self._measure.decision,
            why=why,
            left=left,
            caveat=self._record.exposing.caveat,
        )
        self._reporter.progress(progress)
