from __future__ import annotations

from math import comb, exp, log
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.rollout.analysis import Evidence, Verdict, next_step, observe
from tests.unit.slipway.rollout.analysis.examples import (
    clients,
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


def test_a_candidate_that_fails_twenty_percent_is_aborted_within_seconds() -> None:
    _, decisions = watch(fresh(), traffic(1, candidate=0.2, baseline=0.001, rate=300))
    abort = first(decisions, Verdict.FAIL)
    assert abort is not None
    assert abort <= 4
    assert "ratio above 1.1 shown" in decisions[abort].reason
    assert decisions[abort].statistic >= decisions[abort].threshold == pytest.approx(100.0)


@pytest.mark.parametrize("seed", range(5))
def test_both_sides_bad_at_once_is_not_the_candidates_fault(seed: int) -> None:
    _, decisions = watch(fresh(), traffic(seed, candidate=0.3, baseline=0.3))
    assert first(decisions, Verdict.FAIL) is None


def test_a_service_without_any_errors_passes_once_a_negligible_share_is_shown() -> None:
    evidence, requests = fresh(), 0
    for at in range(1, 200):
        evidence, decision = observe(evidence, tick(at, errors=counts((15, 0), (285, 0))))
        requests += 15
        if decision.verdict is Verdict.PASS:
            break
    assert 0.97 * log(3 / 0.05) / 0.01 <= requests <= 1.03 * log(3 / 0.05) / 0.01
    assert "bad share below 1% shown" in decision.reason


def test_a_healthy_service_with_errors_passes_by_the_ratio() -> None:
    _, decisions = watch(fresh(errors(negligible="0.01%")), traffic(3, candidate=0.01, baseline=0.01, rate=300))
    assert first(decisions, Verdict.PASS) is not None
    assert first(decisions, Verdict.FAIL) is None


def test_no_candidate_traffic_changes_no_evidence_and_is_never_a_pass() -> None:
    evidence, _ = watch(fresh(), traffic(4, candidate=0.01, baseline=0.01, ticks=5))
    after, decision = observe(next_step(evidence), tick(12, 25, in_step=2, errors=counts((0, 0), (300, 3))))
    assert after.states[0].abort == evidence.states[0].abort
    assert decision.verdict is Verdict.INCONCLUSIVE
    assert "no candidate traffic" in decision.reason


def test_a_pass_does_not_outlive_the_traffic() -> None:
    evidence, decisions = watch(fresh(), traffic(5, candidate=0, baseline=0, rate=300, ticks=30))
    assert decisions[-1].verdict is Verdict.PASS
    _, decisions = watch(evidence, [tick(60 + 2 * i, errors=counts((0, 0), (300, 0))) for i in range(1, 20)])
    assert decisions[0].verdict is Verdict.PASS
    assert decisions[-1].verdict is Verdict.INCONCLUSIVE
    assert "no candidate traffic for" in decisions[-1].reason


def test_a_late_fault_takes_the_pass_back_and_then_aborts() -> None:
    evidence, decisions = watch(fresh(), traffic(6, candidate=0, baseline=0, rate=300, ticks=150))
    assert decisions[-1].verdict is Verdict.PASS
    _, decisions = watch(evidence, traffic(7, candidate=0.05, baseline=0, rate=300, ticks=40, start=300))
    taken, abort = first(decisions, Verdict.INCONCLUSIVE), first(decisions, Verdict.FAIL)
    assert taken is not None
    assert abort is not None
    assert taken < abort <= 15


def test_a_source_that_failed_is_an_error_that_teaches_nothing() -> None:
    evidence, _ = watch(fresh(), traffic(8, candidate=0.01, baseline=0.01, ticks=3))
    after, decision = observe(evidence, tick(8, errors="connection refused"))
    assert decision.verdict is Verdict.ERROR
    assert "connection refused" in decision.reason
    assert after == evidence


def test_a_guardrail_that_the_source_forgot_is_an_error() -> None:
    assert observe(fresh(), tick(2))[1].verdict is Verdict.ERROR


@pytest.mark.parametrize("side", [(5, 6), (-1, 0), (4, -2)])
def test_counts_that_make_no_sense_are_an_error(side: tuple[int, int]) -> None:
    evidence = fresh()
    for seen in (counts(side, (10, 0)), counts((10, 0), side)):
        after, decision = observe(evidence, tick(2, errors=seen))
        assert decision.verdict is Verdict.ERROR
        assert "make no sense" in decision.reason
        assert after == evidence


def test_a_fault_outweighs_a_broken_source_and_a_broken_source_outweighs_the_rest() -> None:
    two = fresh(errors(), errors(name="other"))
    bad = [tick(at, errors=counts((50, 40), (950, 0)), other="timeout") for at in (2, 4, 6)]
    _, decisions = watch(two, bad)
    assert decisions[-1].verdict is Verdict.FAIL
    healthy = [tick(at, errors=counts((500, 0), (9500, 0)), other="timeout") for at in (2, 4, 6)]
    assert watch(two, healthy)[1][-1].verdict is Verdict.ERROR


def test_every_guardrail_must_pass() -> None:
    evidence = fresh(errors(), latency(negligible="1%"))
    seen: dict[str, Any] = {"errors": counts((500, 0), (9500, 0)), "latency": counts((0, 0), (0, 0))}
    _, decision = observe(evidence, tick(2, **seen))
    assert [finding.verdict for finding in decision.findings] == [Verdict.PASS, Verdict.INCONCLUSIVE]
    assert decision.verdict is Verdict.INCONCLUSIVE
    _, decision = observe(evidence, tick(2, **{**seen, "latency": counts((500, 0), (9500, 0))}))
    assert decision.verdict is Verdict.PASS


def test_two_guardrails_share_alpha_and_abort_together() -> None:
    evidence = fresh(errors(), errors(name="other"))
    aborted = None
    for at in range(1, 300):
        both = counts((500, 6), (9500, 70))
        evidence, decision = observe(evidence, tick(at, errors=both, other=both))
        if decision.verdict is Verdict.FAIL:
            aborted = decision
            break
    assert aborted is not None
    assert all(finding.threshold == pytest.approx(200.0) for finding in aborted.findings)
    assert aborted.statistic == pytest.approx(sum(finding.statistic for finding in aborted.findings) / 2)
    assert all(finding.statistic < finding.threshold for finding in aborted.findings)
    assert aborted.reason.startswith("the guardrails together")


def test_a_heavier_guardrail_has_the_lower_threshold() -> None:
    evidence = fresh(errors(weight=3), errors(name="other", weight=1))
    rules = {rule.name: rule for rule in evidence.settings.rules}
    assert exp(rules["errors"].log_abort) == pytest.approx(100 / 0.75)
    assert exp(rules["other"].log_abort) == pytest.approx(100 / 0.25)


def test_a_firing_alert_fails_and_a_silent_one_passes() -> None:
    alert = guardrail(name="burn", kind="alert", alert="HighBurnRate")
    evidence = fresh(errors(), alert)
    seen = counts((500, 0), (9500, 0))
    _, decision = observe(evidence, tick(2, errors=seen, burn=counts((0, 0), firing=True)))
    assert decision.verdict is Verdict.FAIL
    assert "burn: the alert is firing" in decision.reason
    _, decision = observe(evidence, tick(2, errors=seen, burn=counts((0, 0), firing=False)))
    assert decision.verdict is Verdict.PASS
    _, decision = observe(evidence, tick(2, errors=seen, burn=counts((0, 0))))
    assert decision.verdict is Verdict.ERROR


def test_an_alert_takes_no_part_of_alpha() -> None:
    alert = guardrail(name="burn", kind="alert", alert="HighBurnRate", weight=9)
    assert fresh(errors(), alert).settings.rules[0].part == 1.0


def test_during_the_warm_up_only_a_gross_fault_aborts_and_nothing_passes() -> None:
    cold = [tick(at, errors=counts((100, 10), (1900, 19))) for at in range(2, 31, 2)]
    _, decisions = watch(fresh(warm_up="30s"), cold)
    assert {decision.verdict for decision in decisions} == {Verdict.INCONCLUSIVE}
    assert "warm-up" in decisions[-1].reason
    assert first(watch(fresh(), cold)[1], Verdict.FAIL) is not None
    gross = [tick(at, errors=counts((100, 90), (1900, 19))) for at in range(2, 31, 2)]
    assert first(watch(fresh(warm_up="30s"), gross)[1], Verdict.FAIL) is not None


def test_the_warm_up_begins_with_the_candidates_first_traffic() -> None:
    quiet = [tick(at, errors=counts((0, 0), (2000, 20))) for at in range(2, 60, 2)]
    evidence, _ = watch(fresh(warm_up="30s"), quiet)
    _, decision = observe(evidence, tick(60, errors=counts((100, 0), (1900, 0))))
    assert "warm-up" in decision.reason


def test_the_same_recording_always_gives_the_same_decisions() -> None:
    ticks = traffic(11, candidate=0.02, baseline=0.01, rate=300)
    assert watch(fresh(), ticks) == watch(fresh(), ticks)


def test_a_step_that_went_back_in_time_is_a_new_step() -> None:
    evidence, _ = watch(fresh(), traffic(12, candidate=0, baseline=0, rate=300, ticks=40))
    forgotten, decision = observe(evidence, tick(82, 25, in_step=2, errors=counts((75, 0), (225, 0))))
    assert forgotten.states[0].step.candidate == 75
    assert decision.verdict is Verdict.INCONCLUSIVE


def test_the_evidence_for_an_abort_goes_on_across_steps() -> None:
    evidence, _ = watch(fresh(), traffic(13, candidate=0.02, baseline=0.01, ticks=10))
    assert next_step(evidence).states[0].abort == evidence.states[0].abort
    assert next_step(evidence).states[0].promote.log == 0.0


@pytest.mark.parametrize(("weight", "ratio"), [(1, 51), (5, 11), (25, 3), (50, 2), (99, 2)])
def test_a_smaller_step_may_be_left_with_a_larger_ratio_unrefuted(weight: float, ratio: float) -> None:
    n = 20_000_000
    share = weight / 100
    seen = counts((int(n * share), int(n * share / 100)), (int(n * (1 - share)), int(n * (1 - share) / 100)))
    _, decision = observe(fresh(errors(negligible="0.01%")), tick(2, weight, errors=seen))
    assert decision.verdict is Verdict.PASS
    assert f"ratio below {ratio} " in decision.reason


def test_a_reason_names_statistic_threshold_n_and_what_can_still_be_detected() -> None:
    _, decisions = watch(fresh(), traffic(14, candidate=0.01, baseline=0.01, ticks=3))
    reason = decisions[-1].reason
    assert f" of {decisions[-1].findings[0].n:,} bad" in reason
    assert " of 100, promote " in reason
    assert "smallest ratio detectable in 60m: " in reason
    detectable = decisions[-1].findings[0].detectable
    assert detectable is not None
    assert 1.1 < detectable < 5
    assert "\n" not in reason


def test_a_failed_and_a_warming_look_say_what_could_be_detected_too() -> None:
    cold, bad = traffic(14, candidate=0.01, baseline=0.01, ticks=3), traffic(1, candidate=0.2, baseline=0.01)
    _, warming = watch(fresh(warm_up="30s"), cold)
    _, decisions = watch(fresh(), bad)
    failed = decisions[first(decisions, Verdict.FAIL) or 0]
    for decision in (warming[-1], failed):
        detectable = decision.findings[0].detectable
        assert detectable is not None
        assert 1.1 < detectable < 6


def test_more_time_left_means_a_smaller_ratio_can_be_detected() -> None:
    found = []
    for horizon in ("10m", "1h", "4h"):
        _, decisions = watch(fresh(horizon=horizon), traffic(14, candidate=0.01, baseline=0.01, ticks=3))
        found.append(decisions[-1].findings[0].detectable or 0.0)
    assert found == sorted(found, reverse=True)
    _, decisions = watch(fresh(horizon="6s"), traffic(14, candidate=0.01, baseline=0.01, ticks=3))
    assert decisions[-1].findings[0].detectable is None
    assert "no ratio is detectable" in decisions[-1].reason


@settings(max_examples=60)
@given(st.lists(st.integers(1, 4), min_size=1, max_size=3), st.sampled_from([0.05, 0.2, 0.5, 0.9]), st.floats(1, 2))
def test_the_whole_test_with_boost_and_restarts_keeps_its_promise_exactly(
    bad: list[int], w: float, tolerate: float
) -> None:
    """Every outcome of a few ticks, weighted by its chance under the null: the stopped evidence is 1 on average."""
    n_c, n_b = int(1000 * w), 1000 - int(1000 * w)
    theta = tolerate * n_c / (tolerate * n_c + n_b)
    expected = 0.0
    paths: list[tuple[float, Evidence]] = [(1.0, fresh(errors(tolerate=tolerate), falseAbort=0.1))]
    for index, both in enumerate(bad):
        going = []
        for chance, evidence in paths:
            for x in range(both + 1):
                own = chance * comb(both, x) * theta**x * (1.0 - theta) ** (both - x)
                after, decision = observe(evidence, tick(2.0 * index + 2, errors=counts((n_c, x), (n_b, both - x))))
                if decision.verdict is Verdict.FAIL:
                    expected += own * 10.0
                else:
                    going.append((own, after))
        paths = going
    expected += sum(chance * exp(evidence.states[0].abort.log) for chance, evidence in paths)
    assert expected <= 1.0 + 1e-9
    assert expected >= 0.999


@settings(max_examples=40)
@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 5))
def test_a_worse_candidate_never_has_less_evidence_against_it(bad: int, baseline_bad: int, more: int) -> None:
    statistics = []
    for x in (bad, bad + more):
        _, decision = observe(fresh(), tick(2, errors=counts((1000, x), (9000, baseline_bad))))
        statistics.append(decision.findings[0].statistic)
    assert statistics[1] >= statistics[0] * (1 - 1e-12)


def test_one_name_for_two_guardrails_is_refused() -> None:
    with pytest.raises(ValueError, match="must differ"):
        fresh(errors(), errors())


def test_all_kinds_live_together_in_one_rollout() -> None:
    alert = guardrail(name="burn", kind="alert", alert="HighBurnRate")
    custom = guardrail(name="checkouts", kind="custom", good="a", total="b")
    evidence = fresh(errors(), latency(), slo(), clients(), custom, alert)
    many = counts((50_000, 0), (950_000, 0))
    seen: dict[str, Any] = dict.fromkeys(("errors", "latency", "slo", "clients", "checkouts"), many)
    _, decision = observe(evidence, tick(2, **seen, burn=counts((0, 0), firing=False)))
    assert decision.verdict is Verdict.PASS
    assert [finding.verdict for finding in decision.findings] == [Verdict.PASS] * 6
