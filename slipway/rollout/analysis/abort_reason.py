"""Which of the bets led to an abort, so that the reason names what was seen."""

from __future__ import annotations

from slipway.release.units import show_seconds, show_share
from slipway.rollout.analysis import constants as const
from slipway.rollout.analysis import signatures
from slipway.rollout.analysis.nulls import acceptable_share
from slipway.rollout.analysis.rules import CompiledGuardrail
from slipway.rollout.analysis.state import State

SIZE = len(const.PRIOR)


def shown(rule: CompiledGuardrail, state: State, alone: bool) -> str:
    """What an abort has shown, such as `ratio above 1.1 shown`."""
    if rule.nature.by_signature:
        return f"ratio above {rule.tolerate:g} shown for the error {signatures.leading(state.signatures)!r}"
    if rule.absolute or alone or state.abort.regime.startswith("alone"):
        null = acceptable_share(rule, state.baseline)
        return "" if null is None else f"bad share above {show_share(null[0])} shown ({null[1]})"
    own = 2 if rule.phi > 1.0 and state.abort.regime.startswith("common") else 1
    leading, bound = _leading(state), ""
    if rule.nature.by_bounds and own <= leading < own + len(state.buckets.places):
        seconds = state.buckets.bounds[state.buckets.places[leading - own]]
        bound = f" for responses slower than {show_seconds(seconds)}"
    return f"ratio above {rule.tolerate:g} shown{bound}"


def _leading(state: State) -> int:
    """The family of bets that holds most of the wealth."""
    weights = state.abort.weights
    sums = [sum(weights[at : at + SIZE]) for at in range(0, len(weights), SIZE)]
    return sums.index(max(sums)) if sums else 0
