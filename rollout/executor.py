"""The loop of one rollout: look, let the controller decide, perform, write the journal."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass
from typing import Protocol

from release.errors import ClusterError, Conflict, RolloutAborted
from release.plan import Kind, PlannedStep, planned_steps
from release.rollout_inputs import Backend, RolloutInputs
from rollout import journal
from rollout.analysis.types import Verdict
from rollout.controller import (
    Abort,
    Action,
    Cause,
    Commit,
    Look,
    Phase,
    Prepare,
    Rules,
    Shift,
    Smoke,
    State,
    Wait,
    needed,
    next_action,
)
from rollout.draw import draw_for
from rollout.journal import Attempt, Head, Serving, StepRecord
from rollout.measure import Measure
from rollout.restore import put_back
from rollout.routers.base import Live, Split
from rollout.shares import share_problem
from rollout.smoke_step import smoke
from rollout.status import status_line
from rollout.ticks import TickLog
from rollout.transition import move
from rollout.world import World

POLL = 0.25
"""Seconds between looks while nothing is measured: readiness and acceptance are awaited this often."""


class Reporter(Protocol):
    """Where progress goes: the resource's status line, and lines that stay."""

    def status(self, line: str) -> None:
        """Replace the status line."""
        ...

    def event(self, line: str) -> None:
        """Add a line that stays."""
        ...


@dataclass(slots=True)
class Stored:
    """The journal's head as this process wrote it last, with its resourceVersion."""

    head: Head
    version: str | None


def rules_of(wanted: RolloutInputs, kind: Kind) -> Rules:
    """The controller's settings for this kind of rollout."""
    strategy = wanted.strategy
    forward_blue_green = kind == "forward" and strategy.kind == "blue-green"
    return Rules(
        steps=planned_steps(strategy, wanted.candidate.replicas, kind),
        replicas=wanted.candidate.replicas,
        ready_within=wanted.candidate.ready_within,
        dwell=0.0 if kind == "return" else wanted.analysis.dwell,
        horizon=wanted.analysis.horizon,
        error_grace=wanted.analysis.error_grace,
        smoke=forward_blue_green and strategy.kind == "blue-green" and bool(strategy.smoke),
        judged=_judged(wanted, kind),
    )


def _judged(wanted: RolloutInputs, kind: Kind) -> bool:
    if kind != "first":
        return kind == "forward"
    return any(getattr(guardrail, "objective", None) is not None for guardrail in wanted.guardrails)


