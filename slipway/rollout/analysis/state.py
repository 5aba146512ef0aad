"""What is remembered of one guardrail between two looks: small immutable values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from slipway.rollout.analysis.sampling import ALL, Sample
from slipway.rollout.analysis.types import Counts


class Wealth(NamedTuple):
    """A sequential test: the log of its evidence, and how the next bet is spread over the alternatives.

    `regime` names the set of alternatives that the weights belong to; in another regime the spread starts
    anew while the evidence goes on."""

    log: float = 0.0
    regime: str = ""
    weights: tuple[float, ...] = ()


class Baseline(NamedTuple):
    """The baseline's events since its bad share last changed grossly (see `baseline.record`), and those of the
    unfinished batch among them that the next such change is looked for in."""

    total: int = 0
    bad: int = 0
    batch_total: int = 0
    batch_bad: int = 0


class Pending(NamedTuple):
    """Counts of `seconds` that wait for the other side (see `gather`). `warm`: they are of the warm-up."""

    candidate: Counts = Counts(0, 0)
    baseline: Counts = Counts(0, 0)
    seconds: float = 0.0
    warm: bool = False


class Step(NamedTuple):
    """What was seen in the current step: events of either side, in `seconds` of covered time."""

    candidate: int = 0
    candidate_bad: int = 0
    baseline: int = 0
    baseline_bad: int = 0
    seconds: float = 0.0
    at: float = 0.0
    """`in_step` of the last look: when it falls, a new step has begun."""
    met: float = 0.0
    """Those of `seconds` whose counts could be bet on, because both sides had some."""


class Buckets(NamedTuple):
    """Latency only: the histogram's bounds, the places of those that take part, and the baseline's events slower
    than each of these so far."""

    bounds: tuple[float, ...] = ()
    places: tuple[int, ...] = ()
    slower: tuple[int, ...] = ()
    total: int = 0


class State(NamedTuple):
    """Everything about one guardrail."""

    abort: Wealth = Wealth()
    promote: Wealth = Wealth()
    baseline: Baseline = Baseline()
    step: Step = Step()
    first_at: float | None = None
    """When the candidate's first traffic was seen, in seconds since the rollout began."""
    last_at: float | None = None
    buckets: Buckets = Buckets()
    clients: Mapping[str, float] = {}
    """Client failures only: the weight (fraction) below which a client that failed is known to be no candidate
    client; 1 when it failed on the candidate and never bets again."""
    pending: Pending = Pending()
    bounded: Wealth = Wealth()
    """Evidence that the harm of going on is bounded."""
    signatures: Mapping[str, Wealth] = {}
    """Logs only: the test of each error's signature, in the order of first appearance."""
    betting: Sample = ALL
    """Client failures only: who of the clients bets; of more than can be remembered a sample."""


def count_step(step: Step, candidate: Counts, baseline: Counts, length: float, at: float, met: float) -> Step:
    """The step's counts with one more tick."""
    return Step(
        step.candidate + candidate.total,
        step.candidate_bad + candidate.bad,
        step.baseline + baseline.total,
        step.baseline_bad + baseline.bad,
        step.seconds + length,
        at,
        step.met + met,
    )


def state_to_json(state: State) -> dict[str, Any]:
    """Plain JSON values; what is empty is left out."""
    data: dict[str, Any] = {
        "abort": [*list(state.abort[:2]), list(state.abort.weights)],
        "promote": [*list(state.promote[:2]), list(state.promote.weights)],
        "baseline": list(state.baseline),
        "step": list(state.step),
        "firstAt": state.first_at,
        "lastAt": state.last_at,
    }
    if state.buckets.bounds:
        *lists, total = state.buckets
        data["buckets"] = [*map(list, lists), total]
    if state.clients:
        data["clients"] = dict(state.clients)
    if state.betting != ALL:
        data["betting"] = state.betting.to_json()
    if state.pending.seconds:
        candidate, baseline, seconds, warm = state.pending
        data["pending"] = [_counts_to_json(candidate), _counts_to_json(baseline), seconds, warm]
    if state.bounded.regime:
        data["bounded"] = [*list(state.bounded[:2]), list(state.bounded.weights)]
    if state.signatures:
        data["signatures"] = [[text, *test[:2], list(test.weights)] for text, test in state.signatures.items()]
    return data


def state_from_json(data: Mapping[str, Any]) -> State:
    """The inverse of `state_to_json`. Raises KeyError, TypeError or ValueError for anything else."""
    bounds, places, slower, total = data.get("buckets", ((), (), (), 0))
    return State(
        _wealth(data["abort"]),
        _wealth(data["promote"]),
        Baseline(*data["baseline"]),
        Step(*data["step"]),
        data["firstAt"],
        data["lastAt"],
        Buckets(tuple(bounds), tuple(places), tuple(slower), total),
        dict(data.get("clients", {})),
        _pending(data["pending"]) if "pending" in data else Pending(),
        _wealth(data["bounded"]) if "bounded" in data else Wealth(),
        {text: _wealth((log, regime, weights)) for text, log, regime, weights in data.get("signatures", ())},
        Sample.from_json(data["betting"]) if "betting" in data else ALL,
    )


def _counts_to_json(counts: Counts) -> list[Any]:
    return [counts.total, counts.bad, list(counts.bounds), list(counts.slower)]


def _pending(data: tuple[list[Any], list[Any], float, bool]) -> Pending:
    sides, rest = data[:2], data[2:]
    candidate, baseline = (Counts(total, bad, tuple(bounds), tuple(slower)) for total, bad, bounds, slower in sides)
    return Pending(candidate, baseline, float(rest[0]), bool(rest[1]))


def _wealth(data: tuple[float, str, list[float]]) -> Wealth:
    log, regime, weights = data
    return Wealth(float(log), str(regime), tuple(weights))
