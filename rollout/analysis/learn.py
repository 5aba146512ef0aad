"""One guardrail, one tick: from what is remembered and what was counted to what is remembered next. Pure."""

from __future__ import annotations

from dataclasses import replace
from math import exp

from rollout.analysis import abort, clients, promote
from rollout.analysis import constants as const
from rollout.analysis.rules import Rule
from rollout.analysis.state import Baseline, Buckets, State, count_step
from rollout.analysis.types import Counts, GuardrailCounts, Tick

NONE = Counts(0, 0)


def is_warming(rule: Rule, state: State, tick: Tick) -> bool:
    """Whether the tick lies within the warm-up, which begins with the candidate's first traffic."""
    if rule.warm_up <= 0.0:
        return False
    return state.first_at is None or tick.at - state.first_at <= rule.warm_up


def learn(rule: Rule, state: State, counts: GuardrailCounts, tick: Tick) -> State:
    """Bets are settled with what was known before this tick; only then is the tick itself remembered.

    Without candidate traffic the evidence is unchanged, and at weight 0 (smoke checks, waiting for readiness)
    only the baseline is recorded.
    """
    weight = 0.0 if tick.weight <= 0.0 else tick.weight
    if rule.kind == "client-failures":
        state, counts = _first_failures(rule, state, counts, tick)
    candidate = counts.candidate if weight else NONE
    judged = counts if counts.judged is None else _judged(counts)
    wealth, hopes, first_at, last_at = state.abort, state.promote, state.first_at, state.last_at
    active = candidate.total or candidate.bad or (counts.alive and weight)
    if active or (weight and judged.candidate.total):
        warm = is_warming(rule, state, tick)
        if active:
            first_at = tick.at - tick.length if first_at is None else first_at
            last_at = tick.at
        if rule.kind != "client-failures" or weight >= 100.0 or rule.first_release:
            wealth = abort.bet(rule, state, judged, weight, tick.length, warm)
        if not warm:
            hopes = promote.bet(rule, hopes, state.baseline, judged, weight, tick.length)
    step = count_step(state.step, candidate, counts.baseline, tick.length, tick.in_step)
    baseline = _record(state.baseline, judged.baseline, tick.length)
    buckets = _remember(rule, state.buckets, counts.baseline) if rule.kind == "latency" else state.buckets
    return State(wealth, hopes, baseline, step, first_at, last_at, buckets, state.clients)


def _record(baseline: Baseline, counts: Counts, length: float) -> Baseline:
    if not counts.total:
        return baseline
    keep = exp(-length / const.RECENT_SECONDS)
    return Baseline(
        baseline.total + counts.total,
        baseline.bad + counts.bad,
        keep * baseline.recent_total + counts.total,
        keep * baseline.recent_bad + counts.bad,
    )


def _remember(rule: Rule, buckets: Buckets, counts: Counts) -> Buckets:
    """The baseline's histogram so far: it decides which bounds take part in the next tick's bet."""
    if not counts.total or rule.threshold is None:
        return buckets
    slower = counts.slower
    if counts.bounds == buckets.bounds:
        seen = tuple([before + slower[place] for before, place in zip(buckets.slower, buckets.places, strict=True)])
        return Buckets(buckets.bounds, buckets.places, seen, buckets.total + counts.total)
    low = const.BUCKET_FROM * rule.threshold
    # The next lower bound stands for a threshold that the histogram does not have.
    own = max([bound for bound in counts.bounds if bound <= rule.threshold * (1.0 + 1e-9)], default=0.0)
    places = [place for place, bound in enumerate(counts.bounds) if bound >= low and bound != own]
    chosen = tuple(places[: const.BUCKETS_MOST])
    return Buckets(counts.bounds, chosen, tuple([slower[place] for place in chosen]), counts.total)


def _first_failures(rule: Rule, state: State, counts: GuardrailCounts, tick: Tick) -> tuple[State, GuardrailCounts]:
    warm = is_warming(rule, state, tick)
    wealth, known, (candidate, baseline) = clients.bet(
        rule, state.abort, state.clients, counts.first_failures, tick.weight, tick.length, warm
    )
    state = state._replace(abort=wealth, clients=known)
    # A client that failed in an earlier step, and fails again, is no first failure, and yet bad in this step.
    bad = max(candidate, counts.candidate.bad), max(baseline, counts.baseline.bad)
    found = clients.new_clients(counts, *bad)
    return state, replace(found, alive=counts.alive, judged=counts.judged)


def _judged(counts: GuardrailCounts) -> GuardrailCounts:
    """The clients whose time of observation is over."""
    candidate, baseline = counts.judged or (counts.candidate, counts.baseline)
    return GuardrailCounts(candidate, baseline)
