"""The loop of one rollout: look, let the controller decide, perform, write the journal."""

from __future__ import annotations

import math
import threading

from slipway.release.errors import ClusterError, Conflict, LeaseLost, RolloutAborted, SlipwayError
from slipway.release.manifest.plan import Kind, PlannedStep
from slipway.release.records import journal
from slipway.release.records.journal import Attempt, Head, Serving
from slipway.release.rollout_inputs import Backend, RolloutInputs
from slipway.release.units import Percent, show_seconds
from slipway.rollout.adapters import Adapters
from slipway.rollout.analysis.types import Verdict
from slipway.rollout.controller import (
    Abort,
    Action,
    Cause,
    Commit,
    ControllerSettings,
    ControllerState,
    Observation,
    Phase,
    Prepare,
    Reach,
    Shift,
    Smoke,
    Wait,
    needed,
    next_action,
    resumed,
)
from slipway.rollout.measurement.measure import Measure
from slipway.rollout.platforms.base import Intent
from slipway.rollout.process.crowd import IN_FLIGHT
from slipway.rollout.process.sharing import recent
from slipway.rollout.record import AttemptRecord, Stored, leaving_with
from slipway.rollout.retrying import retry_until
from slipway.rollout.routers.base import Split
from slipway.rollout.status import Progress, Reporter
from slipway.rollout.ticks import TickLog
from slipway.rollout.traffic.affinity import draw_for
from slipway.rollout.traffic.in_force import InForce
from slipway.rollout.traffic.joined import PROMPT, Joined, NotKnownYet
from slipway.rollout.traffic.reach import reach
from slipway.rollout.traffic.restore import API_PATIENCE, put_back
from slipway.rollout.traffic.route_watch import RouteWatch
from slipway.rollout.traffic.serving_side import ServingSide
from slipway.rollout.traffic.shares import share_problem
from slipway.rollout.traffic.smoke_step import open_preview, smoke
from slipway.rollout.traffic.transition import accept_within, move, take_out

REST = 0.1
"""Of the time between two looks that passes without one, however long a look takes."""
LOOK_EVERY, BUSY_EVERY = 1.0, 2.0
"""Seconds between two looks at most, and while looks take half of that time: then the process is busy."""
POLL = 0.25
"""Seconds between looks while nothing is measured: readiness and acceptance are awaited this often."""


def rules_of(wanted: RolloutInputs, kind: Kind) -> ControllerSettings:
    """The controller's settings for this kind of rollout."""
    strategy = wanted.strategy
    forward_blue_green = kind == "forward" and strategy.kind == "blue-green"
    return ControllerSettings(
        steps=wanted.plan(kind),
        replicas=wanted.candidate.replicas,
        ready_within=wanted.candidate.ready_within,
        dwell=0.0 if kind == "rollback" else wanted.analysis.dwell,
        horizon=wanted.analysis.horizon,
        error_grace=wanted.analysis.error_grace,
        smoke=forward_blue_green and strategy.kind == "blue-green" and bool(strategy.smoke),
        judged=_judged(wanted, kind),
        reach=kind == "first" and wanted.gateway_url is not None,
    )


def _judged(wanted: RolloutInputs, kind: Kind) -> bool:
    if kind != "first":
        return kind == "forward"
    return any(guardrail.limits.objective is not None for guardrail in wanted.guardrails)


def pause_after(took: float, wanted: float, *, crowded: bool = False) -> float:
    """Seconds until the next look, when this one took so many and they are `wanted` every so many. Where a process
    carries many rollouts they look no more often than once in `LOOK_EVERY`, and not twice in one tick."""
    usual = min(BUSY_EVERY, max(LOOK_EVERY, wanted)) if crowded else min(LOOK_EVERY, wanted)
    every = max(usual, min(BUSY_EVERY, wanted)) if took > usual / 2 else usual
    return max(REST * every, every - took)


