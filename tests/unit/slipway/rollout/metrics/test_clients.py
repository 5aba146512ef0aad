from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.rollout.analysis import Counts, GuardrailCounts, Verdict, begin, next_step, observe
from slipway.rollout.analysis.clients import COARSE
from slipway.rollout.analysis.evidence import Evidence
from slipway.rollout.analysis.sampling import Sample
from slipway.rollout.analysis.sides import Sides
from slipway.rollout.metrics import clients as subject
from slipway.rollout.metrics.base import ClientEvents
from slipway.rollout.metrics.clients import KEPT_MOST, RENEW_SECONDS, SETTLE_SECONDS, ClientLedger
from slipway.rollout.metrics.salt import Salt
from tests.unit.slipway.rollout.analysis.examples import clients, fresh, tick

LATER = SETTLE_SECONDS
OBSERVE = 10.0
Failure = tuple[str, bool]


def events(candidate: str = "", baseline: str = "", *failures: Failure, alive: bool = True) -> ClientEvents:
    """`alive` is the candidate's."""
    return ClientEvents(Sides(frozenset(candidate), frozenset(baseline)), failures, Sides(alive, True))


def test_a_client_is_counted_once_a_step_on_each_side() -> None:
    ledger = ClientLedger(OBSERVE)
    ledger.take(events("ab", "cd", ("c", False)), 0.0, LATER)
    ledger.take(events("b", "cde", ("c", False), ("c", False)), 0.0, LATER)
    found = ledger.counts({}, 5.0, 0.0)
    assert (found.candidate.total, found.baseline.total, found.baseline.bad) == (2, 3, 1)
    assert found.first_failures == (("c", False),)
    ledger.take(events("ab", "c"), 0.0, LATER)
    assert ledger.counts({}, 5.0, 0.0).candidate.total == 0
    ledger.next_step()
    ledger.take(events("ab", "c"), 0.0, LATER)
    assert ledger.counts({}, 25.0, 0.0).candidate.total == 2


def test_known_clients_are_no_news_but_they_are_no_silence() -> None:
    ledger = ClientLedger(OBSERVE)
    ledger.take(events("a"), 0.0, LATER)
    assert ledger.counts({}, 5.0, 0.0).alive
    assert not ledger.counts({}, 5.0, 0.0).alive
    ledger.take(events("a"), 0.0, LATER)
    found = ledger.counts({}, 5.0, 0.0)
    assert (found.candidate, found.baseline, found.alive) == (Counts(0, 0), Counts(0, 0), True)


def test_a_client_is_judged_once_when_its_time_is_over() -> None:
    ledger = ClientLedger(OBSERVE)
    ledger.take(events("ab", "c"), 0.0, LATER)
    ledger.take(events("ad", "", ("a", True)), 6.0, LATER)
    ledger.take(events("d"), OBSERVE - 0.1, LATER)
    assert ledger.counts({}, 5.0, OBSERVE - 0.1).judged == (Counts(0, 0), Counts(0, 0))
    ledger.take(events("", "c", alive=False), OBSERVE, LATER)
    assert ledger.counts({}, 5.0, OBSERVE).judged == (Counts(2, 1), Counts(1, 0))
    ledger.take(events("ab", "", ("b", True)), OBSERVE + 6.0, LATER)
    assert ledger.counts({}, 5.0, OBSERVE + 6.0).judged == (Counts(1, 0), Counts(0, 0))
    ledger.take(events("b"), 10 * OBSERVE, LATER)
    assert ledger.counts({}, 5.0, 10 * OBSERVE).judged == (Counts(0, 0), Counts(0, 0))


def test_a_source_that_went_quiet_makes_nobody_good() -> None:
    ledger = ClientLedger(OBSERVE)
    ledger.take(events("ab", "c"), 0.0, LATER)
    ledger.take(events(alive=False), 10 * OBSERVE, LATER)
    assert ledger.counts({}, 5.0, 10 * OBSERVE).judged == (Counts(0, 0), Counts(0, 0))
    ledger.take(events("d", "", ("a", True)), 10 * OBSERVE + 1.0, LATER)
    assert ledger.counts({}, 5.0, 10 * OBSERVE + 1.0).judged == (Counts(2, 1), Counts(1, 0))