class Executor:
    """Runs one attempt to its end: `run` returns when it is committed and raises RolloutAborted otherwise."""

    def __init__(
        self,
        world: World,
        wanted: RolloutInputs,
        attempt: Attempt,
        stored: Stored,
        reporter: Reporter,
        cancelled: threading.Event,
        lease_lost: threading.Event,
    ) -> None:
        if world.source is None:
            raise ClusterError("a rollout needs a metrics source")
        self._world = world
        self._wanted = wanted
        self._attempt = attempt
        self._stored = stored
        self._reporter = reporter
        self._cancelled = cancelled
        self._lease_lost = lease_lost
        self._rules = rules_of(wanted, attempt.kind)
        self._draw = draw_for(wanted, attempt, self._rules.steps)
        self._state = State(began=world.now())
        self._serving: Serving | None = stored.head.serving
        old = self._serving.backend if self._serving is not None else None
        self._old: Backend | None = old
        self._measure = Measure(world.source, wanted, old, world.now())
        self._weight = 0.0
        self._live: Live | None = None
        self._looked = 0.0
        self._smoke: str | None = None
        self._intent: tuple[str | None, str] = (None, "")
        self._unreachable: float | None = None
        self._ticks = TickLog(world.journal, attempt.id, self._rules.error_grace, world.now)

    def run(self) -> Head:
        """Drive the rollout to its commit. Raises RolloutAborted with one clear line."""
        while True:
            try:
                action = self._step()
                self._unreachable = None
            except Conflict as error:
                action = Abort(Cause.ENVIRONMENT, f"somebody else wrote this rollout's state or route: {error}")
            except ClusterError as error:
                action = self._tolerate(error)
            if isinstance(action, Commit):
                return self._stored.head
            if isinstance(action, Abort):
                self._abort(action)

    def _step(self) -> Action | None:
        look = self._look()
        before = self._state
        self._state, action = next_action(self._rules, before, look)
        try:
            self._perform(action, look)
        except ClusterError:
            self._state = before  # It did not happen: decide again.
            raise
        self._intent = (None, "")
        return action if isinstance(action, Commit | Abort) else None

    def _tolerate(self, error: ClusterError) -> Action | None:
        """A cluster that does not answer for a moment stops nothing; one that stays away ends the rollout."""
        now = self._world.now()
        since = self._unreachable = self._unreachable if self._unreachable is not None else now
        if self._cancelled.is_set() or self._lease_lost.is_set():
            return Abort(Cause.LEASE if self._lease_lost.is_set() else Cause.INTERRUPTED, "interrupted")
        if now - since > self._rules.error_grace:
            return Abort(Cause.ENVIRONMENT, str(error))
        self._show(f"waiting for the cluster: {error}")
        self._cancelled.wait(1.0)
        return None

    # -- looking -------------------------------------------------------------------------------------------

    def _look(self) -> Look:
        now = self._world.now()
        if self._state.phase is Phase.READY:
            self._scale_candidate()
        readiness = self._world.workloads.readiness(self._wanted.candidate)
        self._tick(now)
        accepted = self._accepted()
        self._read_intent()
        measure = self._measure
        return Look(
            now=now,
            ready=min(readiness.ready, readiness.endpoints_ready),
            fatal=readiness.problem if readiness.fatal else None,
            hint=readiness.problem or "",
            accepted=accepted,
            route_problem=self._live.problem if self._live is not None else "",
            smoke=self._smoke,
            decision=measure.decision,
            source_error=measure.error,
            on_inconclusive=measure.policy("inconclusive"),
            on_error=measure.policy("error"),
            share_problem=self._share_problem(),
            intent=self._intent[0],
            by=self._intent[1],
            cancelled=self._cancelled.is_set(),
            lease_lost=self._lease_lost.is_set(),
        )

    def _tick(self, now: float) -> None:
        if self._attempt.kind == "return" or (self._weight <= 0 and self._old is None):
            return
        if now - self._looked < self._wanted.analysis.tick * 0.9:
            return
        self._looked = now
        record = self._measure.look(now, self._weight)
        if record is not None:
            self._ticks.add(record)

    def _accepted(self) -> bool:
        if self._state.phase is not Phase.SHIFT:
            return True
        self._live = self._world.router.read()
        return self._live is not None and self._live.accepted

    def _share_problem(self) -> str | None:
        if not self._rules.judged:
            return None
        totals = self._measure.totals
        sticky = self._wanted.route.affinity is not None
        return share_problem(self._weight, totals.candidate, totals.baseline, sticky=sticky)

    def _read_intent(self) -> None:
        intent = self._world.intents.read()
        if intent is None or intent.rollout_id != self._attempt.id or intent.id == self._attempt.acknowledged:
            return
        self._attempt = self._attempt.model_copy(update={"acknowledged": intent.id})
        self._save(journal.begun(self._stored.head, self._attempt))
        self._reporter.event(f"{intent.action} by {intent.by}: {intent.reason or 'no reason given'}")
        self._intent = (intent.action, f"{intent.by}: {intent.reason}" if intent.reason else intent.by)

    # -- performing ----------------------------------------------------------------------------------------

    def _perform(self, action: Action, look: Look) -> None:
        if isinstance(action, Wait):
            self._show(action.why)
            self._cancelled.wait(self._interval())
        elif isinstance(action, Smoke):
            self._reporter.status(f"{self._wanted.service}: smoke checks at 0%")
            self._smoke = smoke(self._world, self._wanted, self._split(0.0, preview=True), self._cancelled)
        elif isinstance(action, Shift):
            self._shift(action.step)
        elif isinstance(action, Prepare):
            self._close_step(action.ended, look)
            self._prepare()
        elif isinstance(action, Commit):
            self._close_step(action.ended, look)
            self._commit()

    def _interval(self) -> float:
        if self._state.phase is Phase.BAKE:
            return min(1.0, self._wanted.analysis.tick)
        return POLL

    def _shift(self, step: PlannedStep) -> None:
        if self._lease_lost.is_set():
            return
        world, route, known = self._world, self._wanted.route, self._known()
        if self._old is not None and self._weight <= 0:
            move(world, route, self._split(0.0), known, self._cancelled.wait)
        self._tick(world.now())
        live = world.router.read()
        self._live = world.router.apply(route, self._split(step.weight), live.version if live is not None else None)
        now = world.now()
        self._measure.next_step(now)
        self._record_step(StepRecord(weight=step.weight, began=now))
        self._weight = step.weight
        self._reporter.event(f"{self._wanted.service}: {step.weight:.4g}% to {self._name()}")

    def _prepare(self) -> None:
        """The old replicas whose traffic has moved go first, so that there is never double capacity."""
        if self._old is not None and self._attempt.old_replicas is not None:
            moved = (self._rules.steps[self._state.index - 1].replicas or 0) / self._rules.replicas
            left = max(1, self._attempt.old_replicas - math.floor(moved * self._attempt.old_replicas))
            self._world.workloads.scale(self._old, left)
        self._scale_candidate()

    def _scale_candidate(self) -> None:
        candidate = self._wanted.candidate
        want = needed(self._rules, self._state)
        found = self._world.workloads.replicas(candidate)
        if 0 < found < want:  # 0 is a workload that is missing: readiness says so
            self._world.workloads.scale(candidate, want)

    def _known(self) -> list[Backend]:
        return [self._wanted.candidate] if self._old is None else [self._old, self._wanted.candidate]

    def _split(self, weight: float, *, preview: bool = False) -> Split:
        """Both stay in the route until after the commit, so that the way back is a change of weights only."""
        candidate = self._wanted.candidate
        strategy = self._wanted.strategy
        shown = strategy.preview if strategy.kind == "blue-green" and preview else None
        extra = (candidate, shown) if shown is not None else None
        if self._old is None:
            return Split.whole(candidate)
        return Split(((self._old, 100.0 - weight), (candidate, weight)), extra, self._draw)

    # -- the journal ---------------------------------------------------------------------------------------

    def _record_step(self, record: StepRecord) -> None:
        self._attempt = self._attempt.model_copy(update={"steps": (*self._attempt.steps, record)})
        self._save(journal.begun(self._stored.head, self._attempt))

    def _close_step(self, verdict: Verdict, look: Look | None) -> None:
        if not self._attempt.steps:
            return
        totals = self._measure.totals
        decision = self._measure.decision
        last = self._attempt.steps[-1].model_copy(
            update={
                "ended": self._world.now(),
                "requests": totals.candidate,
                "errors": totals.candidate_bad,
                "baseline_requests": totals.baseline,
                "baseline_errors": totals.baseline_bad,
                "verdict": verdict.value,
                "reason": decision.reason if decision is not None else "",
                "counted": totals.counted or None,
            }
        )
        self._attempt = self._attempt.model_copy(update={"steps": (*self._attempt.steps[:-1], last)})

    def _save(self, head: Head) -> None:
        """A write whose answer was lost may have happened: what is there then tells."""
        try:
            self._stored.version = self._world.journal.save(head.to_json(), self._stored.version)
        except Conflict:
            stored = self._world.journal.load()
            if stored is None or journal.read_head(stored[0]) != head:
                raise
            self._stored.version = stored[1]
        self._stored.head = head

    def _commit(self) -> None:
        self._ticks.flush()
        now = self._world.now()
        self._save(journal.committed(self._stored.head, self._attempt, self._wanted.route, now))

    def _abort(self, action: Abort) -> None:
        failed = self._measure.decision is not None and self._measure.decision.verdict is Verdict.FAIL
        self._reporter.event(f"{self._wanted.service}: {action.reason}; traffic goes back")
        if action.cause is Cause.LEASE:
            raise RolloutAborted(action.reason)
        self._return_traffic(action)
        self._close_step(Verdict.FAIL if failed else Verdict.INCONCLUSIVE, None)
        now = self._world.now()
        if action.cause is Cause.INTERRUPTED:
            head = journal.begun(self._stored.head, self._attempt)
            head = journal.interrupted(head, action.reason, "executor", now)
        else:
            # A revision that completed here stays a way back, whatever kept it from being ready now.
            bad = action.cause in (Cause.CANDIDATE, Cause.OPERATOR) and self._attempt.kind != "return"
            head = journal.aborted(self._stored.head, self._attempt, action.reason, now, quarantine=bad)
        self._save(head)
        try:
            self._ticks.flush()
        except ClusterError as error:  # Why it was aborted is the word that counts.
            self._reporter.event(f"{self._wanted.service}: the last ticks are not in the journal: {error}")
        raise RolloutAborted(self._last_words(action))

    def _return_traffic(self, action: Abort) -> None:
        if self._serving is not None:
            put_back(self._world, self._serving, self._attempt, self._reporter.status, self._lease_lost)
            if self._attempt.old_replicas is not None:
                self._world.workloads.scale(self._wanted.candidate, 1)
        elif action.cause is not Cause.INTERRUPTED:
            self._world.router.delete()

    def _last_words(self, action: Abort) -> str:
        old = self._serving.backend if self._serving is not None else None
        where = f"all traffic is on {old.version} ({old.revision})" if old is not None else "there is no traffic"
        word = "interrupted" if action.cause is Cause.INTERRUPTED else "aborted"
        step = f" at {self._weight:.4g}%" if self._weight else " before any traffic"
        return f"{self._wanted.service} {self._name()} {word}{step}: {action.reason}; {where}"

    def _show(self, why: str) -> None:
        step = self._state.index + 1
        line = status_line(
            self._wanted.service,
            step,
            len(self._rules.steps),
            self._weight,
            self._measure.decision,
            why,
            self._attempt.caveat,
        )
        self._reporter.status(line)

    def _name(self) -> str:
        return f"{self._wanted.candidate.version} ({self._wanted.candidate.revision})"


def with_old_replicas(world: World, attempt: Attempt, wanted: RolloutInputs, old: Backend | None) -> Attempt:
    """Record what the old workload is scaled back to, if this strategy scales it at all."""
    if old is None or attempt.kind != "forward" or wanted.strategy.kind != "rolling":
        return attempt
    return attempt.model_copy(update={"old_replicas": max(1, world.workloads.replicas(old))})
