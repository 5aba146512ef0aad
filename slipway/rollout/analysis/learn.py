"""One guardrail, one tick: from what is remembered and what was counted to what is remembered next. Pure."""

from __future__ import annotations

from dataclasses import replace

from slipway.rollout.analysis import abort, clients, promote, signatures
from slipway.rollout.analysis.baseline import record
from slipway.rollout.analysis.constants import BUCKET_FROM, BUCKETS_MOST
from slipway.rollout.analysis.copies import paired
from slipway.rollout.analysis.gather import gather
from slipway.rollout.analysis.rules import CompiledGuardrail
from slipway.rollout.analysis.state import Baseline, Buckets, Pending, State, Step, Wealth, count_step
from slipway.rollout.analysis.types import Counts, GuardrailCounts, Tick

NONE, NOTHING = Counts(0, 0), Pending()


def is_warming(rule: CompiledGuardrail, state: State, tick: Tick) -> bool:
    """Whether the tick lies within the warm-up, which begins with the candidate's first traffic."""
    if rule.warm_up <= 0.0:
        return False
    return state.first_at is None or tick.at - state.first_at <= rule.warm_up


def begin_step(rule: CompiledGuardrail, state: State) -> State:
    """The weight changes: evidence for promotion and the step's counts start anew, all else goes on."""
    state = _record(rule, state, state.pending.baseline)
    return state._replace(promote=Wealth(), bounded=Wealth(), step=Step(), pending=NOTHING)


def learn(rule: CompiledGuardrail, state: State, counts: GuardrailCounts, tick: Tick) -> State:
    """Bets are settled with what was known before these counts; only then are they themselves remembered.

    Without candidate traffic the evidence is unchanged, and at weight 0 (smoke checks, waiting for readiness)
    only the baseline is recorded.
    """
    weight = 0.0 if tick.weight <= 0.0 else tick.weight
    if rule.nature.counts == "clients":
        state, counts = _first_failures(rule, state, counts, tick)
    elif rule.nature.by_signature and weight:
        state = _signatures(rule, state, paired(counts, state.step, tick.mirror).candidate, tick)
    candidate = counts.candidate if weight else NONE
    judged = counts if counts.judged is None else _judged(counts)
    warm = is_warming(rule, state, tick)
    first_at, last_at = state.first_at, state.last_at
    if candidate.total or candidate.bad or (counts.alive and weight):
        first_at, last_at = (tick.at - tick.length if first_at is None else first_at), tick.at
    met = 0.0
    if weight:
        state, met = _settle(rule, state, judged, tick, warm)
    else:
        state = _record(rule, state, judged.baseline)
    step = count_step(state.step, candidate, counts.baseline, tick.length, tick.in_step, met)
    return state._replace(step=step, first_at=first_at, last_at=last_at)


def _settle(
    rule: CompiledGuardrail, state: State, counts: GuardrailCounts, tick: Tick, warm: bool
) -> tuple[State, float]:
    """Bet on what is complete; the seconds of it in which both sides could be compared."""
    weight, length = tick.weight, tick.length
    alone = rule.absolute or abort.is_alone(rule, weight, state.step, counts.baseline.total)
    if state.pending.seconds and state.pending.warm != warm:
        state = _record(rule, state, state.pending.baseline)._replace(pending=NOTHING)
    found, seconds = counts, length
    if state.pending.seconds or not counts.baseline.total or not counts.candidate.total:
        block, complete = gather(state.pending, counts, length, alone, warm)
        if not complete:
            return state._replace(pending=block), 0.0
        found, seconds = GuardrailCounts(block.candidate, block.baseline), block.seconds
    wealth, hopes, bounded = state.abort, state.promote, state.bounded
    if found.candidate.total or found.candidate.bad:
        against, in_favour = paired(found, state.step, tick.mirror)
        if not rule.nature.by_signature and (rule.nature.counts != "clients" or weight >= 100.0 or rule.first_release):
            wealth = abort.bet(rule, state, against, weight, seconds, warm)
        if not warm:
            rate = request_rate(state.step, counts, length)
            hopes = promote.bet(rule, hopes, state.baseline, in_favour, weight, seconds)
            bounded = promote.bet_bounded(rule, bounded, state.baseline, in_favour, weight, rate, seconds)
    met = seconds if alone or (found.candidate.total and found.baseline.total) else 0.0
    state = State(
        wealth, hopes, state.baseline, state.step, None, None, state.buckets, state.clients, NOTHING, bounded,
        state.signatures, state.betting,
    )  # fmt: skip
    return _record(rule, state, found.baseline), met