def test_who_fails_without_being_seen_bets_but_is_no_sample_of_how_many_fail() -> None:
    """In the middle of a bitmap's window all who are well stay unseen: only those who fail would be judged."""
    ledger = ClientLedger(OBSERVE)
    ledger.take(events("ab", "", ("b", True), ("x", True), ("y", False), ("y", False)), 0.0, LATER)
    found = ledger.counts({}, 50.0, 0.0)
    assert found.first_failures == (("b", True), ("x", True), ("y", False))
    assert (found.candidate, found.baseline) == (Counts(3, 2), Counts(1, 1))
    ledger.take(events("abx", "y"), OBSERVE, LATER)
    found = ledger.counts({}, 50.0, OBSERVE)
    assert found.judged == (Counts(2, 1), Counts(0, 0))
    assert (found.candidate, found.baseline) == (Counts(0, 0), Counts(0, 0))
    ledger.take(events("a"), 2 * OBSERVE, LATER)
    assert ledger.counts({}, 50.0, 2 * OBSERVE).judged == (Counts(1, 0), Counts(1, 0))


def test_alone_at_100_percent_a_client_is_observed_anew_after_a_while() -> None:
    ledger = ClientLedger(OBSERVE)
    ledger.take(events("a"), 0.0, LATER)
    ledger.take(events("a"), OBSERVE, LATER)
    assert ledger.counts({}, 100.0, OBSERVE).judged == (Counts(1, 0), Counts(0, 0))
    later = OBSERVE + RENEW_SECONDS
    ledger.counts({}, 100.0, later)
    ledger.take(events("a", "", ("a", True)), later, LATER)
    ledger.take(events("a"), later + OBSERVE, LATER)
    assert ledger.counts({}, 100.0, later + OBSERVE).judged == (Counts(1, 1), Counts(0, 0))


def test_right_after_a_change_of_the_weight_nothing_counts_for_the_new_one() -> None:
    ledger = ClientLedger(OBSERVE)
    ledger.take(events("a", "b", ("b", False)), 0.0, SETTLE_SECONDS - 0.1)
    found = ledger.counts({}, 5.0, 0.0)
    assert (found.candidate.total, found.first_failures, found.alive) == (0, (), True)


def test_failures_that_tell_nothing_do_not_reach_the_journal() -> None:
    ledger = ClientLedger(OBSERVE)
    known = {"done": 1.0, "base": 0.05}
    ledger.take(events("", "", ("done", True), ("done", False), ("base", False), ("new", False)), 0.0, LATER)
    assert ledger.counts(known, 5.0, 0.0).first_failures == (("new", False),)
    ledger.next_step()
    ledger.take(events("", "", ("done", True), ("base", False)), 0.0, LATER)
    assert ledger.counts(known, 25.0, 0.0).first_failures == (("base", False),)


def test_before_any_traffic_a_baseline_that_fails_its_clients_at_each_look_fills_no_journal() -> None:
    evidence, ledger = fresh(clients()), ClientLedger(OBSERVE)
    for at in range(1, 20):
        ledger.take(events("", "abc", ("a", False), ("b", False), alive=False), float(at), LATER)
        found = ledger.counts(evidence.states[0].clients, 0.0, float(at))
        assert found.first_failures == ()
        evidence = decided(evidence, float(at), 0.0, found)
    assert (evidence.states[0].step.baseline, evidence.states[0].step.baseline_bad) == (3, 2)
    assert (evidence.states[0].baseline.total, evidence.states[0].baseline.bad) == (3, 2)


def test_a_tick_holds_a_bounded_number_and_the_rest_comes_in_the_next() -> None:
    ledger = ClientLedger(OBSERVE)
    many = [(f"k{number}", True) for number in range(subject.TICK_MOST + 10)]
    ledger.take(ClientEvents(Sides(frozenset(), frozenset()), tuple(many), Sides(True, True)), 0.0, LATER)
    assert len(ledger.counts({}, 5.0, 0.0).first_failures) == subject.TICK_MOST
    assert len(ledger.counts({}, 5.0, 0.0).first_failures) == 10


def test_memory_is_bounded_however_many_clients_there_are() -> None:
    ledger = ClientLedger(OBSERVE)
    crowd = frozenset(str(number) for number in range(subject.SEEN_MOST + 100))
    ledger.take(
        ClientEvents(Sides(crowd, frozenset()), tuple((key, True) for key in crowd), Sides(True, True)), 0.0, LATER
    )
    found = ledger.counts({}, 5.0, 0.0)
    assert found.candidate.total == subject.SEEN_MOST
    assert found.candidate.bad <= subject.SEEN_MOST


