"""What the provider's methods do, free of the protocol: check, diff, update, read, delete of one Rollout."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from pydantic import ValidationError

from slipway.release.counted import uncounted
from slipway.release.errors import InputError, JournalUnreadable, Problem, ReleaseRefused
from slipway.release.filter_limits import uncounted_filters
from slipway.release.floors import peak, shared_lines
from slipway.release.listener_rule import refused_by
from slipway.release.manifest.plan import describe
from slipway.release.mirror_limits import uncopied
from slipway.release.records import journal
from slipway.release.records.journal import Serving
from slipway.release.rollout_inputs import Backend, RolloutInputs
from slipway.release.target import NOT_IMPORTED, NOT_RECORDED, Target, moving_fields, other_rule, recorded_target
from slipway.rollout.adapters import Adapters
from slipway.rollout.analysis.foresight import foresee
from slipway.rollout.analysis.foresight_text import render
from slipway.rollout.analysis.late import as_counted, late
from slipway.rollout.analysis.rules import Known
from slipway.rollout.analysis.sparse import sparse
from slipway.rollout.analysis.watch_foresight import foresee_watch
from slipway.rollout.assemble import connect_adapters
from slipway.rollout.drift import drift_of
from slipway.rollout.measurement.overdispersion import Past
from slipway.rollout.outputs import outcome_of, recorded_serving, weights_of
from slipway.rollout.record import load
from slipway.rollout.resting import resting_sticky
from slipway.rollout.retrying import retry_while_away
from slipway.rollout.routers.changes import describe_changes
from slipway.rollout.traffic.adoption import caveat, external_problem, foreseen, is_adoption
from slipway.rollout.traffic.copying import copying_problem
from slipway.rollout.traffic.stickiness import sentence
from slipway.rollout.update import fewer_than_serve, holds_back, unseen_problem
from slipway.rollout.update_plan import pending_reason, update_plan_of

PUBLISHED = (
    "`~ Function` publishes a version of this revision, which no user invokes: the alias leads to what served before "
    "until the rollout moves its weights"
)
"""What a plan says of the resource that is updated in place."""
READ_WITHIN = 20.0
"""Seconds for which an API server that is away is asked again, where nothing is in flight yet."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a Rollout is, by a state that another version may have written: all that Read and Delete need of it."""

    service: str
    where: Target

    @classmethod
    def of(cls, recorded: Mapping[str, Any]) -> Place:
        """From recorded inputs or outputs, whatever else is in them. Raises InputError."""
        service = recorded.get("service")
        if not isinstance(service, str) or not service:
            raise InputError("Rollout", [Problem("service", NOT_RECORDED, NOT_IMPORTED)])
        return cls(service, recorded_target(recorded))


T = TypeVar("T")
P = ParamSpec("P")
Connect = Callable[[RolloutInputs | Place, str], Adapters]


def connect(where: RolloutInputs | Place, stack: str) -> Adapters:
    """The real adapters of this Rollout on behalf of `stack` (`project/stack`); of a Place without its metrics."""
    if isinstance(where, Place):
        return connect_adapters(where.service, where.where, None, stack)
    return connect_adapters(where.service, where.where, where.metrics, stack, where.records, where.escalation)


def _patient(read: Callable[P, T]) -> Callable[P, T]:
    """What only reads is read again while the API server is away."""

    @wraps(read)
    def again(*args: P.args, **kwargs: P.kwargs) -> T:
        adapters = next(one for one in args if isinstance(one, Adapters))
        return retry_while_away(adapters, lambda: read(*args, **kwargs), READ_WITHIN)

    return again


def parse(inputs: Mapping[str, Any], *, recorded: bool = False) -> RolloutInputs:
    """Raises InputError that lists every problem with its property path. Unknown fields are problems, but not in
    `recorded` inputs, which another version of Slipway may have written."""
    try:
        found = RolloutInputs.model_validate(dict(inputs), extra="ignore" if recorded else None)
    except ValidationError as error:
        problems = [Problem(_path(item["loc"]), item["msg"], "Correct it in the manifest") for item in error.errors()]
        raise InputError("Rollout", problems) from None
    if recorded:
        return found
    refused = [
        *refused_by(found.where, found.service, found.route, found.strategy),
        *uncounted(found.metrics, found.where, found.guardrails, found.watch),
        *uncopied(found.metrics, found.strategy, found.route),
        *uncounted_filters(found.metrics, found.route),
    ]
    if refused:
        raise InputError("Rollout", refused)
    return found