class Executor:
    """Runs one attempt to its end: `run` returns when it is committed and raises RolloutAborted otherwise, or LeaseLost
    when another may write now."""

    def __init__(
        self,
        world: Adapters,
        wanted: RolloutInputs,
        attempt: Attempt,
        stored: Stored,
        reporter: Reporter,
        cancelled: threading.Event,
    ) -> None:
        if world.source is None:
            raise ClusterError("a rollout needs a metrics source")
        self._world = world
        self._wanted = wanted
        self._record = AttemptRecord(world, stored, attempt)
        self._reporter = reporter
        self._cancelled = cancelled
        self._rules = rules_of(wanted, attempt.kind)
        self._draw = draw_for(wanted, attempt, self._rules.steps)
        self._state = ControllerState(began=world.now())
        self._serving: Serving | None = stored.head.serving
        self._old: Backend | None = self._serving.backend if self._serving is not None else None
        taken = {wanted.candidate.entry, self._old.entry if self._old is not None else ""}
        self._idle = tuple(one for one in stored.head.leaving if one.entry not in taken)
        """What an earlier rollout left in the route without traffic, and nobody has seen without requests yet."""
        self._recent = recent(wanted.analysis.tick)
        self._side = None
        if self._old is not None:
            self._side = ServingSide(world.workloads, self._old, world.now, self._recent)
        self._measure = Measure(world.source, wanted, self._old, world.now())
        self._weight = 0.0
        self._shifted = -1
        """Index of the step whose weight was written last."""
        self._joined: Joined | None = None
        self._joining: float | None = None
        """When the join began."""
        self._watch = RouteWatch(world.router, world.fence)
        self._looked = 0.0
        self._smoke: str | None = None
        self._reached: str | None = None
        self._intent: Intent | None = None
        self._said: tuple[int, int, bool] | None = None
        """The state of the serving side that was said last."""
        self._unreachable: float | None = None
        self._blind: float | None = None
        """Since when no look succeeded; None while they do."""
        self._ticks = TickLog(world.journal, attempt.id, self._rules.error_grace, world.now)

    def run(self) -> Head:
        """Drive the rollout to its commit. Raises RolloutAborted or LeaseLost with one clear line."""
        with IN_FLIGHT.one():
            return self._run()

    def _run(self) -> Head:
        while True:
            try:
                action = self._step()
                self._unreachable = None
            except LeaseLost as error:
                raise LeaseLost(self._lost_words(str(error))) from None
            except Conflict as error:
                action = self._conflict(error)
            except NotKnownYet as error:
                action = self._not_yet(error)
            except ClusterError as error:
                action = self._tolerate(error)
            except Exception as error:
                action = Abort(Cause.ENVIRONMENT, f"the rollout failed by itself: {type(error).__name__}: {error}")
            if isinstance(action, Commit) or (isinstance(action, Abort) and self._stands()):
                return self._record.head
            if isinstance(action, Abort):
                self._abort(action)

    def _step(self) -> Action | None:
        self._world.fence.check()
        look = self._seen()
        before = self._state
        self._state, action = next_action(self._rules, before, look)
        try:
            self._perform(action, look)
        except SlipwayError:
            self._state = before  # It did not happen: decide again.
            raise
        self._intent = None
        return action if isinstance(action, Commit | Abort) else None

    def _tolerate(self, error: ClusterError) -> Action | None:
        """A cluster that does not answer for a moment stops nothing; one that stays away ends the rollout."""
        now = self._world.now()
        since = self._unreachable = self._unreachable if self._unreachable is not None else now
        if self._cancelled.is_set():
            return Abort(Cause.INTERRUPTED, "interrupted")
        if now - since > self._rules.error_grace:
            away = show_seconds(float(round(now - since)))
            return Abort(Cause.ENVIRONMENT, f"the cluster could not be used for {away}: {error}")
        self._show(f"waiting for the cluster: {error}")
        self._cancelled.wait(1.0)
        return None

    def _not_yet(self, error: NotKnownYet) -> Action | None:
        """The proxies are still to be told of the candidate."""
        if self._cancelled.is_set():
            return Abort(Cause.INTERRUPTED, "interrupted")
        if error.overdue:
            return Abort(Cause.ENVIRONMENT, str(error))
        self._show(str(error))
        return None

    def _conflict(self, error: Conflict) -> Action | None:
        """Somebody wrote between a read and a write: the next look says who, and what."""
        return self._tolerate(ClusterError(str(error)))

    def _stands(self) -> bool:
        """Whether a commit stands whose answer was lost: then nothing goes back."""
        deadline = self._world.now() + API_PATIENCE
        while True:
            try:
                return self._record.is_committed()
            except ClusterError:
                if self._world.now() > deadline:
                    return False
                self._world.pause(1.0)

    def _seen(self) -> Observation:
        """A look; the time in which none could be had is no time of the phase."""
        began = self._world.now()
        try:
            look = self._look()
        except ClusterError:
            self._blind = self._blind if self._blind is not None else began
            raise
        if self._blind is not None:
            self._state, self._blind = resumed(self._state, look.now - self._blind), None
        return look

    # -- looking -------------------------------------------------------------------------------------------

    def _look(self) -> Observation:
        now = self._world.now()
        if self._state.phase is Phase.READY:
            self._scale_candidate()
        readiness = self._world.workloads.readiness(self._wanted.candidate, self._recent)
        self._tick(now)
        foreign = self._watch.foreign(self._recent)
        live = self._watch.live
        self._read_intent()
        self._look_at_serving()
        measure, intent = self._measure, self._intent
        said = f"{intent.by}: {intent.reason}" if intent is not None and intent.reason else ""
        return Observation(
            now=now,
            ready=min(readiness.ready, readiness.endpoints_ready),
            fatal=readiness.problem if readiness.fatal else None,
            hint=readiness.problem or "",
            accepted=live is not None and live.accepted,
            route_problem=live.problem if live is not None else "",
            accept_within=accept_within(live),
            smoke=self._smoke,
            decision=measure.decision,
            source_error=measure.error,
            on_inconclusive=measure.policy("inconclusive"),
            on_error=measure.policy("error"),
            share_problem=self._share_problem(),
            serving_dead_for=self._side.dead_for if self._side is not None else 0.0,
            reached=self._reached,
            foreign=foreign,
            intent=intent.action if intent is not None else None,
            scope=intent.scope if intent is not None else "step",
            by=said or (intent.by if intent is not None else ""),
            cancelled=self._cancelled.is_set(),
        )

    def _tick(self, now: float) -> None:
        if self._record.attempt.kind == "rollback" or (self._weight <= 0 and self._old is None):
            return
        if now - self._looked < self._wanted.analysis.tick * 0.9:
            return
        self._looked = now
        record = self._measure.look(now, self._weight)
        if record is not None:
            self._ticks.add(record)

    def _look_at_serving(self) -> None:
        if self._side is None or self._record.attempt.kind == "rollback":
            return
        self._side.look(self._measure.totals)
        if self._side.note and self._side.state != self._said:
            self._said = self._side.state
            self._record.note(self._side.note)
            self._reporter.event(f"{self._wanted.service}: {self._side.note}")

    def _share_problem(self) -> str | None:
        if not self._rules.judged:
            return None
        totals = self._measure.totals
        sticky = self._wanted.route.affinity is not None
        return share_problem(self._weight, totals.candidate, totals.baseline, sticky=sticky)

    def _read_intent(self) -> None:
        """An intent counts as heard only once the journal says so; until then it is read again."""
        intent = self._world.intents.read(self._recent)
        if intent is None or intent.rollout_id != self._record.attempt.id:
            return
        if intent.id != self._record.attempt.acknowledged:
            self._record.acknowledge(intent.id)
            self._reporter.event(f"{intent.action} by {intent.by}: {intent.reason or 'no reason given'}")
            self._intent = intent

    # -- performing ----------------------------------------------------------------------------------------

    def _perform(self, action: Action, look: Observation) -> None:
        if isinstance(action, Wait):
            self._show(action.why, action.left)
            self._cancelled.wait(self._pause(look.now))
        elif isinstance(action, Smoke):
            self._reporter.status(f"{self._wanted.service}: smoke checks at 0%")
            split = self._split(0.0, preview=True)
            self._watch.writing(split)
            self._watch.wrote(open_preview(self._world, self._wanted, split, self._cancelled))
            self._smoke = smoke(self._world, self._wanted, self._cancelled)
        elif isinstance(action, Reach):
            self._reporter.status(f"{self._wanted.service}: a request through the gateway, before the commit")
            self._reached = reach(self._world, self._wanted)
            self._cancelled.wait(POLL)
        elif isinstance(action, Shift):
            self._shift(action.step)
        elif isinstance(action, Prepare):
            self._close_step(action.ended)
            self._prepare()
        elif isinstance(action, Commit):
            self._close_step(action.ended)
            self._ticks.flush()
            self._record.commit(self._wanted.route, self._old)

    def _pause(self, looked: float) -> float:
        """Seconds until the next look; the time that this one took counts, since `looked`."""
        took = self._world.now() - looked
        wanted = self._wanted.analysis.tick if self._state.phase is Phase.BAKE else POLL
        return pause_after(took, wanted, crowded=IN_FLIGHT.large)

    def _shift(self, step: PlannedStep) -> None:
        """Write the weight and record the step. Done again after a failure it goes on where it ended."""
        if self._shifted != self._state.index:
            self._write_weight(step)
        now = self._world.now()
        self._record.begin_step(self._state.index, step.weight, now)
        self._record.save()
        self._reporter.event(f"{self._wanted.service}: {step.weight:.4g}% to {self._name()}")

    def _write_weight(self, step: PlannedStep) -> None:
        world, route = self._world, self._wanted.route
        if self._old is not None and self._weight <= 0 and not self._watch.holds(self._split(step.weight)):
            self._join(self._old)
        self._tick(world.now())
        split = self._split(step.weight)
        if not self._watch.holds(split):  # an earlier try may have been done without an answer
            problem = self._watch.foreign()
            if problem is not None:
                raise Conflict(problem)
            live = self._watch.live
            self._watch.writing(split)
            self._watch.wrote(world.router.apply(route, split, live.version if live is not None else None))
        self._weight, self._shifted = step.weight, self._state.index
        self._measure.next_step(world.now())

    def _join(self, old: Backend) -> None:
        """The candidate is in the route at 0%, and every proxy knows it. Raises ClusterError until that is so."""
        world = self._world
        began = self._joining = self._joining if self._joining is not None else world.now()
        self._watch.writing(self._split(0.0))
        self._watch.wrote(move(world, self._wanted.route, self._split(0.0), self._known(), self._wait))
        if self._joined is None:
            prompt = world.now() - began < PROMPT
            hurry = prompt and self._record.attempt.kind == "rollback"
            self._joined = Joined(world, self._wanted.candidate, old, self._rules.error_grace, hurry=hurry)
        self._joined.wait(self._cancelled)

    def _wait(self, seconds: float) -> None:
        """Raises ClusterError at once when the rollout is interrupted, which ends what waits."""
        if self._cancelled.wait(seconds):
            raise ClusterError("interrupted")

    def _prepare(self) -> None:
        """The old replicas whose traffic has moved go first, so that there is never double capacity."""
        before = self._record.attempt.old_replicas
        if self._old is not None and before is not None:
            moved = (self._rules.steps[self._state.index - 1].replicas or 0) / self._rules.replicas
            self._world.workloads.scale(self._old, max(1, before - math.floor(moved * before)))
        self._scale_candidate()

    def _scale_candidate(self) -> None:
        candidate = self._wanted.candidate
        want = needed(self._rules, self._state)
        found = self._world.workloads.replicas(candidate)
        if 0 < found < want:  # 0 is a workload that is missing: readiness says so
            self._world.workloads.scale(candidate, want)

    def _known(self) -> list[Backend]:
        sides = [self._wanted.candidate] if self._old is None else [self._old, self._wanted.candidate]
        return [*sides, *self._idle]

    def _split(self, weight: Percent, *, preview: bool = False) -> Split:
        """Both stay in the route until after the commit, so that the way back is a change of weights only."""
        candidate = self._wanted.candidate
        strategy = self._wanted.strategy
        shown = strategy.preview if strategy.kind == "blue-green" and preview else None
        extra = (candidate, shown) if shown is not None else None
        if self._old is None:
            return Split.whole(candidate)
        idle = tuple((one, 0.0) for one in self._idle)
        return Split(((self._old, 100.0 - weight), (candidate, weight), *idle), extra, self._draw)

    def _close_step(self, verdict: Verdict) -> None:
        totals, decision = self._measure.totals, self._measure.decision
        self._record.end_step(
            ended=self._world.now(),
            requests=totals.candidate,
            errors=totals.candidate_bad,
            baseline_requests=totals.baseline,
            baseline_errors=totals.baseline_bad,
            verdict=verdict.value,
            reason=decision.reason if decision is not None else "",
            counted=totals.counted or None,
        )

    # -- the end without a commit --------------------------------------------------------------------------

    def _abort(self, action: Abort) -> None:
        """Put the traffic back, write the end, and raise RolloutAborted with what is true then."""
        failed = self._measure.decision is not None and self._measure.decision.verdict is Verdict.FAIL
        self._reporter.event(f"{self._wanted.service}: {action.reason}; traffic goes back")
        try:
            where = self._return_traffic(action)
        except LeaseLost as error:
            raise LeaseLost(self._lost_words(str(error))) from None
        except Exception as error:
            words = f"the traffic is not back yet: {error}; the watchdog of this rollout goes on trying"
            raise RolloutAborted(self._last_words(action, words)) from None
        self._close_step(Verdict.FAIL if failed else Verdict.INCONCLUSIVE)
        head = self._ended(action)
        self._write_end(head)
        if self._serving is not None:
            if any(one.entry == self._wanted.candidate.entry for one in head.leaving):
                where = self._see_in_force(where)
            else:
                self._take_out()
        refused = self._wanted.candidate.revision in head.quarantined
        raise RolloutAborted(self._last_words(action, where), quarantined=refused)

    def _ended(self, action: Abort) -> Head:
        now, head, attempt = self._world.now(), self._record.head, self._record.attempt
        if action.cause is Cause.INTERRUPTED:
            head = journal.interrupted(journal.begun(head, attempt), action.reason, journal.EXECUTOR, now)
        else:
            # A revision that completed here stays a way back, whatever kept it from being ready now.
            bad = action.cause in (Cause.CANDIDATE, Cause.OPERATOR) and attempt.kind != "rollback"
            head = journal.aborted(head, attempt, action.reason, now, quarantine=bad)
        gone = self._wanted.candidate if self._weight > 0 or attempt.steps else None
        old = self._old
        return head.model_copy(update={"leaving": leaving_with(head.leaving, gone, old)}) if old is not None else head

    def _write_end(self, head: Head) -> None:
        """The traffic is back; the same head is written until it stands."""
        deadline = self._world.now() + API_PATIENCE
        while True:
            try:
                self._record.end(head)
                break
            except ClusterError as error:
                if self._world.now() > deadline:
                    raise
                self._reporter.status(f"{self._wanted.service}: the end is not in the journal yet: {error}")
                self._world.pause(1.0)
        try:
            self._ticks.flush()
        except ClusterError as error:  # the reason of the abort matters more
            self._reporter.event(f"{self._wanted.service}: the last ticks are not in the journal: {error}")

    def _return_traffic(self, action: Abort) -> str:
        """Where all the traffic is, in words."""
        if self._serving is not None:
            self._weight_tried()
            put_back(self._world, self._serving, self._record.attempt, self._reporter.status, self._idle)
            if self._record.attempt.old_replicas is not None:
                self._world.workloads.scale(self._wanted.candidate, 1)
            old = self._serving.backend
            return f"all traffic is on {old.version} ({old.revision})"
        if action.cause in (Cause.CANDIDATE, Cause.OPERATOR):
            retry_until(self._world, self._world.router.delete, API_PATIENCE)
            return "there is no traffic"
        if self._weight > 0:
            return "its users stay on it, since it was not shown to be bad; the next up tries to complete it"
        return "there is no traffic"

    def _weight_tried(self) -> None:
        """A weight whose write was not answered may be in force."""
        if self._watch.tried is not None:
            self._weight = max([self._weight, *(share for side, share in self._watch.tried if side != self._old)])

    def _see_in_force(self, where: str) -> str:
        gone = self._wanted.candidate
        try:
            InForce(self._world, self._wanted, gone).wait(self._cancelled)
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
        """The candidate has no requests any more and leaves the route."""
        if self._serving is None:
            return
        rest = tuple((one, 0.0) for one in self._idle)
        whole, route, pause = Split(((self._serving.backend, 100.0), *rest)), self._serving.route, self._world.pause
        grace = self._rules.error_grace
        try:
            retry_until(self._world, lambda: take_out(self._world, route, whole, self._known(), pause), grace)
        except (ClusterError, LeaseLost) as error:
            left = f"{self._wanted.candidate.entry} stays in the route without traffic, the next up takes it out"
            self._reporter.event(f"{self._wanted.service}: {left}: {error}")

    # -- words ---------------------------------------------------------------------------------------------

    def _last_words(self, action: Abort, where: str) -> str:
        word = "interrupted" if action.cause is Cause.INTERRUPTED else "aborted"
        step = f" at {self._weight:.4g}%" if self._weight else " before any traffic"
        return f"{self._wanted.service} {self._name()} {word}{step}: {action.reason}; {where}"

    def _lost_words(self, why: str) -> str:
        return (
            f"{self._wanted.service} {self._name()}: this process may not write any more and has stopped at "
            f"{self._weight:.4g}% as it knew it: {why}; "
            f"`slipway status {self._wanted.service}` says where the traffic is"
        )

    def _show(self, why: str, left: float | None = None) -> None:
        notes = (self._side.note if self._side else "", self._record.attempt.caveat)
        progress = Progress(
            service=self._wanted.service,
            step=self._state.index + 1,
            steps=len(self._rules.steps),
            weight=self._weight,
            decision=self._measure.decision,
            why=why,
            left=left,
            caveat="; ".join(note for note in notes if note),
        )
        self._reporter.progress(progress)

    def _name(self) -> str:
        return f"{self._wanted.candidate.version} ({self._wanted.candidate.revision})"


def with_old_replicas(world: Adapters, attempt: Attempt, wanted: RolloutInputs, old: Backend | None) -> Attempt:
    """Record what the old workload is scaled back to, if this strategy scales it at all."""
    if old is None or attempt.kind != "forward" or wanted.strategy.kind != "rolling":
        return attempt
    return attempt.model_copy(update={"old_replicas": max(1, world.workloads.replicas(old))})
