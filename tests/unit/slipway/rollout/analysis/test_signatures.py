"""New errors are found by their signature, and old rare ones stop nobody. Simulations are seeded."""

from __future__ import annotations

from collections.abc import Mapping
from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.release.manifest.analysis import Analysis
from slipway.release.manifest.guardrails import Logs
from slipway.rollout.analysis import Counts, Evidence, GuardrailCounts, Tick, Verdict, begin, observe
from slipway.rollout.analysis.rules import Known, compile_guardrails
from slipway.rollout.analysis.signatures import MOST, bet, leading, total
from slipway.rollout.analysis.state import Wealth
from slipway.rollout.measurement.recorded import record_of, tick_of

LOGS = Logs(name="logs", kind="logs", requests='revision:="{revision}"', errors="level:=error")
ANALYSIS = Analysis.model_validate({"falseAbort": "1%", "horizon": "1h", "tick": "5s"})
(RULE,) = compile_guardrails((LOGS,), ANALYSIS, Known())
RATE, LENGTH, RARE = 100.0, 5.0, 60
SPREAD = np.geomspace(2e-5, 3e-3, RARE)
"""The share of the requests that has each of the rare errors: together 2.8% of them have one."""

Sides = tuple[int, int]


def counts(candidate: int, baseline: int, errors: Mapping[str, Sides]) -> GuardrailCounts:
    bad = [min(n, sum(one[side] for one in errors.values())) for side, n in enumerate((candidate, baseline))]
    listed = tuple((text, *sides) for text, sides in errors.items())
    return GuardrailCounts(Counts(candidate, bad[0]), Counts(baseline, bad[1]), signatures=listed)


def tick(number: int, weight: float, found: GuardrailCounts) -> Tick:
    at = number * LENGTH
    return Tick(at, at, LENGTH, weight, {"logs": found}, {})


class Service:
    """Requests and the errors in its logs; `new` is the share of the candidate's requests with an error of its own."""

    def __init__(self, seed: int, weight: float, new: float = 0.0) -> None:
        self.dice = np.random.default_rng(seed)
        self.weight = weight
        self.new = new

    def counts(self) -> GuardrailCounts:
        requests = self.dice.poisson(RATE * LENGTH)
        own = int(self.dice.binomial(requests, self.weight / 100))
        other = int(requests - own)
        seen = zip(self.dice.binomial(own, SPREAD), self.dice.binomial(other, SPREAD), strict=True)
        errors = {f"e{number:02}": (int(a), int(b)) for number, (a, b) in enumerate(seen) if a + b}
        if self.new and (count := int(self.dice.binomial(own, self.new))):
            errors["zz new"] = (count, 0)
        return counts(own, other, errors)


def found_after(seed: int, weight: float, new: float, seconds: float) -> float | None:
    """Seconds until the candidate is stopped; None when it is not."""
    service, evidence = Service(seed, weight, new), begin((LOGS,), ANALYSIS)
    for number in range(1, int(seconds / LENGTH) + 1):
        evidence, decision = observe(evidence, tick(number, weight, service.counts()))
        if decision.verdict is Verdict.FAIL:
            assert not new or "'zz new'" in decision.reason
            return number * LENGTH
    return None


@pytest.mark.parametrize("weight", [5.0, 50.0])
def test_a_healthy_candidate_with_60_rare_errors_is_stopped_at_most_as_often_as_promised(weight: float) -> None:
    stopped = [found_after(seed, weight, 0.0, 300.0) is not None for seed in range(40)]
    assert sum(stopped) <= 2  # of 40 at alpha 1%: more has a chance below 1 in a hundred


@pytest.mark.parametrize(("weight", "median"), [(5.0, 150.0), (50.0, 45.0)])
def test_a_new_error_in_one_of_a_hundred_requests_of_the_candidate_is_found(weight: float, median: float) -> None:
    after = [found_after(seed, weight, 0.01, 900.0) for seed in range(20)]
    assert all(one is not None for one in after)
    assert float(np.median([one for one in after if one is not None])) <= median


