"""Steps without a concurrent baseline: at 100%, after a switch, and on a first release."""

from __future__ import annotations

from typing import Any

import pytest

from slipway.rollout.analysis import Decision, Evidence, Tick, Verdict, next_step, observe
from tests.unit.slipway.rollout.analysis.examples import (
    counts,
    errors,
    first,
    fresh,
    guardrail,
    latency,
    slo,
    tick,
    traffic,
    watch,
)


def recorded(evidence: Evidence, baseline: float = 0.001) -> Evidence:
    """A canary step at 5% has recorded the baseline."""
    evidence, _ = watch(evidence, traffic(1, candidate=baseline, baseline=baseline, rate=300, ticks=60))
    return next_step(evidence)


def ticks_until(decisions: list[Decision]) -> int:
    abort = first(decisions, Verdict.FAIL)
    return len(decisions) + 1 if abort is None else abort + 1


def at_100(seed: int, share: float, **fields: Any) -> list[Tick]:
    return traffic(seed, candidate=share, baseline=0, weight=100, start=120, **fields)


def test_a_fault_that_begins_only_at_100_percent_aborts_within_seconds() -> None:
    _, decisions = watch(recorded(fresh()), at_100(2, 0.05, ticks=60))
    abort = first(decisions, Verdict.FAIL)
    assert abort is not None
    assert abort <= 8
    assert "the baseline recorded before" in decisions[abort].reason


def test_a_healthy_release_without_errors_completes_at_modest_traffic() -> None:
    _, decisions = watch(recorded(fresh(), 0.0), at_100(3, 0.0, rate=10, ticks=60))
    shown = first(decisions, Verdict.PASS)
    assert shown is not None
    assert shown <= 20
    assert "bad share below 1% shown" in decisions[shown].reason


@pytest.mark.parametrize("seed", range(8))
def test_a_candidate_like_the_recorded_baseline_completes_and_is_not_aborted(seed: int) -> None:
    evidence = recorded(fresh(errors(negligible="0.01%")), 0.005)
    _, decisions = watch(evidence, at_100(seed, 0.005, ticks=150))
    assert first(decisions, Verdict.FAIL) is None
    assert first(decisions, Verdict.PASS) is not None


def test_after_a_switch_the_baseline_is_that_of_the_smoke_checks_at_weight_0() -> None:
    quiet = [tick(2.0 * i, 0.0, errors=counts((3, 3), (600, 1))) for i in range(1, 16)]
    evidence, decisions = watch(fresh(), quiet)
    assert {decision.verdict for decision in decisions} == {Verdict.INCONCLUSIVE}
    assert "weight 0%" in decisions[-1].reason
    assert evidence.states[0].abort.log == 0.0
    assert evidence.states[0].step.candidate == 0
    _, decisions = watch(next_step(evidence), at_100(4, 0.05, ticks=60))
    abort = first(decisions, Verdict.FAIL)
    assert abort is not None
    assert "the baseline recorded before" in decisions[abort].reason


def test_a_step_in_which_nothing_reaches_the_baseline_is_judged_by_what_was_recorded_of_it() -> None:
    evidence, _ = observe(fresh(), tick(2.0, 0.0, errors=counts((0, 0), (10_000, 10))))
    silent = [tick(2.0 * i, 50.0, errors=counts((10, 2), (0, 0))) for i in range(2, 60)]
    _, decisions = watch(next_step(evidence), silent)
    failed = first(decisions, Verdict.FAIL)
    assert failed is not None
    assert 30.0 <= silent[failed].at <= 40.0  # For half a minute its requests may only be late.
    assert "the baseline recorded before" in decisions[failed].reason
    healthy = [tick(2.0 * i, 50.0, errors=counts((10, 0), (0, 0))) for i in range(2, 60)]
    assert first(watch(next_step(evidence), healthy)[1], Verdict.FAIL) is None


def test_a_thin_baseline_that_is_late_is_no_silent_one() -> None:
    thin = [tick(10.0 * i, 90.0, length=10.0, errors=counts((2, 0), (0, 0))) for i in range(1, 9)]
    evidence, _ = watch(fresh(), thin)
    assert evidence.states[0].abort.log == 0.0


def test_without_any_record_of_a_silent_baseline_a_gross_fault_aborts() -> None:
    silent = [tick(2.0 * i, 50.0, errors=counts((10, 10), (0, 0))) for i in range(1, 60)]
    _, decisions = watch(fresh(), silent)
    failed = first(decisions, Verdict.FAIL)
    assert failed is not None
    assert "bad share above 50% shown (a gross fault)" in decisions[failed].reason


def test_without_any_record_only_a_gross_fault_aborts() -> None:
    _, decisions = watch(fresh(), at_100(5, 0.3, ticks=100))
    assert first(decisions, Verdict.FAIL) is None
    assert first(decisions, Verdict.PASS) is None
    _, decisions = watch(fresh(), at_100(6, 0.8, ticks=100))
    abort = first(decisions, Verdict.FAIL)
    assert abort is not None
    assert "bad share above 50% shown (a gross fault)" in decisions[abort].reason


def test_a_first_release_without_an_objective_is_judged_by_readiness_and_says_so() -> None:
    _, decision = observe(fresh(first_release=True), tick(2, 100, errors=counts((0, 0))))
    assert decision.verdict is Verdict.PASS
    assert "only readiness is judged; above 50% it aborts" in decision.reason


def test_a_first_release_that_fails_all_its_requests_is_aborted() -> None:
    _, decisions = watch(fresh(first_release=True), at_100(7, 1.0, rate=10, ticks=10))
    assert decisions[0].verdict is Verdict.FAIL