def test_memory_is_bounded_however_long_the_last_step_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "SEEN_MOST", 5)
    ledger, bad = ClientLedger(0.0), 0
    for look in range(20):
        key = f"k{look}"
        at = look * (RENEW_SECONDS + 1.0)
        ledger.take(ClientEvents(Sides(frozenset([key]), frozenset()), ((key, True),), Sides(True, True)), at, LATER)
        bad += ledger.counts({}, 100.0, at).candidate.bad
    assert bad == 5


def decided(evidence: Evidence, at: float, weight: float, found: GuardrailCounts) -> Evidence:
    return observe(evidence, tick(at, weight, clients=found))[0]


@given(
    st.lists(
        st.tuples(
            st.sampled_from([5.0, 25.0, 50.0]),
            st.lists(st.tuples(st.sampled_from(["a", "b", "c", COARSE + "1"]), st.booleans()), max_size=6),
        ),
        max_size=6,
    )
)
def test_what_is_left_out_would_not_have_changed_the_decision(ticks: list[tuple[float, list[Failure]]]) -> None:
    whole, short = fresh(clients()), fresh(clients())
    weight = 5.0
    for at, (next_weight, failures) in enumerate(ticks, start=1):
        if next_weight > weight:
            weight, whole, short = next_weight, next_step(whole), next_step(short)
        ledger = ClientLedger(OBSERVE)
        ledger.take(events("x", "y", *failures), 0.0, LATER)
        found = ledger.counts(short.states[0].clients, weight, 0.0)
        everything = replace(found, first_failures=tuple(dict.fromkeys(failures)))
        whole, short = decided(whole, at, weight, everything), decided(short, at, weight, found)
        assert whole.states == short.states


def test_a_long_step_without_new_clients_stays_passed() -> None:
    evidence = begin([clients(negligible="5%")], fresh().settings.analysis)
    ledger = ClientLedger(OBSERVE)
    crowd = "".join(chr(0x4E00 + number) for number in range(300))
    decision = None
    for at in range(1, 90):
        ledger.take(events(crowd[:150], crowd[150:]), float(at), LATER)
        found = ledger.counts(evidence.states[0].clients, 50.0, float(at))
        evidence, decision = observe(evidence, tick(float(at), 50.0, clients=found))
    assert decision is not None
    assert decision.verdict is Verdict.PASS, decision.reason


def gone_on(ledger: ClientLedger, most: int = KEPT_MOST) -> ClientLedger:
    """Another process, after what it is told went through JSON."""
    made = ClientLedger(OBSERVE)
    made.go_on(json.loads(json.dumps(ledger.to_json(most), sort_keys=True)))
    return made


KEYS = st.text("abcdefgh", min_size=1, max_size=2)
LOOKS = st.lists(
    st.tuples(
        st.frozensets(KEYS),
        st.frozensets(KEYS),
        st.lists(st.tuples(KEYS, st.booleans()), max_size=4),
        st.booleans(),
        st.booleans(),
    ),
    max_size=25,
)


@given(LOOKS, st.sampled_from([95.0, 100.0]))
def test_a_process_that_goes_on_counts_exactly_as_one_that_was_never_ended(
    looks: list[tuple[frozenset[str], frozenset[str], list[Failure], bool, bool]], weight: float
) -> None:
    whole, parts = ClientLedger(OBSERVE), ClientLedger(OBSERVE)
    for number, (candidate, baseline, failures, counts, dies) in enumerate(looks):
        at, seen = 3.7 * number, ClientEvents(Sides(candidate, baseline), tuple(failures), Sides(True, True))
        for ledger in (whole, parts):
            ledger.take(seen, at, LATER)
        parts = gone_on(parts) if dies else parts
        if counts:
            assert parts.counts({}, weight, at) == whole.counts({}, weight, at)