def _path(location: tuple[str | int, ...]) -> str:
    return "".join(f"[{item}]" if isinstance(item, int) else f".{item}" for item in location).lstrip(".")


@_patient
def refusal_reason(wanted: RolloutInputs, adapters: Adapters) -> str | None:
    """Why these inputs may not be rolled out by what the cluster remembers."""
    stored = load(adapters)
    problem = journal.owner_problem(stored.head if stored else None, adapters.stack)
    problem = problem or (held_elsewhere(adapters) if stored is None else None)
    if problem is not None:
        return problem
    retry = wanted.retry.reason if wanted.retry is not None else None
    return journal.refusal(stored.head if stored else None, wanted.candidate.revision, retry)


def held_elsewhere(adapters: Adapters) -> str | None:
    """Before the first release: another stack declares what all revisions of the service are published from."""
    lasting = adapters.lasting
    owner = lasting.owner() if lasting is not None else ""
    if lasting is None or not owner or owner == adapters.stack:
        return None
    return (
        f"{lasting.name} is declared by the stack {owner}, and this is {adapters.stack}; write another one in "
        "releases:target.aliases, as FUNCTION:ALIAS"
    )


def refuse_another_rule(old_inputs: Mapping[str, Any], new: Target) -> None:
    """Raises ReleaseRefused when the rule of a service that is released stands elsewhere than the new inputs say."""
    try:
        old = recorded_target(old_inputs)
    except InputError:
        return
    reason = other_rule(old, new)
    if reason is not None:
        raise ReleaseRefused(reason)


@dataclass(frozen=True, slots=True)
class Difference:
    """`changed` property paths, those that need a replacement, and why an update is due besides."""

    changed: tuple[str, ...]
    replaces: tuple[str, ...]
    pending: str | None
    drift: str | None = None
    """What was changed in place in the workload that serves; no update of the Rollout mends it."""


@_patient
def difference(old_inputs: Mapping[str, Any], wanted: RolloutInputs, adapters: Adapters) -> Difference:
    """Compare inputs, journal and the live route; reads only. Raises ReleaseRefused for a rule that would be left
    behind."""
    new = wanted.to_wire()
    refuse_another_rule(old_inputs, wanted.where)
    changed = tuple(sorted(key for key in {*new, *old_inputs} if old_inputs.get(key) != new.get(key)))
    replaces = moving_fields(old_inputs, new)
    try:
        stored = load(adapters)
    except JournalUnreadable as error:  # Also a refresh asks for the difference, and must go on.
        return Difference(changed, replaces, str(error))
    head = stored.head if stored else None
    settings_hash = adapters.router.settings_hash(wanted.route, sticky=resting_sticky(head, wanted))
    live = adapters.router.read()
    what = describe_changes(adapters.router.settings(wanted.route), live.settings) if live is not None else ""
    pending = pending_reason(wanted, head, live, settings_hash, what)
    serving = head.serving if head is not None else None
    drift = None
    if head is not None and serving is not None:
        found = adapters.workloads.readiness(serving.backend)
        drift = drift_of(serving.backend, found, head.template_of(serving.backend.revision))
    return Difference(changed, replaces, pending, drift)