def request_rate(step: Step, counts: GuardrailCounts, length: float) -> float:
    """Requests of both sides in a second, in this step up to now."""
    total = step.candidate + step.baseline + counts.candidate.total + counts.baseline.total
    return total / (step.seconds + length) if step.seconds + length > 0.0 else 0.0


def _record(rule: CompiledGuardrail, state: State, counts: Counts) -> State:
    """Remember the baseline's counts. Once an incident of the baseline is over, the bets are spread anew: those on a
    worse candidate lost to it, and a fault must not be noticed later for that. The evidence itself goes on."""
    if not counts.total and not counts.bad:
        return state
    if rule.nature.counts == "clients":  # A client counts once: what it is compared with cannot change.
        total, bad = state.baseline.total + counts.total, state.baseline.bad + counts.bad
        return state._replace(baseline=Baseline(total, bad))
    baseline, fell = record(state.baseline, counts, rule.phi)
    wealth = Wealth(state.abort.log) if fell else state.abort
    buckets = _remember(rule, state.buckets, counts) if rule.nature.by_bounds else state.buckets
    return state._replace(abort=wealth, baseline=baseline, buckets=buckets)


def _remember(rule: CompiledGuardrail, buckets: Buckets, counts: Counts) -> Buckets:
    """The baseline's histogram so far: it decides which bounds take part in the next tick's bet."""
    if not counts.total or rule.threshold is None:
        return buckets
    slower = counts.slower
    if counts.bounds == buckets.bounds:
        seen = tuple([before + slower[place] for before, place in zip(buckets.slower, buckets.places, strict=True)])
        return Buckets(buckets.bounds, buckets.places, seen, buckets.total + counts.total)
    low = BUCKET_FROM * rule.threshold
    # The next lower bound stands for a threshold that the histogram does not have.
    own = max([bound for bound in counts.bounds if bound <= rule.threshold * (1.0 + 1e-9)], default=0.0)
    places = [place for place, bound in enumerate(counts.bounds) if bound >= low and bound != own]
    chosen = tuple(places[:BUCKETS_MOST])
    return Buckets(counts.bounds, chosen, tuple([slower[place] for place in chosen]), counts.total)


def _first_failures(
    rule: CompiledGuardrail, state: State, counts: GuardrailCounts, tick: Tick
) -> tuple[State, GuardrailCounts]:
    warm = is_warming(rule, state, tick)
    memory = clients.Memory(state.clients, state.betting)
    wealth, (known, betting), (candidate, baseline) = clients.bet(
        rule, state.abort, memory, counts.first_failures, tick.weight, tick.length, warm
    )
    state = state._replace(abort=wealth, clients=known, betting=betting)
    # A client that failed in an earlier step, and fails again, is no first failure, and yet bad in this step.
    bad = max(candidate, counts.candidate.bad), max(baseline, counts.baseline.bad)
    found = clients.new_clients(counts, *bad)
    return state, replace(counts, candidate=found.candidate, baseline=found.baseline)


def _signatures(rule: CompiledGuardrail, state: State, counts: GuardrailCounts, tick: Tick) -> State:
    warm = is_warming(rule, state, tick)
    wealth, known = signatures.bet(rule, state.signatures, counts, tick.length, warm=warm)
    return state._replace(abort=wealth, signatures=known)


def _judged(counts: GuardrailCounts) -> GuardrailCounts:
    """The clients whose time of observation is over."""
    return GuardrailCounts(*(counts.judged or (counts.candidate, counts.baseline)))
