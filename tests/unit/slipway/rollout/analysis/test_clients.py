from __future__ import annotations

import json
from math import exp
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.rollout.analysis import Counts, Decision, Evidence, GuardrailCounts, Tick, Verdict, next_step, observe
from slipway.rollout.analysis import constants as const
from slipway.rollout.analysis.sides import Sides
from tests.unit.slipway.rollout.analysis.examples import clients, counts, first, fresh, tick, watch

Failure = tuple[str, bool]


def look(
    at: float, *failures: Failure, weight: float = 5.0, new: tuple[int, int] = (5, 95), in_step: float | None = None
) -> Tick:
    seen = counts((new[0], 0), (new[1], 0), first_failures=failures)
    return tick(at, weight, in_step=in_step, clients=seen)


def start() -> Evidence:
    return fresh(clients())


def evidence_of(found: Evidence) -> float:
    return exp(found.states[0].abort.log)


def test_new_failing_clients_that_are_all_on_the_candidate_abort() -> None:
    _, decisions = watch(start(), [look(2.0 * i, (f"c{i}", True)) for i in range(1, 8)])
    abort = first(decisions, Verdict.FAIL)
    assert abort is not None
    assert abort <= 4
    assert "clients failed" in decisions[abort].reason


def test_one_client_that_fails_again_and_again_counts_once() -> None:
    once, _ = observe(start(), look(2, ("a", True)))
    after, _ = observe(start(), look(2, *[("a", True)] * 50))
    assert evidence_of(once) == evidence_of(after)
    later, _ = observe(once, look(4, ("a", True)))
    assert evidence_of(later) <= evidence_of(once)


def test_a_failing_baseline_client_is_evidence_for_the_candidate() -> None:
    found, _ = observe(start(), look(2, ("a", False)))
    assert evidence_of(found) < 1.0


def test_a_client_that_failed_on_the_baseline_bets_with_what_is_left_of_its_range() -> None:
    found, _ = observe(start(), look(2, ("a", False)))
    assert found.states[0].clients == {"a": 0.05}
    known, _ = observe(next_step(found), look(4, ("a", True), weight=25.0, in_step=2))
    fresh_key, _ = observe(next_step(found), look(4, ("b", True), weight=25.0, in_step=2))
    assert evidence_of(known) > evidence_of(fresh_key) > evidence_of(found)
    assert known.states[0].clients["a"] == 1.0


@pytest.mark.parametrize(("key", "fair"), [("bucket:a", True), ("a", False)])
def test_a_client_who_is_drawn_with_each_request_is_fair_only_as_a_bucket(key: str, fair: bool) -> None:
    """It keeps no cookies: at 25% its next failure is on the candidate with a chance of a quarter, as ever."""
    before, _ = observe(start(), look(2, (key, False)))
    before = next_step(before)
    after = {side: observe(before, look(4, (key, side), weight=25.0, in_step=2))[0] for side in (True, False)}
    expected = 0.25 * evidence_of(after[True]) + 0.75 * evidence_of(after[False])
    assert (expected <= evidence_of(before) * (1 + 1e-9)) is fair


def test_a_bucket_of_several_clients_is_given_the_whole_range() -> None:
    found, _ = observe(start(), look(2, ("bucket:7", False), ("bucket:8", False)))
    known, _ = observe(next_step(found), look(4, ("bucket:7", True), weight=25.0, in_step=2))
    other, _ = observe(next_step(found), look(4, ("bucket:9", True), weight=25.0, in_step=2))
    assert evidence_of(known) == pytest.approx(evidence_of(other))


def test_a_candidate_client_never_bets_again() -> None:
    found, _ = observe(start(), look(2, ("a", True)))
    later, _ = observe(next_step(found), look(4, ("a", True), weight=25.0, in_step=2))
    other, _ = observe(next_step(found), look(4, weight=25.0, in_step=2))
    assert evidence_of(later) == evidence_of(other)


