"""The decision of every moment: state + what is seen -> the next action. Pure, so a journal can be replayed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal

from slipway.release.manifest.guardrails import Policy
from slipway.release.manifest.plan import PlannedStep
from slipway.release.units import show_seconds
from slipway.rollout.analysis.types import Decision, Verdict

ACCEPT_WITHIN = 30.0
"""Seconds that the gateway has in order to accept a written weight; Contour needs well under one."""
DEAD_FOR = 10.0
"""Seconds without any ready replica after which the serving version counts as dead: then no step below 100% protects
anybody. Pods that are only replaced are back sooner."""


class Phase(StrEnum):
    """Where in a step the rollout is."""

    READY = "ready"
    SMOKE = "smoke"
    SHIFT = "shift"
    BAKE = "bake"


@dataclass(frozen=True, slots=True)
class ControllerSettings:
    """The settings that the controller goes by; times in seconds."""

    steps: tuple[PlannedStep, ...]
    replicas: int
    ready_within: float
    dwell: float
    horizon: float
    error_grace: float
    smoke: bool
    judged: bool = True
    """False where a step needs no PASS: the return to a known revision, a first release without an objective.
    A FAIL stops these too."""
    reach: bool = False
    """A request through the gateway must reach the candidate before the commit: a first release, whose route
    no traffic has used before."""


@dataclass(frozen=True, slots=True)
class ControllerState:
    """`began` is when the phase began, `failing_since` when the source began to fail without a break."""

    index: int = 0
    phase: Phase = Phase.READY
    began: float = 0.0
    paused: bool = False
    promoted: bool = False
    """An operator wants this step to be left as soon as it bakes."""
    promote_all: bool = False
    """The same for every step that is left."""
    short_since: float | None = None
    """When the commit began to wait for replicas, or for a request to reach the candidate."""
    failing_since: float | None = None


@dataclass(frozen=True, slots=True)
class Observation:
    """What is seen at `now`: the candidate's pods, the route, the analysis and what an operator wants."""

    now: float
    ready: int
    fatal: str | None = None
    """A problem of the candidate that waiting does not mend, such as a crash loop."""
    hint: str = ""
    """What the pods say while they are not ready."""
    accepted: bool = False
    route_problem: str = ""
    accept_within: float = ACCEPT_WITHIN
    """Seconds that the gateway has in order to accept the route as it is."""
    smoke: str | None = None
    """None: not run yet; empty: passed; otherwise what failed."""
    decision: Decision | None = None
    source_error: str | None = None
    on_inconclusive: Policy = "hold"
    on_error: Policy = "abort"
    """The strictest of the policies of the guardrails that are undecided, or whose source failed."""
    share_problem: str | None = None
    unanswered: str | None = None
    """Why the candidate must leave requests without an answer, where the counts themselves do not show these."""
    serving_dead_for: float = 0.0
    """Seconds since the serving version had its last ready replica; 0 while it has any."""
    reached: str | None = None
    """Whether a request through the gateway reached the candidate: None is not tried yet, empty is yes."""
    foreign: str | None = None
    """What another writer changed in the route since this rollout wrote it last."""
    intent: str | None = None
    scope: Literal["step", "all"] = "step"
    by: str = ""
    cancelled: bool = False
    lease_lost: bool = False


class Cause(StrEnum):
    """Why a rollout ends without a commit. Only the first two quarantine the candidate's revision."""

    CANDIDATE = "candidate"
    OPERATOR = "operator"
    ENVIRONMENT = "environment"
    INTERRUPTED = "interrupted"
    LEASE = "lease"


@dataclass(frozen=True, slots=True)
class Wait:
    """Look again. For the status line: `why`, and `left`, the seconds that it may still take where that is known."""

    why: str
    left: float | None = None


@dataclass(frozen=True, slots=True)
class Smoke:
    """Run the smoke checks on the preview route."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Send a request through the gateway and see that the candidate answers it."""


@dataclass(frozen=True, slots=True)
class Shift:
    """Write the weight of this step."""

    step: PlannedStep


@dataclass(frozen=True, slots=True)
class Prepare:
    """Get ready for the next step: scale if the strategy does; `ended` is the verdict of the step left."""

    step: PlannedStep
    ended: Verdict


@dataclass(frozen=True, slots=True)
class Commit:
    """All steps passed."""

    ended: Verdict


