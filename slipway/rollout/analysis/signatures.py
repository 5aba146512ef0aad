"""Errors by their signature: one sequential test for each, so that a rare error which only the candidate has is found
beside frequent ones that both sides have.

A rule such as "a signature that the baseline never had" stops good releases: rare errors of long standing meet the
candidate first as often as its share of the traffic. So each signature is bet on like the bad events of a guardrail,
by what it would be if the candidate were no worse, and the bets are weighted by the order of first appearance,
1 / (j (j + 1)). The weights sum to 1, and the sum of e-processes so weighted is one, whatever the signatures have to do
with each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import exp, log

from slipway.rollout.analysis import constants as const
from slipway.rollout.analysis.abort import NOTHING, ratios
from slipway.rollout.analysis.likelihood import exposure_logs
from slipway.rollout.analysis.mixture import mix_and_share, restart_rate
from slipway.rollout.analysis.rules import CompiledGuardrail
from slipway.rollout.analysis.state import Wealth
from slipway.rollout.analysis.types import GuardrailCounts

REGIME = "signatures"
MOST = 512
"""So many signatures are bet on; those that appear later are not (power is lost, never validity)."""

Known = Mapping[str, Wealth]
"""The test of each signature, in the order of first appearance."""


def bet(
    rule: CompiledGuardrail, known: Known, counts: GuardrailCounts, length: float, *, warm: bool
) -> tuple[Wealth, Known]:
    """One tick: the evidence of all signatures together, and of each. Signatures that appear in the same tick are put
    in the order of their text, which has nothing to do with the side that they came from."""
    candidate, baseline = counts.candidate.total, counts.baseline.total
    seen = {text: (own, other) for text, own, other in counts.signatures if own + other > 0}
    if not candidate or not baseline:
        return Wealth(total(known), REGIME), known
    new = sorted(text for text in seen if text not in known)[: max(0, MOST - len(known))]
    tests = {**known, **{text: Wealth(0.0, _regime(warm), const.PRIOR) for text in new}}
    rho0, restarts = const.WARM_UP_RATIO if warm else rule.tolerate, restart_rate(length, rule.horizon)
    pairs = list(zip(const.GAINS, exposure_logs(rho0, ratios(rho0), candidate, baseline), strict=True))
    found = {}
    for text, test in tests.items():
        own, other = seen.get(text, (0, 0))
        logs = [own * gain + (own + other) * fall for gain, fall in pairs] if own + other else NOTHING
        weights = test.weights if test.regime == _regime(warm) else const.PRIOR
        growth, spread = mix_and_share(weights, logs, const.PRIOR, restarts)
        found[text] = Wealth(min(700.0, test.log + growth), _regime(warm), spread)
    return Wealth(total(found), REGIME), found


def total(known: Known) -> float:
    """Log of the weighted sum; what has not appeared yet counts as the 1 that it begins with."""
    parts = [exp(test.log) / ((place + 1) * (place + 2)) for place, test in enumerate(known.values())]
    return min(700.0, log(sum(parts) + 1.0 / (len(known) + 1)))


def leading(known: Known) -> str:
    """The signature with most of the evidence; empty without any."""
    weighted = [(test.log - log((place + 1) * (place + 2)), text) for place, (text, test) in enumerate(known.items())]
    return max(weighted)[1] if weighted else ""


def _regime(warm: bool) -> str:
    return f"{REGIME} warm" if warm else REGIME
