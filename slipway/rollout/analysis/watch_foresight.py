"""What a watch will do and how soon it finds a fault, from the expected traffic: for `pulumi preview`."""

from __future__ import annotations

from collections.abc import Iterator

from slipway.release.manifest.analysis import Analysis, ExpectedTraffic
from slipway.release.manifest.watch import needs_holdback
from slipway.release.units import Fraction, fraction, show_seconds, show_share
from slipway.release.watch_inputs import WatchInputs
from slipway.rollout.analysis import constants as const
from slipway.rollout.analysis.foresight import growth_of, usual
from slipway.rollout.analysis.reasons import duration
from slipway.rollout.analysis.rules import CompiledGuardrail, Known
from slipway.rollout.analysis.state import Baseline
from slipway.rollout.analysis.watching import begin_watch

FAULTS: tuple[Fraction, ...] = (0.05, 0.01)
"""Bad shares of the release whose discovery is foreseen."""


def foresee_watch(
    watch: WatchInputs, analysis: Analysis, standby: str | None, known: Known | None = None
) -> tuple[str, ...]:
    """Lines for the plan. `standby` is the version that is kept warm; None without one. Times are means, for a fault
    that begins within the first hour of the watch."""
    lines = [_what(watch, standby), *_unjudged(watch, standby)]
    expected = analysis.expected
    if expected is None:
        return tuple(lines)
    weight = watch.weight if standby is not None else 100.0
    for rule in begin_watch(watch, analysis, known).evidence.settings.rules:
        if not rule.nature.expected:
            continue
        held = _found(rule, expected, weight, analysis.tick) if weight < 100.0 else ""
        alone = _found(rule, expected, 100.0, analysis.tick)
        lines.append(f"watch, {rule.name}: {_either(held, alone, rule.absolute)}")
    if weight < 100.0:
        lines += _thin(watch, expected)
    return tuple(lines)


def _what(watch: WatchInputs, standby: str | None) -> str:
    why = watch.why_it_only_escalates(standby is not None)
    back = f"a breach only escalates ({why})" if why else f"a breach puts the traffic back to {standby}"
    kills = f" and kills {', '.join(watch.on_breach.kill)}" if watch.on_breach.kill else ""
    held = ""
    if watch.holdback is not None and standby is not None:
        held = f", {show_share(watch.holdback)} of the traffic stays on {standby}"
    return f"watch for {show_seconds(watch.lasts)} after the commit{held}; {back}{kills}"


def _unjudged(watch: WatchInputs, standby: str | None) -> Iterator[str]:
    """What would be judged if there were a standby."""
    if watch.holdback is None or standby is not None:
        return
    names = [one.name for one in watch.guardrails if needs_holdback(one)]
    lost = f", so {', '.join(names)} cannot be judged" if names else ""
    yield f"warning: no version is kept warm, and nothing is held back{lost}"


def _found(rule: CompiledGuardrail, expected: ExpectedTraffic, weight: float, tick: float) -> str:
    """`5% in 74s (356 failed), 1% not`; empty where no fault is found."""
    growth = growth_of(rule, expected, weight, weight >= 100.0, Baseline())
    texts, any_ = [], False
    for share in FAULTS:
        speed = growth(share / usual(rule, expected))
        seconds = max(tick, (rule.log_abort + const.MIXTURE_COST) / speed) if speed > 0.0 else rule.horizon + 1.0
        if seconds > rule.horizon:
            texts.append(f"{show_share(share)} not within {duration(rule.horizon)}")
            continue
        any_ = True
        failed = seconds * expected.rate * fraction(weight) * share
        texts.append(f"{show_share(share)} in {duration(seconds)} ({failed:,.0f} failed)")
    return ", ".join(texts) if any_ else ""


def _either(held: str, alone: str, absolute: bool) -> str:
    if absolute or not held:
        return f"a fault of {alone}" if alone else "no fault is found"
    return f"a fault of {held}; without the hold-back {alone or 'none is found'}"


def _thin(watch: WatchInputs, expected: ExpectedTraffic) -> Iterator[str]:
    """A hold-back that gets next to no requests."""
    seconds = 1.0 / (expected.rate * (watch.holdback or 1.0))
    if seconds * 10.0 > watch.no_data_grace:
        yield (
            f"warning: the hold-back gets a request every {duration(seconds)}: a gap longer than noDataGrace "
            f"({show_seconds(watch.no_data_grace)}) is to be expected, and is told as missing data"
        )