@dataclass(frozen=True, slots=True)
class Abort:
    """Put the traffic back."""

    cause: Cause
    reason: str
    unexplained: bool = False
    """The pods may say why a little later: their status follows that of their endpoints."""


Action = Wait | Smoke | Reach | Shift | Prepare | Commit | Abort


def next_action(rules: ControllerSettings, state: ControllerState, look: Observation) -> tuple[ControllerState, Action]:
    """The next action. Stops come first: a bad candidate is left in every phase, paused or not."""
    stop = _stop(look)
    if stop is not None:
        return state, stop
    if look.intent in ("pause", "resume"):
        state = replace(state, paused=look.intent == "pause")
    if look.intent == "promote":
        state = replace(state, promoted=True, promote_all=state.promote_all or look.scope == "all")
    if state.phase is Phase.READY:
        return _ready(rules, state, look)
    if state.phase is Phase.SMOKE:
        return _smoke(rules, state, look)
    if state.phase is Phase.SHIFT:
        return _shift(rules, state, look)
    return _bake(rules, state, look)


def _stop(look: Observation) -> Abort | None:
    if look.lease_lost:
        return Abort(Cause.LEASE, "the Lease of this rollout was lost, so another may write the traffic now")
    if look.cancelled:
        return Abort(Cause.INTERRUPTED, "interrupted")
    if look.foreign is not None:
        return Abort(Cause.ENVIRONMENT, look.foreign)
    if look.intent == "abort":
        return Abort(Cause.OPERATOR, f"aborted by {look.by or 'an operator'}")
    if look.fatal is not None:
        return Abort(Cause.CANDIDATE, f"the candidate does not run: {look.fatal}")
    if look.decision is not None and look.decision.verdict is Verdict.FAIL:
        return Abort(Cause.CANDIDATE, look.decision.reason)
    if look.unanswered is not None:
        return Abort(Cause.CANDIDATE, look.unanswered)
    return None


def resumed(state: ControllerState, away: float) -> ControllerState:
    """After `away` seconds in which the cluster could not be asked: what it was to do had no time meanwhile. A bake
    goes on, since the traffic did."""
    return state if state.phase is Phase.BAKE else replace(state, began=state.began + away)


def needed(rules: ControllerSettings, state: ControllerState) -> int:
    """Ready replicas of the candidate that the current step wants."""
    wanted = rules.steps[state.index].replicas
    return rules.replicas if wanted is None else wanted


def _ready(rules: ControllerSettings, state: ControllerState, look: Observation) -> tuple[ControllerState, Action]:
    want = needed(rules, state)
    if rules.judged and look.source_error is not None and (look.ready >= want or state.index > 0):
        # No more traffic for a candidate that is not measured, nor any for longer than the grace.
        return _source_failed(rules, state, look, look.now - state.began)
    state = replace(state, failing_since=None)
    if look.ready >= want and state.paused:
        return state, Wait("paused, the candidate is ready")
    if look.ready >= want:
        if rules.smoke and state.index == 0:
            return replace(state, phase=Phase.SMOKE, began=look.now), Smoke()
        return replace(state, phase=Phase.SHIFT, began=look.now), Shift(rules.steps[state.index])
    hint = f": {look.hint}" if look.hint else ""
    text = f"{look.ready} of {want} replicas ready"
    if look.now - state.began > rules.ready_within:
        limit = show_seconds(rules.ready_within)
        return state, Abort(Cause.CANDIDATE, f"the candidate is not ready within {limit}: {text}{hint}")
    return state, Wait(f"{text}{hint}", state.began + rules.ready_within - look.now)


def _smoke(rules: ControllerSettings, state: ControllerState, look: Observation) -> tuple[ControllerState, Action]:
    if look.smoke is None:
        return state, Smoke()
    if look.smoke:
        return state, Abort(Cause.CANDIDATE, f"smoke check failed at 0%: {look.smoke}")
    return replace(state, phase=Phase.SHIFT, began=look.now), Shift(rules.steps[state.index])


def _shift(rules: ControllerSettings, state: ControllerState, look: Observation) -> tuple[ControllerState, Action]:
    if look.accepted:
        return _bake(rules, replace(state, phase=Phase.BAKE, began=look.now), look)
    if look.now - state.began > look.accept_within:
        problem = look.route_problem or "no status was written"
        limit = show_seconds(look.accept_within)
        return state, Abort(Cause.ENVIRONMENT, f"the gateway did not accept the route within {limit}: {problem}")
    return state, Wait("waiting for the gateway to accept the weight")