@settings(max_examples=100)
@given(st.floats(0.01, 0.95), st.floats(0.0, 0.94), st.booleans())
def test_each_bet_is_fair_when_the_side_is_decided_by_the_hash(w: float, lower: float, known: bool) -> None:
    """Exactly: the mean of the (truncated) evidence over both sides, with the true chance of each."""
    bound = min(lower, w * 0.99) if known else 0.0
    evidence = fresh(clients(tolerate=1.0))
    if known:
        evidence, _ = observe(evidence, look(2, ("a", False), weight=100.0 * bound))
    before = evidence_of(evidence)
    on, _ = observe(evidence, look(4, ("a", True), weight=100.0 * w))
    off, _ = observe(evidence, look(4, ("a", False), weight=100.0 * w))
    chance = (w - bound) / (1.0 - bound)
    mean = chance * min(100.0, evidence_of(on)) + (1.0 - chance) * min(100.0, evidence_of(off))
    assert mean <= before * (1.0 + 1e-9)


def test_clients_without_failures_are_promoted_by_their_number() -> None:
    _, decisions = watch(start(), [look(2.0 * i, new=(20, 380)) for i in range(1, 40)])
    passed = first(decisions, Verdict.PASS)
    assert passed is not None
    assert 400 <= 20 * (passed + 1) <= 420


def test_what_is_known_of_the_clients_is_shared_until_it_changes() -> None:
    known, _ = observe(start(), look(2, ("a", False), ("b", True)))
    quiet, _ = observe(known, look(4, ("a", False), ("b", True)))
    assert quiet.states[0].clients is known.states[0].clients
    more, _ = observe(known, look(6, ("c", True)))
    assert known.states[0].clients == {"a": 0.05, "b": 1.0}
    assert more.states[0].clients == {"a": 0.05, "b": 1.0, "c": 1.0}


def test_memory_is_bounded_and_a_sample_of_later_clients_bets() -> None:
    many = [(f"{i * 7919 % 9973:04}", i % 20 == 0) for i in range(9000)]
    evidence, _ = observe(start(), look(2, *many))
    state = evidence.states[0]
    assert const.CLIENTS_MOST // 2 <= len(state.clients) <= const.CLIENTS_MOST
    assert state.betting.share == pytest.approx(0.25)
    assert all(map(state.betting.has, state.clients))
    later, _ = observe(evidence, look(4, ("0000x", True)))
    assert evidence_of(later) > evidence_of(evidence), "the watch is not blind"
    kept = Evidence.from_json(json.loads(json.dumps(evidence.to_json())))
    assert kept.states == evidence.states


def test_who_was_left_out_never_bets_again() -> None:
    many = [(f"{i * 7919 % 9973:04}", False) for i in range(9000)]
    evidence, _ = observe(start(), look(2, *many))
    left_out = [(key, True) for key, _ in many if not evidence.states[0].betting.has(key)]
    after, _ = observe(evidence, look(4, *left_out))
    quiet, _ = observe(evidence, look(4))
    assert after.states[0].abort == quiet.states[0].abort
    assert after.states[0].clients == quiet.states[0].clients


def mean_evidence(evidence: Evidence, keys: list[str], w: float, at: float = 2.0) -> float:
    """Over all ways in which these clients' failures may fall on the sides by the weight, stopped at 100."""
    if not keys or evidence_of(evidence) >= 100.0:
        return min(100.0, evidence_of(evidence))
    sides = {side: observe(evidence, look(at, (keys[0], side), weight=100.0 * w))[0] for side in (True, False)}
    on, off = (mean_evidence(sides[side], keys[1:], w, at + 2.0) for side in (True, False))
    return w * on + (1.0 - w) * off


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text("abcdef", min_size=1, max_size=3), min_size=3, max_size=6, unique=True), st.floats(0.02, 0.98))
def test_with_a_sample_the_evidence_is_still_fair(keys: list[str], w: float) -> None:
    """Exactly, by every way in which the clients may be drawn."""
    with patch.object(const, "CLIENTS_MOST", 2):
        assert mean_evidence(fresh(clients(tolerate=1.0)), keys, w) <= 1.0 + 1e-9


