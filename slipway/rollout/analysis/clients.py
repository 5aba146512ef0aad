"""The first-failure test: for sticky clients, whose errors are not independent, each client counts once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from math import exp, log
from operator import mul
from typing import NamedTuple

from slipway.release.units import Percent, fraction
from slipway.rollout.analysis import constants as const
from slipway.rollout.analysis.abort import ratios
from slipway.rollout.analysis.likelihood import ratio_logs
from slipway.rollout.analysis.mixture import restart_rate, share
from slipway.rollout.analysis.overshoot import boost
from slipway.rollout.analysis.rules import CompiledGuardrail
from slipway.rollout.analysis.sampling import Sample
from slipway.rollout.analysis.state import Wealth
from slipway.rollout.analysis.types import Counts, GuardrailCounts

REGIME = "clients"
COARSE = "bucket:"
"""Prefix of a key that stands for several clients."""
DONE = 1.0


class Memory(NamedTuple):
    """What is remembered of clients that failed, see State.clients, and who of all clients bets."""

    known: Mapping[str, float]
    sample: Sample


def bet(
    rule: CompiledGuardrail,
    wealth: Wealth,
    memory: Memory,
    failures: Iterable[tuple[str, bool]],
    weight: Percent,
    length: float,
    warm: bool,
) -> tuple[Wealth, Memory, tuple[int, int]]:
    """One tick of first failures: evidence, what is known of the clients now, and how many
    failed for the first time on the candidate and on the baseline.

    A salted hash sends a client to the candidate when it is below the weight w. Without an effect the side of
    each client that fails for the first time is Bernoulli(w), whatever the clients' rates, error propensities or
    bursts; the designed weight is the exposure, not the traffic. A client that failed on the baseline at weight
    lb has a hash of at least lb: when it fails again at w its side is Bernoulli((w - lb) / (1 - lb)). A client
    that failed on the candidate never bets again, nor does one that has nothing to tell at this weight.

    Of more clients than can be remembered those in a sample bet. It is made smaller by the keys of clients that failed
    before, so whether a client bets is settled before its failure is looked at, and by its key alone: its side is
    Bernoulli(w) as before, and the evidence stays a test martingale.
    """
    rho0 = const.WARM_UP_RATIO if warm else rule.tolerate
    (known, sample), learned = memory, dict[str, float]()
    regime = f"{REGIME} warm" if warm else REGIME
    weights = wealth.weights if wealth.regime == regime else const.PRIOR
    evidence, w = wealth.log, min(1.0, fraction(weight))
    failed = [0, 0]
    for key, on_candidate in failures:
        bound = known.get(key)
        if bound is None and len(known) >= const.CLIENTS_MOST and sample.has(key):
            sample = sample.of_first(known, const.CLIENTS_MOST // 2)
            known = learned = {one: below for one, below in known.items() if sample.has(one)}
        if not sample.has(key):
            continue
        lower = 0.0 if bound is None else bound
        if bound is None:
            failed[on_candidate] += 1
        now = DONE if on_candidate else w
        if now > lower:
            if not learned:  # Thousands may be known: they are copied only when there is something to add.
                known = learned = dict(known)
            learned[key] = now
        if lower >= w or w >= 1.0:
            continue
        # In a bucket of several clients the next failer may be one of whom nothing is known yet.
        exposure = w if key.startswith(COARSE) else w - lower
        growth, weights = _once(rule, rho0, weights, exposure, 1.0 - w, on_candidate, evidence)
        evidence = min(700.0, evidence + growth)
    if w >= 1.0:
        return wealth, Memory(known, sample), (failed[1], failed[0])
    weights = share(weights, const.PRIOR, restart_rate(length, rule.horizon))
    return Wealth(evidence, regime, weights), Memory(known, sample), (failed[1], failed[0])


def _once(
    rule: CompiledGuardrail,
    rho0: float,
    weights: tuple[float, ...],
    candidate: float,
    baseline: float,
    bad: bool,
    evidence: float,
) -> tuple[float, tuple[float, ...]]:
    """One client's bet: a single event with the designed weights as exposures."""
    likelihoods, most = _likelihoods(rho0, candidate, baseline, bad)
    parts = list(map(mul, weights, likelihoods))
    total = sum(parts)
    growth, room = log(total), rule.log_abort - evidence
    if growth < room < most and rho0 == rule.tolerate:
        growth += boost(weights, rho0, ratios(rho0), candidate, baseline, 1, room, rare=False)
    return growth, tuple([part / total for part in parts])


@lru_cache(maxsize=1024)
def _likelihoods(rho0: float, candidate: float, baseline: float, bad: bool) -> tuple[list[float], float]:
    """The bets, and the log of the most that any can win: nothing overshoots a threshold that is further away."""
    logs, most = (ratio_logs(rho0, ratios(rho0), candidate, baseline, events, 1) for events in (int(bad), 1))
    return [exp(value) for value in logs], max(most)


def new_clients(counts: GuardrailCounts, failed_candidate: int, failed_baseline: int) -> GuardrailCounts:
    """The tick with clients as the events: `total` those that were seen first, `bad` those that failed first."""
    return GuardrailCounts(
        Counts(counts.candidate.total, failed_candidate), Counts(counts.baseline.total, failed_baseline)
    )