@_patient
def plan(wanted: RolloutInputs, adapters: Adapters, olds: Mapping[str, Any]) -> str:
    """What `up` would do, in one line for the preview; reads only."""
    stored, live = load(adapters), adapters.router.read()
    if is_adoption(wanted, stored.head if stored else None, live):
        return foreseen(adapters, wanted)
    course = update_plan_of(wanted, stored.head if stored else None, live, recorded_serving(olds))
    repair = ""
    if course.repair and course.serving is not None:
        held = stored is not None and holds_back(stored.head)
        repair = "end the hold-back of the watch first; " if held else "put the traffic back first; "
    if course.then == "settle":
        return f"{repair}no rollout, {wanted.candidate.label} serves already"
    came = f"{course.serving.backend.version} -> " if course.serving is not None else ""
    steps = describe(wanted.strategy, wanted.candidate.replicas, course.then)
    fewer = fewer_than_serve(adapters, wanted, course.serving.backend) if course.serving is not None else ""
    most = _peak(adapters, wanted, course.serving.backend) if course.serving is not None else ""
    return "; ".join(part for part in (f"{repair}{came}{wanted.candidate.label}, {steps}", most, fewer) if part)


def _peak(adapters: Adapters, wanted: RolloutInputs, serving: Backend) -> str:
    """The most pods that there will be at one time where an autoscaler has a say; empty otherwise."""
    if wanted.candidate.autoscaled is None and serving.autoscaled is None:
        return ""
    before = adapters.workloads.readiness(serving).endpoints_ready
    return f"{before} pods serve, {peak(before, wanted.candidate)} at the peak"


@_patient
def forecast(wanted: RolloutInputs, adapters: Adapters, olds: Mapping[str, Any]) -> tuple[str, ...]:
    """What each step of the plan will be able to notice, and where it cannot keep its promise; reads only."""
    stored, live = load(adapters), adapters.router.read()
    note = tuple(filter(None, (caveat(wanted.candidate),)))
    if is_adoption(wanted, stored.head if stored else None, live):
        return note
    course = update_plan_of(wanted, stored.head if stored else None, live, recorded_serving(olds))
    if course.then not in ("first", "forward"):
        return note
    external = external_problem(adapters, wanted.candidate, course.serving.backend if course.serving else None)
    stuck = (external, copying_problem(adapters, wanted, course.then), unseen_problem(adapters, course))
    steps = wanted.plan(course.then)
    stickiness = sentence(wanted.route, wanted.guardrails)
    known = _known(wanted, adapters, course.serving) if course.then == "forward" else Known(first_release=True)
    spacing = adapters.source.spacing() if adapters.source is not None else None
    delay = wanted.metrics.delay
    as_judged = as_counted(wanted.analysis, spacing, delay)
    notes = adapters.source.notes(wanted.analysis.tick) if adapters.source is not None else ()
    published = wanted.candidate.platform == "lambda"
    lines = (
        *note,
        *(f"warning: nothing will move: {problem}" for problem in stuck if problem is not None),
        *((PUBLISHED,) if published else ()),
        *notes,
        *render(foresee(wanted.guardrails, as_judged, steps, stickiness=stickiness, known=known)),
        *(late(wanted.metrics.settles, delay) if delay else sparse(spacing, wanted.analysis, steps)),
        *shared_lines(wanted.candidate),
    )
    if wanted.watch is None:
        return lines
    standby = wanted.standby.version if wanted.standby is not None and course.serving is not None else None
    return (*lines, *foresee_watch(wanted.watch, wanted.analysis, standby, known))


def _known(wanted: RolloutInputs, adapters: Adapters, serving: Serving | None) -> Known:
    """What the past of what serves says, as the rollout will reckon with; a metrics system that does not answer is no
    reason not to plan."""
    if adapters.source is None or serving is None or wanted.analysis.expected is None:
        return Known()
    return Past(adapters.source, wanted, serving.backend).known()


@_patient
def refresh(olds: Mapping[str, Any], adapters: Adapters) -> dict[str, Any] | None:
    """The outputs with the live weights; None when neither route nor journal is there. What a journal that cannot be
    understood says of the rollout stays as it was recorded."""
    live = adapters.router.read()
    try:
        stored = load(adapters)
    except JournalUnreadable:
        return {**olds, "weights": weights_of(live)}
    if stored is None and live is None:
        return None
    if stored is None:
        return {**olds, "weights": weights_of(live)}
    return {**olds, **outcome_of(stored.head, live)}
