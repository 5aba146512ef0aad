"""What the controller decides by: pods, route, analysis and the operator's intent, read anew at each look."""

from __future__ import annotations

import threading

from slipway.release.errors import ClusterError
from slipway.release.rollout_inputs import RolloutInputs
from slipway.rollout.adapters import Adapters
from slipway.rollout.analysis.types import Verdict
from slipway.rollout.controller import ControllerSettings, Observation
from slipway.rollout.executor.ramp import Ramp
from slipway.rollout.measurement.measure import Measure
from slipway.rollout.platforms.base import Intent
from slipway.rollout.process.sharing import recent
from slipway.rollout.record import AttemptRecord
from slipway.rollout.status import Reporter
from slipway.rollout.ticks import TickLog
from slipway.rollout.traffic.serving_side import ServingSide
from slipway.rollout.traffic.shares import copy_problem, missing_share, share_problem
from slipway.rollout.traffic.transition import accept_within


class Observer:
    """Looks at one attempt, and records what is measured in its ticks and steps."""

    def __init__(
        self,
        adapters: Adapters,
        wanted: RolloutInputs,
        record: AttemptRecord,
        ramp: Ramp,
        settings: ControllerSettings,
        reporter: Reporter,
        cancelled: threading.Event,
    ) -> None:
        if adapters.source is None:
            raise ClusterError("a rollout needs a metrics source")
        self._adapters = adapters
        self._wanted = wanted
        self._record = record
        self._ramp = ramp
        self._judged = settings.judged
        self._reporter = reporter
        self._cancelled = cancelled
        self._recent = recent(wanted.analysis.tick)
        self._side = None
        if ramp.old is not None:
            self._side = ServingSide(adapters.workloads, ramp.old, adapters.now, self._recent)
        self.measure = Measure(adapters.source, wanted, ramp.old, adapters.now())
        self.ticks = TickLog(adapters.journal, record.attempt.id, settings.error_grace, adapters.now)
        self._looked = 0.0
        self._intent: Intent | None = None
        """An intent that was read and not yet acted on."""
        self._said: tuple[int, int, bool] | None = None
        """The state of the serving side that was reported last."""

    @property
    def note(self) -> str:
        """What the serving version lacks; empty when nothing."""
        return self._side.note if self._side is not None else ""

    def look(self, now: float, *, smoke: str | None, reached: str | None) -> Observation:
        """Everything as it is at `now`; `smoke` and `reached` as in Observation. Raises ClusterError."""
        readiness = self._adapters.workloads.readiness(self._wanted.candidate, self._recent)
        self.tick(now)
        foreign = self._ramp.watch.foreign(self._recent)
        live = self._ramp.watch.live
        self._read_intent()
        self._look_at_serving()
        measure, intent = self.measure, self._intent
        said = f"{intent.by}: {intent.reason}" if intent is not None and intent.reason else ""
        return Observation(
            now=now,
            ready=min(readiness.ready, readiness.endpoints_ready),
            fatal=readiness.problem if readiness.fatal else None,
            hint=readiness.problem or "",
            accepted=live is not None and live.accepted,
            route_problem=live.problem if live is not None else "",
            accept_within=accept_within(live),
            smoke=smoke,
            decision=measure.decision,
            source_error=measure.error,
            on_inconclusive=measure.policy("inconclusive"),
            on_error=measure.policy("error"),
            share_problem=self._share_problem(),
            unanswered=self._unanswered(),
            serving_dead_for=self._side.dead_for if self._side is not None else 0.0,
            reached=reached,
            foreign=foreign,
            intent=intent.action if intent is not None else None,
            scope=intent.scope if intent is not None else "step",
            by=said or (intent.by if intent is not None else ""),
            cancelled=self._cancelled.is_set(),
        )

    def tick(self, now: float) -> None:
        """Measure and record a tick, if one is due."""
        if self._record.attempt.kind == "rollback" or (self._ramp.weight <= 0 and self._ramp.old is None):
            return
        if now - self._looked < self._wanted.analysis.tick * 0.9:
            return
        self._looked = now
        copied = self._ramp.mirror.percent if self._ramp.mirror is not None else 0.0
        record = self.measure.look(now, self._ramp.weight, copied)
        if record is not None:
            self.ticks.add(record)

    def forget_intent(self) -> None:
        """The intent of the last look was acted on."""
        self._intent = None

    def close_step(self, verdict: Verdict) -> None:
        """Put counts and verdict of the current step into the record."""
        counts = self.measure.counts_of_step()
        self._record.end_step(ended=self._adapters.now(), verdict=verdict.value, **counts)

    def _look_at_serving(self) -> None:
        if self._side is None or self._record.attempt.kind == "rollback":
            return
        self._side.look(self.measure.totals)
        if self._side.note and self._side.state != self._said:
            self._said = self._side.state
            self._record.note(self._side.note)
            self._reporter.event(f"{self._wanted.service}: {self._side.note}")

    def _share_problem(self) -> str | None:
        if not self._judged:
            return None
        totals = self.measure.totals
        if self._ramp.mirror is not None:
            return copy_problem(self._ramp.mirror.percent, totals.candidate, totals.baseline)
        sticky = self._wanted.route.affinity is not None
        return share_problem(self._ramp.weight, totals.candidate, totals.baseline, sticky=sticky)

    def _unanswered(self) -> str | None:
        """Clients that stick to a side have no share of requests to go by."""
        blind = not self._wanted.metrics.data_plane.sees_no_answer
        if not self._judged or not blind or self._wanted.route.affinity is not None:
            return None
        return missing_share(self._ramp.weight, self.measure.totals.candidate, self.measure.totals.baseline)

    def _read_intent(self) -> None:
        """An intent counts as heard only once the journal says so; until then it is read again."""
        intent = self._adapters.intents.read(self._recent)
        if intent is None or intent.rollout_id != self._record.attempt.id:
            return
        if intent.id != self._record.attempt.acknowledged:
            self._record.acknowledge(intent.id)
            self._reporter.event(f"{intent.action} by {intent.by}: {intent.reason or 'no reason given'}")
            self._intent = intent
