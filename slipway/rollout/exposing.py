"""What the provider's methods do for the exposure of a flag, free of the protocol: check, diff, plan, update, read."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from slipway.release.errors import ClusterError, InputError, Problem, ReleaseRefused
from slipway.release.escalation.outbox import Closed
from slipway.release.flags.attempts import Exposing, ExposureHead, begun
from slipway.release.flags.exposure_inputs import ExposureInputs
from slipway.release.flags.journal import Head
from slipway.release.flags.queries import SET_THIS
from slipway.release.flags.rules import problems_of_flag
from slipway.release.manifest.document import show_location
from slipway.release.records.journal import Outcome
from slipway.rollout.analysis.foresight import foresee
from slipway.rollout.analysis.foresight_text import render
from slipway.rollout.exposure.adapters import ExposureAdapters
from slipway.rollout.exposure.assemble import place_of
from slipway.rollout.exposure.course import Course, course_of, kept_off, pending_reason
from slipway.rollout.exposure.meter import VariantMeter
from slipway.rollout.exposure.record import Stored, load
from slipway.rollout.exposure.record import save as save_head
from slipway.rollout.exposure.run import ExposureRun
from slipway.rollout.exposure.turning_back import turn_back
from slipway.rollout.exposure.wanted import Wanted
from slipway.rollout.retrying import retry_while_away
from slipway.rollout.safety.heartbeat import hold_lease
from slipway.rollout.safety.watchdog import new_rollout_id
from slipway.rollout.safety.watchdog_process import Guard, guards
from slipway.rollout.status import Reporter

T = TypeVar("T")
READ_WITHIN = 20.0
"""Seconds for which an API server that is away is asked again, where nothing is in flight yet."""
STEPS_KEPT = 50


def parse(inputs: Mapping[str, Any]) -> ExposureInputs:
    """Raises InputError that lists every problem with its property path."""
    try:
        found = ExposureInputs.model_validate(dict(inputs))
    except ValidationError as error:
        problems = [
            Problem(".".join(map(str, item["loc"])), item["msg"], "Declare the exposure from the file of flags")
            for item in error.errors()
        ]
        raise InputError("FlagExposure", problems) from None
    problems = [
        Problem(f"definition.{show_location(one.at)}", one.message, one.remedy)
        for one in problems_of_flag(found.definition, ())
        if one.at[:1] != ("targeting",)  # its named rules are not here; the FlagSet has judged it
    ]
    if not found.definition.is_guarded:
        problems.append(
            Problem("definition", "has no exposure with guardrails", "Declare both, or leave the FlagExposure out")
        )
    if problems:
        raise InputError("FlagExposure", problems)
    return found


def wanted_of(inputs: ExposureInputs) -> Wanted:
    """What these inputs are to reach."""
    return Wanted.of(inputs.flag, inputs.definition)


def killed_line(inputs: ExposureInputs, adapters: ExposureAdapters) -> str | None:
    """That the flag is off since an operator or the guard killed it; None when it was not. Raises ClusterError."""
    killed = _patiently(adapters, adapters.flags.load).killed(inputs.flag)
    return kept_off(killed, adapters.now()) if killed is not None else None


def pending(inputs: ExposureInputs, adapters: ExposureAdapters) -> str | None:
    """Why an update is due although the inputs have not changed. Raises ClusterError."""
    head, stored = _read(adapters)
    return pending_reason(wanted_of(inputs), head, stored.head)


def refused(inputs: ExposureInputs, adapters: ExposureAdapters) -> str | None:
    """Why this exposure may not grow now. Raises ClusterError where the cluster does not answer; a metrics system that
    does not is another matter."""
    wanted = wanted_of(inputs)
    head, stored = _read(adapters)
    return untold(wanted, adapters) if course_of(wanted, head, stored.head).due else None


def untold(wanted: Wanted, adapters: ExposureAdapters) -> str | None:
    """Why the variants cannot be told apart in the metrics; None when they can, or when the metrics do not answer."""
    if not isinstance(adapters.meter, VariantMeter):
        return None
    with contextlib.suppress(ClusterError):
        missing = adapters.meter.missing(wanted.guardrails, wanted.baseline)
        if missing:
            return (
                f"the variants of {wanted.flag} cannot be told apart: {', '.join(missing)} gave no series of the "
                f"variant {wanted.off}, which is in use now; {SET_THIS}, and release that before the exposure"
            )
    return None


def plan(inputs: ExposureInputs, adapters: ExposureAdapters) -> tuple[str, ...]:
    """What `up` would do and what each step will be able to notice, for the preview; reads only."""
    wanted = wanted_of(inputs)
    head, stored = _read(adapters)
    course = course_of(wanted, head, stored.head)
    if course.killed is not None:
        return (kept_off(course.killed, adapters.now()),)
    if not course.due:
        return (f"{course.base:.4g}% get {wanted.variant} already, no rollout",)
    ahead = wanted.beyond(course.base)
    repair = "turn back what was interrupted first; " if course.repair is not None else ""
    line = f"{repair}{course.base:.4g}% -> {wanted.percent:.4g}%, {ahead.describe()}"
    caveat = wanted.caveat()
    seen = foresee(wanted.guardrails, wanted.analysis, ahead.steps, stickiness=caveat)
    return (line, *render(seen))


def outputs_of(inputs: ExposureInputs, head: Head, exposures: ExposureHead) -> dict[str, Any]:
    """The inputs, how many get the variant now, and the record of the last rollout. Bounded."""
    reached = head.reached.get(inputs.flag)
    last = exposures.last
    return {
        **inputs.to_wire(),
        "percent": reached.percent if reached is not None else 0.0,
        "outcome": None if last is None else _outcome(last),
    }


def _outcome(last: Exposing) -> dict[str, Any]:
    document = last.model_dump(mode="json", by_alias=True, exclude_none=True)
    return {**document, "steps": document["steps"][-STEPS_KEPT:]}


def refreshed(inputs: ExposureInputs, adapters: ExposureAdapters) -> dict[str, Any]:
    """The outputs as the journals have them now. Raises ClusterError."""
    head, stored = _read(adapters)
    return outputs_of(inputs, head, stored.head)


class Update:
    """Create or update of one exposure: repair, then the steps that are left."""

    def __init__(
        self, inputs: ExposureInputs, adapters: ExposureAdapters, reporter: Reporter, cancelled: threading.Event
    ) -> None:
        self._inputs = inputs
        self._wanted = wanted_of(inputs)
        self._adapters = adapters
        self._reporter = reporter
        self._cancelled = cancelled
        self._guard: Guard | None = None
        """Armed for a rollout that has not ended yet."""

    def run(self) -> dict[str, Any]:
        """Returns the outputs. Raises SlipwayError with one clear line; what is not whole then is the watchdog's."""
        holder = new_rollout_id()
        try:
            grace = self._wanted.analysis.error_grace
            with hold_lease(self._adapters, holder, self._reporter.status, self._cancelled, patience=grace):
                return self._run(holder)
        finally:
            if self._guard is not None:
                # Only now is the Lease free, so that the watchdog can turn back what this process could not.
                self._guard.act()

    def _run(self, holder: str) -> dict[str, Any]:
        adapters, flag = self._adapters, self._wanted.flag
        if adapters.escalations is not None:
            self._tell(adapters.escalations.go_on(flag))
        stored = self._while_away(lambda: load(adapters))
        if stored.head.unfinished:
            self._reporter.event(f"{flag}: an exposure was interrupted, it is turned back")
            self._while_away(lambda: turn_back(adapters, stored, "the process died", "repair"))
        head = self._while_away(adapters.flags.load)
        course = course_of(self._wanted, head, stored.head)
        if course.killed is not None:
            self._reporter.event(kept_off(course.killed, adapters.now()))
        if course.due:
            self._admit(head)
            self._expose(holder, course, stored)
        return outputs_of(self._inputs, self._while_away(adapters.flags.load), stored.head)

    def _admit(self, head: Head) -> None:
        """Raises ReleaseRefused."""
        if head.declared.flags.get(self._inputs.flag) != self._inputs.definition:
            raise ReleaseRefused(
                f"the set {self._inputs.set} does not declare {self._inputs.flag} as this exposure does; let the "
                "FlagExposure depend on the FlagSet, and read both from the same files"
            )
        if (problem := untold(self._wanted, self._adapters)) is not None:
            raise ReleaseRefused(problem)
        if self._cancelled.is_set():
            raise ReleaseRefused(f"{self._inputs.flag}: cancelled before anything changed")

    def _expose(self, holder: str, course: Course, stored: Stored) -> None:
        wanted, adapters = self._wanted.beyond(course.base), self._adapters
        exposing = Exposing(
            id=holder,
            flag=wanted.flag,
            variant=wanted.variant,
            off=wanted.off,
            salt=course.salt or holder,
            base=course.base,
            outcome=Outcome.RUNNING,
            began=adapters.now(),
            caveat=wanted.caveat(),
        )
        guard = self._guard = guards().arm(self._inputs.where, str(place_of(self._inputs)), holder)
        try:
            guard.await_ready()
            self._while_away(lambda: save_head(adapters, stored, begun(stored.head, exposing)))
            with contextlib.suppress(ClusterError):  # the next one does it
                adapters.journal.prune(frozenset(stored.head.recorded))
            if exposing.caveat:
                self._reporter.event(f"{wanted.flag}: {exposing.caveat}")
            ExposureRun(adapters, wanted, exposing, stored, self._reporter, self._cancelled).run()
            self._settle_escalations(exposing)
        finally:
            # A rollout that could not be ended, or that another process took over, is the watchdog's to look after.
            if not stored.head.unfinished:
                self._guard = None
                guard.disarm()

    def _settle_escalations(self, exposing: Exposing) -> None:
        """The flag has passed every step: what was wrong with it is over."""
        if (escalations := self._adapters.escalations) is not None:
            by = Closed(
                by=f"exposure {exposing.id}", at=self._adapters.now(), reason=f"{exposing.flag} passed every step"
            )
            self._tell(escalations.settle(exposing.flag, by))

    def _tell(self, trouble: str | None) -> None:
        if trouble is not None:
            self._reporter.event(f"{self._wanted.flag}: {trouble}")

    def _while_away(self, do: Callable[[], T]) -> T:
        """Before anything moves: only an API server that is away is waited for, within the grace."""
        grace = self._wanted.analysis.error_grace
        return retry_while_away(self._adapters, do, grace, self._reporter.status, self._cancelled)


def end(adapters: ExposureAdapters, reporter: Reporter, cancelled: threading.Event) -> None:
    """The exposure is declared no more: what is in flight is turned back, and its journal goes. How far it has come
    stays with the flag's declaration, in the journal of the flags."""
    with hold_lease(adapters, new_rollout_id(), reporter.status, cancelled):
        stored = load(adapters)
        turn_back(adapters, stored, "the exposure is declared no more", "delete")
        adapters.journal.delete()
        adapters.lease.delete()


def _read(adapters: ExposureAdapters) -> tuple[Head, Stored]:
    return _patiently(adapters, lambda: (adapters.flags.load(), load(adapters)))


def _patiently(adapters: ExposureAdapters, read: Callable[[], T]) -> T:
    return retry_while_away(adapters, read, READ_WITHIN)