def test_an_error_that_is_as_frequent_on_both_sides_is_no_fault() -> None:
    evidence = begin((LOGS,), ANALYSIS)
    for number in range(1, 100):
        evidence, decision = observe(evidence, tick(number, 50.0, counts(250, 250, {"old": (25, 25)})))
        assert decision.verdict is not Verdict.FAIL


def test_the_reason_names_the_error_that_was_found() -> None:
    evidence, number = begin((LOGS,), ANALYSIS), 0
    while True:
        number += 1
        found = counts(250, 250, {"old": (2, 2), "no route to <IP4>": (9, 0)})
        evidence, decision = observe(evidence, tick(number, 50.0, found))
        if decision.verdict is Verdict.FAIL:
            break
    assert "ratio above 1.1 shown for the error 'no route to <IP4>'" in decision.reason
    assert "requests with errors" in decision.reason


def test_a_candidate_without_new_errors_passes_in_the_end() -> None:
    evidence, verdicts = begin((LOGS,), ANALYSIS), set()
    for number in range(1, 200):
        evidence, decision = observe(evidence, tick(number, 50.0, counts(250, 250, {})))
        verdicts.add(decision.verdict)
    assert Verdict.PASS in verdicts
    assert Verdict.FAIL not in verdicts


@given(st.lists(st.floats(-20.0, 20.0), max_size=40))
def test_the_weights_of_all_signatures_that_may_come_sum_to_one(logs: list[float]) -> None:
    known = {str(number): Wealth(value) for number, value in enumerate(logs)}
    assert total({text: Wealth(0.0) for text in known}) == pytest.approx(0.0, abs=1e-12)
    largest = max([0.0, *logs])
    assert total(known) <= largest + 1e-9
    assert total(known) >= -log(len(logs) + 1) - 1e-9


@given(st.integers(1, 200), st.integers(1, 5000), st.integers(0, 40), st.floats(1.0, 3.0))
def test_each_bet_is_fair_whatever_the_exposures_are(candidate: int, baseline: int, both: int, length: float) -> None:
    """Given how many requests had an error, and a ratio of just what is tolerated, the mean evidence is at most 1."""
    theta = RULE.tolerate * candidate / (RULE.tolerate * candidate + baseline)
    mean = 0.0
    for own in range(both + 1):
        wealth, _ = bet(RULE, {}, counts(candidate, baseline, {"e": (own, both - own)}), length, warm=False)
        chance = float(np.exp(_log_binomial(both, own, theta)))
        mean += chance * float(np.exp(wealth.log))
    assert mean <= 1.0 + 1e-9


def _log_binomial(n: int, k: int, p: float) -> float:
    from math import lgamma

    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) + k * log(p) + (n - k) * log(1 - p)


def test_the_order_within_a_tick_does_not_depend_on_the_sides() -> None:
    first, second = (
        bet(RULE, {}, counts(100, 100, errors), LENGTH, warm=False)[1]
        for errors in ({"b": (3, 0), "a": (0, 3)}, {"b": (0, 3), "a": (3, 0)})
    )
    assert list(first) == list(second) == ["a", "b"]


def test_there_is_an_end_to_the_signatures_that_are_remembered() -> None:
    many = {f"e{number:04}": (1, 1) for number in range(MOST + 50)}
    _, known = bet(RULE, {}, counts(5000, 5000, many), LENGTH, warm=False)
    assert len(known) == MOST
    _, again = bet(RULE, known, counts(5000, 5000, {"late": (90, 0)}), LENGTH, warm=False)
    assert "late" not in again


def test_without_a_baseline_nothing_is_bet() -> None:
    wealth, known = bet(RULE, {}, counts(100, 0, {"e": (5, 0)}), LENGTH, warm=False)
    assert (wealth.log, dict(known)) == (0.0, {})
    assert leading(known) == ""


def test_the_journal_decides_the_same_again() -> None:
    service, evidence = Service(7, 25.0, 0.01), begin((LOGS,), ANALYSIS)
    replayed = evidence
    for number in range(1, 30):
        one = tick(number, 25.0, service.counts())
        evidence, decision = observe(evidence, one)
        again = tick_of(record_of(one, decision))
        assert again == one
        replayed = Evidence.from_json(replayed.to_json())
        replayed, same = observe(replayed, again)
        assert same == decision
    assert replayed == evidence
