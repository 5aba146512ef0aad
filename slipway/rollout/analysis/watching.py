"""The decision of a watch: one window of counts after another in, and what is to be done. Pure.

A watch lasts longer than a rollout, and a fault may begin at any time in it. So it is cut into stretches of at most an
hour, each of which begins with evidence of 1 and has a part of the watch's alpha, 1 / k of the k-th's, which sum to it:
the first hour gets most, and by a union bound a release that is no worse than tolerated is stopped with at most alpha.
A stretch ends only while its evidence is at most 1, so that no evidence for a fault is given up.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil, exp

from slipway.release.manifest.analysis import Analysis
from slipway.release.units import show_seconds
from slipway.release.watch_inputs import WatchInputs
from slipway.rollout.analysis.evidence import Evidence, begin, make_settings
from slipway.rollout.analysis.learn import begin_step
from slipway.rollout.analysis.observe import observe
from slipway.rollout.analysis.rules import CompiledGuardrail, Known
from slipway.rollout.analysis.state import Baseline, Wealth
from slipway.rollout.analysis.types import Counts, Decision, GuardrailCounts, Tick, Verdict
from slipway.rollout.analysis.watch_state import Seen, Standing, WatchState, summary

__all__ = ["STRETCH", "Standing", "WatchLook", "WatchState", "begin_watch", "look", "part_of", "stretches"]

STRETCH = 3600.0
"""Seconds of a stretch."""
ROUNDING = 0.01
"""Seconds by which two windows may overlap, since their ends are rounded."""


@dataclass(frozen=True, slots=True)
class WatchLook:
    """What follows from a look. `decision` is None where nothing was counted in it. `told` are the guardrails of which
    people are to be told now that there is no data, `back` those that have data again."""

    standing: Standing
    reason: str
    decision: Decision | None = None
    told: tuple[str, ...] = ()
    back: tuple[str, ...] = ()


def begin_watch(watch: WatchInputs, analysis: Analysis, known: Known | None = None) -> WatchState:
    """The state at the commit. `analysis` is that of the rollout; `known` what the rollout knew, such as the dispersion
    of the bad events."""
    whole = analysis.model_copy(update={"warm_up": 0.0, "horizon": min(watch.lasts, STRETCH)})
    state = WatchState(
        begin(watch.guardrails, whole, known=_of_watch(watch, known or Known())),
        watch.lasts,
        watch.no_data_grace,
        watch.false_abort,
        watch.weight,
    )
    return _in_stretch(state, 0, 0.0)


def _of_watch(watch: WatchInputs, known: Known) -> Known:
    """What is known of the watch's own guardrails. The hour before the release is no record to judge the next day by:
    what is usual drifts."""
    names = {guardrail.name for guardrail in watch.guardrails}
    return Known(
        dispersion={name: phi for name, phi in known.dispersion.items() if name in names},
        spread={name: spread for name, spread in known.spread.items() if name in names},
    )


def stretches(lasts: float) -> int:
    """How many there are in a watch of `lasts` seconds."""
    return max(1, ceil(lasts / STRETCH))


def part_of(stretch: int, count: int) -> float:
    """The part of alpha of stretch `stretch` (from 0) of `count`; all parts sum to 1."""
    return 1.0 / ((stretch + 1) * sum(1.0 / k for k in range(1, count + 1)))


def look(state: WatchState, at: float, tick: Tick | None) -> tuple[WatchState, WatchLook]:
    """One look, `at` seconds after the commit. `tick` holds the counts of a closed window, or only errors of sources;
    None where there was nothing new. Its `at` is the end of the window, in seconds since the commit; `in_step` is
    filled in here.

    A window that was counted before, as after a write whose answer was lost, changes nothing. Raises ValueError for one
    that overlaps what was counted: its events would count twice.
    """
    if state.ended is not None:
        return state, WatchLook(state.ended, state.reason)
    decision: Decision | None = None
    if tick is not None and tick.at > state.at:
        if tick.at - tick.length < state.at - ROUNDING:
            raise ValueError(
                f"a window of {tick.length:g}s that ends at {tick.at:g}s overlaps what was counted until {state.at:g}s"
            )
        state, counted = _compared(_next_stretch(state, tick), tick)
        evidence, decision = observe(state.evidence, replace(counted, in_step=tick.at - state.stretch_began))
        state = replace(state, evidence=evidence, at=tick.at, weight=tick.weight, seen=_count(state, counted))
        if decision.verdict is Verdict.FAIL:
            return _end(state, Standing.BREACH, decision.reason, decision)
    return _after(state, max(at, state.at), tick, decision)


def _after(state: WatchState, at: float, tick: Tick | None, decision: Decision | None) -> tuple[WatchState, WatchLook]:
    """Nothing is breached: what there was no data of, and whether the watch is over."""
    quiet = {rule.name: since for rule in state.evidence.settings.rules if (since := _quiet(state, rule, at, tick))}
    told = tuple(name for name in quiet if name not in state.silent)
    back = tuple(name for name in state.silent if name not in quiet)
    state = replace(state, silent=tuple(quiet), gaps=tuple(dict.fromkeys((*state.gaps, *told))))
    silence = "; ".join(f"{name}: {why}" for name, why in quiet.items())
    if at >= state.lasts:
        standing = Standing.UNSEEN if state.gaps else Standing.HELD
        gaps = silence or f"without data for longer than {show_seconds(state.grace)} at times: {', '.join(state.gaps)}"
        found = summary(state)
        return _end(state, standing, f"{gaps}; {found}" if state.gaps else found, decision)
    standing = Standing.SILENT if told else Standing.WATCHING
    return state, WatchLook(standing, silence or summary(state), decision, told, back)


def _end(state: WatchState, standing: Standing, reason: str, decision: Decision | None) -> tuple[WatchState, WatchLook]:
    return replace(state, ended=standing, reason=reason), WatchLook(standing, reason, decision)


def _compared(state: WatchState, tick: Tick) -> tuple[WatchState, Tick]:
    """With all the traffic on one side nothing is compared: not with what the queries count of a standby without
    traffic, which may be probes or the whole service, and not with a record of the hold-back that gets older."""
    if tick.weight < 100.0:
        return state, tick
    nothing = Counts(0, 0)
    counts = {name: replace(found, baseline=nothing) for name, found in tick.counts.items()}
    states = tuple(one._replace(baseline=Baseline()) for one in state.evidence.states)
    return replace(state, evidence=Evidence(state.evidence.settings, states)), replace(tick, counts=counts)


def _quiet(state: WatchState, rule: CompiledGuardrail, at: float, tick: Tick | None) -> str:
    """Why nothing was seen of a guardrail for longer than the grace; empty while that is not so. Without a hold-back
    there is nothing of what can only compare, whatever the candidate has."""
    seen = state.seen.get(rule.name, Seen())
    since, side = seen.candidate_at, ""
    if _compares(rule) and (state.weight < 100.0 or rule.objective is None):
        since, side = min((seen.candidate_at, " of the candidate"), (seen.baseline_at, " of the hold-back"))
    if at - since <= state.grace:
        return ""
    error = tick.errors.get(rule.name, "") if tick is not None else ""
    return f"no data{side} for {show_seconds(round(at - since))}" + (f": {error}" if error else "")


def _compares(rule: CompiledGuardrail) -> bool:
    return not rule.absolute and rule.nature.counts != "nothing"


def _next_stretch(state: WatchState, tick: Tick) -> WatchState:
    """The stretch that this window belongs to."""
    begins = tick.at - tick.length
    over = begins >= state.stretch_began + STRETCH and state.stretch + 1 < stretches(state.lasts)
    if not over or _wealth(state.evidence) > 1.0:
        return state
    return _in_stretch(state, state.stretch + 1, begins)


def _in_stretch(state: WatchState, stretch: int, began: float) -> WatchState:
    """New evidence for an abort, at this stretch's part of alpha; what is known of the baseline and of clients stays,
    which is settled before the first bet. Of a hold-back without requests it does not: what is usual drifts."""
    old = state.evidence.settings
    alpha = state.alpha * part_of(stretch, stretches(state.lasts))
    settings = make_settings(old.guardrails, old.analysis.model_copy(update={"false_abort": alpha}), old.known)
    states = []
    for rule, one in zip(settings.rules, state.evidence.states, strict=True):
        renewed = begin_step(rule, one)._replace(abort=Wealth(), signatures={})
        lost = began - state.seen.get(rule.name, Seen()).baseline_at > state.grace
        states.append(renewed._replace(baseline=Baseline()) if lost else renewed)
    return replace(state, evidence=Evidence(settings, tuple(states)), stretch=stretch, stretch_began=began)


def _wealth(evidence: Evidence) -> float:
    """The evidence of all guardrails together."""
    pairs = zip(evidence.settings.rules, evidence.states, strict=True)
    return sum(rule.part * exp(min(700.0, one.abort.log)) for rule, one in pairs if rule.part)


def _count(state: WatchState, tick: Tick) -> dict[str, Seen]:
    seen = dict(state.seen)
    for rule in state.evidence.settings.rules:
        counts = tick.counts.get(rule.name)
        if counts is not None and rule.name not in tick.errors:
            seen[rule.name] = _added(seen.get(rule.name, Seen()), counts, tick.at)
    return seen


def _added(seen: Seen, counts: GuardrailCounts, at: float) -> Seen:
    candidate, baseline = counts.candidate, counts.baseline
    alive = candidate.total or candidate.bad or counts.alive or counts.firing is not None
    return Seen(
        seen.candidate + candidate.total,
        seen.candidate_bad + candidate.bad,
        seen.baseline + baseline.total,
        seen.baseline_bad + baseline.bad,
        at if alive else seen.candidate_at,
        at if baseline.total or baseline.bad or counts.baseline_alive else seen.baseline_at,
        min(seen.sampled, counts.sampled),
    )
