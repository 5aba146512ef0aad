"""Tells the owner of an attempt that it was aborted, before its end is in the journal: a process that is killed in
between has told at least once."""

from __future__ import annotations

from slipway.release.rollout_inputs import RolloutInputs
from slipway.rollout.adapters import Adapters
from slipway.rollout.controller import Abort, Cause
from slipway.rollout.escalated import of_abort, with_counts
from slipway.rollout.executor.observer import Observer
from slipway.rollout.executor.ramp import Ramp
from slipway.rollout.record import AttemptRecord
from slipway.rollout.status import Reporter


class Escalating:
    """Of one attempt."""

    def __init__(
        self,
        adapters: Adapters,
        wanted: RolloutInputs,
        record: AttemptRecord,
        ramp: Ramp,
        observer: Observer,
        reporter: Reporter,
    ) -> None:
        self._adapters = adapters
        self._wanted = wanted
        self._record = record
        self._ramp = ramp
        self._observer = observer
        self._reporter = reporter

    def escalate(self, action: Abort, where: str, *, back: bool) -> None:
        """By the severity of the setting, as a page while the traffic is not back. What a person did is not escalated.
        Raises nothing: what is being ended must end."""
        escalations = self._adapters.escalations
        if escalations is None or action.cause in (Cause.INTERRUPTED, Cause.OPERATOR):
            return
        severity = escalations.route.abort if back else "page"
        if severity is None:
            return
        try:
            made = of_abort(
                self._wanted,
                self._record.attempt,
                action.reason,
                where,
                severity=severity,
                weight=self._ramp.weight,
                stack=self._adapters.stack,
                now=self._adapters.now(),
            )
            measure = self._observer.measure
            trouble = escalations.escalate(with_counts(made, measure.decision, measure.totals))
            told = trouble or f"escalated to {made.owner}, {made.id}"
        except Exception as error:
            told = f"it could not be escalated: {type(error).__name__}: {error}"
        self._reporter.event(f"{self._wanted.service}: {told}")