def _bake(rules: ControllerSettings, state: ControllerState, look: Observation) -> tuple[ControllerState, Action]:
    elapsed = look.now - state.began
    if look.ready == 0:
        reason = f"the candidate has no ready replica left{_after(look.hint)}"
        return state, Abort(Cause.CANDIDATE, reason, unexplained=not look.hint)
    if rules.judged and look.source_error is not None:
        return _source_failed(rules, state, look, elapsed)
    state = replace(state, failing_since=None)
    verdict = look.decision.verdict if look.decision is not None else Verdict.INCONCLUSIVE
    if state.promoted:
        return _advance(rules, state, look, verdict)
    if state.paused:
        return state, Wait("paused")
    if look.serving_dead_for >= DEAD_FOR and rules.steps[state.index].weight < 100:
        return _advance(rules, state, look, verdict)
    least = max(rules.steps[state.index].bake, rules.dwell)
    if elapsed < least:
        return state, Wait("", least - elapsed)
    if not rules.judged or (verdict is Verdict.PASS and look.share_problem is None):
        return _advance(rules, state, look, verdict)
    return state, _undecided(rules, look, elapsed, least)


def _undecided(rules: ControllerSettings, look: Observation, elapsed: float, least: float) -> Action:
    why = look.share_problem or (look.decision.reason if look.decision is not None else "nothing was measured yet")
    # That nothing could be shown, for want of traffic or of time, is not held against the candidate.
    if look.on_inconclusive == "abort":
        return Abort(Cause.ENVIRONMENT, f"undecided at the end of the step: {why}")
    if elapsed > least + rules.horizon:
        return Abort(Cause.ENVIRONMENT, f"undecided after {show_seconds(rules.horizon)} of holding: {why}")
    return Wait(f"holding, undecided: {why}", least + rules.horizon - elapsed)


def _source_failed(
    rules: ControllerSettings, state: ControllerState, look: Observation, elapsed: float
) -> tuple[ControllerState, Action]:
    since = state.failing_since if state.failing_since is not None else look.now
    state = replace(state, failing_since=since)
    if look.now - since <= rules.error_grace:
        return state, Wait(f"metrics fail, within the grace: {look.source_error}")
    late = elapsed > rules.steps[state.index].bake + rules.horizon
    if look.on_error == "abort" or late:
        grace = show_seconds(rules.error_grace)
        return state, Abort(Cause.ENVIRONMENT, f"the metrics source failed for over {grace}: {look.source_error}")
    return state, Wait(f"holding, metrics fail: {look.source_error}")


def _advance(
    rules: ControllerSettings, state: ControllerState, look: Observation, verdict: Verdict
) -> tuple[ControllerState, Action]:
    if state.index + 1 == len(rules.steps):
        return _commit(rules, state, look, verdict)
    step = rules.steps[state.index + 1]
    promoted = state.promote_all
    return ControllerState(state.index + 1, Phase.READY, look.now, state.paused, promoted, promoted), Prepare(
        step, verdict
    )


def _commit(
    rules: ControllerSettings, state: ControllerState, look: Observation, verdict: Verdict
) -> tuple[ControllerState, Action]:
    """After the commit the old version goes: every replica must be ready, and a first release must be reachable."""
    since = state.short_since if state.short_since is not None else look.now
    waiting, late = replace(state, short_since=since), look.now - since
    if look.ready < rules.replicas:
        text = f"{look.ready} of {rules.replicas} replicas ready{_after(look.hint)}"
        if late > rules.ready_within:
            limit = show_seconds(rules.ready_within)
            return waiting, Abort(
                Cause.CANDIDATE, f"the candidate lacks replicas before the commit for {limit}: {text}"
            )
        return waiting, Wait(f"before the commit: {text}")
    if rules.reach and look.reached is None:
        return waiting, Reach()
    if rules.reach and look.reached:
        if late > max(ACCEPT_WITHIN, rules.ready_within):
            return waiting, Abort(Cause.ENVIRONMENT, f"no request through the gateway reached it: {look.reached}")
        return waiting, Reach()
    return state, Commit(verdict)


def _after(hint: str) -> str:
    return f": {hint}" if hint else ""
