from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rollout.analysis import GuardrailCounts, Verdict, begin, next_step, observe
from rollout.analysis.clients import COARSE
from rollout.analysis.evidence import Evidence
from rollout.metrics import clients as subject
from rollout.metrics.base import ClientEvents
from rollout.metrics.clients import SETTLE_SECONDS, ClientLedger
from tests.unit.rollout.analysis.examples import clients, fresh, tick

LATER = SETTLE_SECONDS
Failure = tuple[str, bool]


def events(candidate: str = "", baseline: str = "", *failures: Failure, alive: bool = True) -> ClientEvents:
    return ClientEvents((frozenset(candidate), frozenset(baseline)), failures, alive)


def test_a_client_is_counted_once_a_step_on_each_side() -> None:
    ledger = ClientLedger()
    ledger.take(events("ab", "cd", ("c", False)), LATER)
    ledger.take(events("b", "cde", ("c", False), ("c", False)), LATER)
    found = ledger.counts({}, 5.0)
    assert (found.candidate.total, found.baseline.total, found.baseline.bad) == (2, 3, 1)
    assert found.first_failures == (("c", False),)
    ledger.take(events("ab", "c"), LATER)
    assert ledger.counts({}, 5.0).candidate.total == 0
    ledger.next_step()
    ledger.take(events("ab", "c"), LATER)
    assert ledger.counts({}, 25.0).candidate.total == 2


def test_known_clients_are_no_news_but_they_are_no_silence() -> None:
    ledger = ClientLedger()
    ledger.take(events("a"), LATER)
    assert ledger.counts({}, 5.0).alive
    assert not ledger.counts({}, 5.0).alive
    ledger.take(events("a"), LATER)
    assert ledger.counts({}, 5.0) == GuardrailCounts(
        ledger.counts({}, 5.0).candidate, ledger.counts({}, 5.0).baseline, alive=True
    )


def test_right_after_a_change_of_the_weight_nothing_counts_for_the_new_one() -> None:
    ledger = ClientLedger()
    ledger.take(events("a", "b", ("b", False)), SETTLE_SECONDS - 0.1)
    found = ledger.counts({}, 5.0)
    assert (found.candidate.total, found.first_failures, found.alive) == (0, (), True)


def test_failures_that_tell_nothing_do_not_reach_the_journal() -> None:
    ledger = ClientLedger()
    known = {"done": 1.0, "base": 0.05}
    ledger.take(events("", "", ("done", True), ("done", False), ("base", False), ("new", False)), LATER)
    assert ledger.counts(known, 5.0).first_failures == (("new", False),)
    ledger.next_step()
    ledger.take(events("", "", ("done", True), ("base", False)), LATER)
    assert ledger.counts(known, 25.0).first_failures == (("base", False),)


def test_a_tick_holds_a_bounded_number_and_the_rest_comes_in_the_next() -> None:
    ledger = ClientLedger()
    many = [(f"k{number}", True) for number in range(subject.TICK_MOST + 10)]
    ledger.take(ClientEvents((frozenset(), frozenset()), tuple(many), True), LATER)
    assert len(ledger.counts({}, 5.0).first_failures) == subject.TICK_MOST
    assert len(ledger.counts({}, 5.0).first_failures) == 10


def test_memory_is_bounded_however_many_clients_there_are() -> None:
    ledger = ClientLedger()
    crowd = frozenset(str(number) for number in range(subject.SEEN_MOST + 100))
    ledger.take(ClientEvents((crowd, frozenset()), tuple((key, True) for key in crowd), True), LATER)
    found = ledger.counts({}, 5.0)
    assert found.candidate.total == subject.SEEN_MOST
    assert found.candidate.bad <= subject.SEEN_MOST


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
        ledger = ClientLedger()
        ledger.take(events("x", "y", *failures), LATER)
        found = ledger.counts(short.states[0].clients, weight)
        everything = GuardrailCounts(found.candidate, found.baseline, first_failures=tuple(dict.fromkeys(failures)))
        whole, short = decided(whole, at, weight, everything), decided(short, at, weight, found)
        assert whole.states == short.states


def test_a_long_step_without_new_clients_stays_passed() -> None:
    evidence = begin([clients(negligible="5%")], fresh().settings.analysis)
    ledger = ClientLedger()
    crowd = "".join(chr(0x4E00 + number) for number in range(300))
    decision = None
    for at in range(1, 90):
        ledger.take(events(crowd[:150], crowd[150:]), LATER)
        found = ledger.counts(evidence.states[0].clients, 50.0)
        evidence, decision = observe(evidence, tick(float(at), 50.0, clients=found))
    assert decision is not None
    assert decision.verdict is Verdict.PASS, decision.reason