def test_a_first_release_with_an_objective_is_judged_by_it() -> None:
    evidence = fresh(errors(objective="1%"), first_release=True)
    _, decisions = watch(evidence, at_100(8, 0.002, ticks=100))
    shown = first(decisions, Verdict.PASS)
    assert shown is not None
    assert "bad share below 2% shown" in decisions[shown].reason
    _, decisions = watch(evidence, at_100(9, 0.05, ticks=100))
    abort = first(decisions, Verdict.FAIL)
    assert abort is not None
    assert "bad share above 1% shown (the objective)" in decisions[abort].reason
    _, decision = observe(evidence, tick(2, 100, errors=counts((0, 0))))
    assert decision.verdict is Verdict.INCONCLUSIVE


def test_a_business_indicator_on_a_first_release_is_not_held_to_fifty_percent() -> None:
    checkouts = guardrail(name="errors", kind="custom", good="a", total="b")
    _, decisions = watch(fresh(checkouts, first_release=True), at_100(10, 0.9, ticks=50))
    assert {decision.verdict for decision in decisions} == {Verdict.PASS}


def test_a_bad_old_version_does_not_block_the_way_out_of_it() -> None:
    evidence = recorded(fresh(errors(objective="1%")), 0.08)
    _, decisions = watch(evidence, at_100(11, 0.03, ticks=200))
    assert first(decisions, Verdict.FAIL) is None
    assert first(decisions, Verdict.PASS) is not None


@pytest.mark.parametrize("seed", range(6))
def test_an_incident_on_both_sides_is_not_held_against_the_objective_while_a_baseline_runs(seed: int) -> None:
    _, decisions = watch(
        fresh(errors(objective="1%")), traffic(seed, candidate=0.1, baseline=0.1, weight=50, ticks=200)
    )
    assert first(decisions, Verdict.FAIL) is None


@pytest.mark.parametrize(("objective", "weight"), [("0.5%", 50.0), ("1%", 95.0), (None, 90.0), (None, 98.0)])
def test_an_incident_that_begins_on_both_sides_aborts_nothing_whatever_is_declared_or_was_recorded(
    objective: str | None, weight: float
) -> None:
    for seed in range(5):
        evidence = recorded(fresh(errors(objective=objective, negligible="0.1%")), 0.003)
        good = traffic(seed, candidate=0.003, baseline=0.003, rate=1000, weight=weight, ticks=60, start=120)
        evidence, decisions = watch(evidence, good)
        incident = traffic(seed, candidate=0.03, baseline=0.03, rate=1000, weight=weight, ticks=90, start=240)
        _, later = watch(evidence, incident)
        assert first(decisions + later, Verdict.FAIL) is None


def test_a_fault_at_98_percent_beside_a_thin_baseline_is_aborted_by_the_ratio() -> None:
    aborts = []
    for seed in range(9):
        _, decisions = watch(recorded(fresh()), traffic(seed, candidate=0.05, baseline=0.001, weight=98, start=120))
        aborts.append(ticks_until(decisions))
        assert "ratio above 1.1 shown" in decisions[-1].reason or aborts[-1] > len(decisions)
    assert sorted(aborts)[4] <= 75  # Two requests a second on the baseline: it takes that long to see it is healthy.


@pytest.mark.parametrize("usual", [0.015, 0.02])
def test_an_objective_that_the_old_version_missed_stops_nobody_even_if_few_events_were_recorded(usual: float) -> None:
    for seed in range(20):
        quiet = [
            tick(one.at, 0.0, errors=one.counts["errors"])
            for one in traffic(seed, candidate=0.0, baseline=usual, rate=10, weight=0.0, ticks=30)
        ]
        evidence, _ = watch(fresh(errors(objective="1%", negligible="0.1%")), quiet)
        seen = traffic(seed + 100, candidate=usual, baseline=0, rate=10, weight=100, start=60, ticks=450)
        assert first(watch(next_step(evidence), seen)[1], Verdict.FAIL) is None


def test_alone_what_can_still_be_detected_is_a_share_where_nothing_is_known_of_the_usual_one() -> None:
    _, decisions = watch(fresh(), [tick(2.0 * i, 100.0, errors=counts((20, 8))) for i in range(1, 20)])
    assert "smallest bad share detectable in 59m: 5" in decisions[-1].reason
    assert decisions[-1].findings[0].detectable is None
    _, decisions = watch(recorded(fresh(), 0.005), at_100(3, 0.005, ticks=20))
    assert "smallest ratio detectable" in decisions[-1].reason
    detectable = decisions[-1].findings[0].detectable
    assert detectable is not None
    assert 1.5 < detectable < 5


def test_an_slo_guardrail_is_absolute_at_every_weight() -> None:
    evidence = fresh(slo(name="errors"))
    _, decisions = watch(evidence, traffic(12, candidate=0.05, baseline=0.05, rate=300))
    abort = first(decisions, Verdict.FAIL)
    assert abort is not None
    assert "bad share above 1% shown (the objective)" in decisions[abort].reason
    _, decisions = watch(evidence, traffic(13, candidate=0.001, baseline=0.05, rate=300))
    assert first(decisions, Verdict.FAIL) is None
    assert first(decisions, Verdict.PASS) is not None


def test_a_slow_first_release_is_aborted_by_a_gross_latency_fault_only() -> None:
    slow = [tick(2.0 * i, 100.0, latency=counts((200, 190))) for i in range(1, 10)]
    assert first(watch(fresh(latency(), first_release=True), slow)[1], Verdict.FAIL) is not None
    fair = [tick(2.0 * i, 100.0, latency=counts((200, 60))) for i in range(1, 10)]
    assert first(watch(fresh(latency(), first_release=True), fair)[1], Verdict.FAIL) is None