def test_what_is_kept_is_bounded_and_no_client_counts_twice_beyond_it() -> None:
    salt = Salt(b"one watch")
    names = [salt.hashed(str(number)) for number in range(12_000)]
    crowd = ClientEvents(
        Sides(frozenset(names), frozenset(names)), tuple((name, True) for name in names), Sides(True, True)
    )
    ledger = ClientLedger(OBSERVE)
    ledger.take(crowd, 1_700_000_000.123456, LATER)
    ledger.counts({}, 95.0, 1_700_000_000.123456)
    assert len(json.dumps(ledger.to_json())) < 200_000
    other = gone_on(ledger)
    other.take(crowd, 1_700_000_000.123456 + OBSERVE, LATER)
    judged = other.counts({}, 95.0, 1_700_000_000.123456 + OBSERVE).judged
    assert judged == (Counts(KEPT_MOST, KEPT_MOST), Counts(KEPT_MOST, 0))
    again = gone_on(other)
    for later in (3, 5):
        again.take(crowd, 1_700_000_000.123456 + later * OBSERVE, LATER)
        found = again.counts({}, 95.0, 1_700_000_000.123456 + later * OBSERVE)
        assert found.judged == (Counts(0, 0), Counts(0, 0))


SEEN = st.lists(
    st.tuples(st.frozensets(KEYS), st.frozensets(KEYS), st.lists(st.tuples(KEYS, st.booleans()), max_size=4)),
    max_size=20,
)


def within(ledger: ClientLedger, sample: Sample) -> list[dict[str, Any]]:
    """What is known of the clients of this sample."""
    sides = [dict(side.to_json(sample)) for side in ledger._sides]
    return [{name: side[name] for name in ("observed", "judged", "failed", "ever")} for side in sides]


@given(SEEN, st.integers(2, 8), st.sampled_from([98.0, 100.0]))
def test_a_sample_is_counted_exactly_as_without_bounds_and_on_both_sides_alike(
    looks: list[tuple[frozenset[str], frozenset[str], list[Failure]]], most: int, weight: float
) -> None:
    whole, thin = ClientLedger(OBSERVE), ClientLedger(OBSERVE, thins=True)
    for number, (candidate, baseline, failures) in enumerate(looks):
        at, seen = 3.7 * number, ClientEvents(Sides(candidate, baseline), tuple(failures), Sides(True, True))
        whole.take(seen, at, LATER)
        with patch.object(subject, "SEEN_MOST", most):
            thin.take(seen, at, LATER)
        every, found = whole.counts({}, weight, at), thin.counts({}, weight, at)
        assert found.first_failures == every.first_failures, "who of them bets is the evidence's to say"
        assert all(len(side.keys()) <= most for side in thin._sides)
        sample = thin._counted
        assert within(thin, sample) == within(whole, sample)
        assert all(sample.has(key) for side in thin._sides for key in side.keys())  # noqa: SIM118
        assert found.sampled == sample.share


@given(SEEN, st.integers(2, 8))
def test_who_is_counted_does_not_depend_on_which_side_is_which(
    looks: list[tuple[frozenset[str], frozenset[str], list[Failure]]], most: int
) -> None:
    one, other = ClientLedger(OBSERVE, thins=True), ClientLedger(OBSERVE, thins=True)
    with patch.object(subject, "SEEN_MOST", most):
        for number, (candidate, baseline, failures) in enumerate(looks):
            at, swapped = 3.7 * number, tuple((key, not on) for key, on in failures)
            one.take(ClientEvents(Sides(candidate, baseline), tuple(failures), Sides(True, True)), at, LATER)
            other.take(ClientEvents(Sides(baseline, candidate), swapped, Sides(True, True)), at, LATER)
            assert one._counted == other._counted


def test_a_watch_of_millions_of_clients_goes_on_counting_a_sample_of_them() -> None:
    salt, ledger = Salt(b"one watch"), ClientLedger(OBSERVE, thins=True)
    with patch.object(subject, "SEEN_MOST", 1000):
        new = Sides(0, 0)
        for look in range(40):
            names = [salt.hashed(f"{look} {number}") for number in range(500)]
            crowd = Sides(frozenset(names[:400]), frozenset(names[400:]))
            ledger.take(ClientEvents(crowd, (), Sides(True, True)), 10.0 * look, LATER)
            found = ledger.counts({}, 98.0, 10.0 * look)
            new = Sides(found.candidate.total, found.baseline.total)
    assert new.candidate > 5
    assert found.sampled < 0.1
    assert new.candidate / 400 == pytest.approx(found.sampled, rel=0.6)
    assert (found.alive, found.baseline_alive) == (True, True)


def test_what_is_none_of_its_own_is_refused() -> None:
    with pytest.raises(ValueError, match="no clients of a watch"):
        ClientLedger(OBSERVE).go_on({"sides": [{}, {}]})