@given(st.lists(st.tuples(st.text("abcdef", min_size=1, max_size=2), st.booleans()), max_size=30), st.integers(2, 6))
def test_who_bets_does_not_depend_on_the_side_of_any_failure(failures: list[Failure], most: int) -> None:
    with patch.object(const, "CLIENTS_MOST", most):
        found, _ = observe(start(), look(2, *failures))
        other, _ = observe(start(), look(2, *[(key, not side) for key, side in failures]))
    assert found.states[0].betting == other.states[0].betting
    assert found.states[0].clients.keys() == other.states[0].clients.keys()
    assert len(found.states[0].clients) <= most


def test_at_weight_zero_nobody_bets_and_nothing_is_remembered() -> None:
    evidence, decision = observe(start(), look(2, ("a", False), weight=0.0))
    assert evidence_of(evidence) == 1.0
    assert evidence.states[0].clients == {}
    assert decision.verdict is Verdict.INCONCLUSIVE


def ramp(seed: int, broken: float, ratio: float = 1.0) -> list[Decision]:
    """A ramp over sticky clients with heavy-tailed error propensities, a tick a list of first failures."""
    rng = np.random.default_rng(seed)
    hashes, hazard = rng.random(400), rng.pareto(1.1, 400) * broken
    evidence, decisions = start(), []
    for index, weight in enumerate((0.05, 0.25, 0.5)):
        candidate = hashes < weight
        times = rng.exponential(1.0, 400) / (hazard * np.where(candidate, ratio, 1.0))
        for at in range(30):
            due = np.flatnonzero((times >= at) & (times < at + 1))
            failures = [(str(client), bool(candidate[client])) for client in due[np.argsort(times[due])]]
            now = look(60.0 * index + 2 * at + 2, *failures, weight=100 * weight, in_step=2 * at + 2)
            evidence, decision = observe(evidence, now)
            decisions.append(decision)
        evidence = next_step(evidence)
    return decisions


def test_healthy_ramps_over_sticky_heavy_tailed_clients_are_not_aborted() -> None:
    aborted = sum(first(ramp(seed, 0.01), Verdict.FAIL) is not None for seed in range(150))
    assert aborted <= 3


def test_a_candidate_that_fails_its_clients_is_aborted_in_the_ramp() -> None:
    aborted = sum(first(ramp(seed, 0.005, ratio=10.0), Verdict.FAIL) is not None for seed in range(20))
    assert aborted >= 18


def test_a_quiet_look_where_a_fifth_of_the_clients_fail_is_no_error() -> None:
    """Nobody's time of observation ends in it, and the events are common: both sides of the bet are empty."""
    evidence, nobody = fresh(clients()), Counts(0, 0)
    for at in range(1, 10):
        failing = Counts(20, 4)
        found = GuardrailCounts(failing, failing, alive=True, judged=Sides(failing, failing))
        evidence, _ = observe(evidence, tick(float(at), 50.0, clients=found))
    quiet = GuardrailCounts(nobody, nobody, alive=True, judged=Sides(nobody, nobody))
    after, decision = observe(evidence, tick(10.0, 50.0, clients=quiet))
    assert decision.verdict is not Verdict.ERROR
    assert after.states[0].promote.log == evidence.states[0].promote.log


def test_three_clients_of_the_baseline_of_whom_one_failed_let_no_candidate_pass_alone() -> None:
    evidence, nobody = fresh(clients(negligible="1%")), Counts(0, 0)
    few = GuardrailCounts(Counts(3, 0), Counts(3, 1), alive=True, judged=Sides(Counts(3, 0), Counts(3, 1)))
    evidence, _ = observe(evidence, tick(1.0, 50.0, clients=few))
    evidence = next_step(evidence)
    for at in range(2, 32):
        failing = GuardrailCounts(Counts(20, 4), nobody, alive=True, judged=Sides(Counts(20, 4), nobody))
        evidence, decision = observe(evidence, tick(float(at), 100.0, clients=failing))
        assert decision.verdict is not Verdict.PASS, decision.reason
