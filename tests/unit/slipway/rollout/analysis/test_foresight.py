from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from bench.decisions.calibrate import promote_factor
from bench.decisions.cells import Cell
from bench.decisions.recordings import simulate
from bench.decisions.vector import Setting, abort_times
from slipway.release.manifest.plan import Mirrored, PlannedStep
from slipway.rollout.analysis.foreseen import Foresight, StepForesight
from slipway.rollout.analysis.foresight import foresee
from slipway.rollout.analysis.foresight_text import render
from slipway.rollout.analysis.types import Verdict
from tests.unit.slipway.rollout.analysis.examples import (
    analysis,
    clients,
    errors,
    first,
    fresh,
    latency,
    slo,
    traffic,
    watch,
)

PLAN = (PlannedStep(5, 120), PlannedStep(25, 300), PlannedStep(50, 300), PlannedStep(100, 600))


def plan(
    rate: float, bad_share: float, *guardrails: Any, steps: tuple[PlannedStep, ...] = PLAN, **options: Any
) -> Foresight:
    settings = analysis(expected={"rate": rate, "bad_share": bad_share}, harm=options.pop("harm", 10))
    return foresee(guardrails or (errors(negligible="0.1%"),), settings, steps, **options)


def seconds(step: StepForesight, ratio: float) -> float | None:
    return next(detection.seconds for detection in step.detections if detection.ratio == ratio)


@pytest.mark.parametrize(
    ("share", "rate", "weight", "ratio"), [(0.003, 100, 0.05, 5), (0.01, 100, 0.25, 2), (0.001, 300, 0.5, 10)]
)
def test_foreseen_times_are_those_that_the_test_takes(share: float, rate: float, weight: float, ratio: float) -> None:
    step = plan(rate, share, steps=(PlannedStep(100 * weight, 120),)).steps[0]
    foreseen = seconds(step, ratio)
    times = abort_times(simulate(Cell(share, rate, weight, ratio), 300, tick=2.0), Setting(1.1))
    assert foreseen == pytest.approx(np.where(np.isnan(times), 3600, times).mean(), rel=0.25)


@pytest.mark.parametrize(("share", "weight"), [(0.0, 0.05), (0.003, 0.05), (0.01, 0.5)])
def test_a_healthy_release_passes_when_it_was_foreseen(share: float, weight: float) -> None:
    assert promote_factor(share, weight, runs=20) == pytest.approx(1.0, abs=0.3)


def test_a_service_without_errors_passes_after_the_requests_that_negligible_asks_for() -> None:
    step = plan(300, 0.0, errors(negligible="1%"), harm=0).steps[0]
    assert step.passes is not None
    assert step.passes * 300 * 0.05 == pytest.approx(np.log(3 / 0.05) / 0.01, rel=0.01)


def test_where_the_harm_is_bounded_a_healthy_release_passes_sooner_and_the_plan_says_what_is_shown_then() -> None:
    bounded, strict = plan(50, 0.005), plan(50, 0.005, harm=0)
    assert [step.bounded is not None for step in bounded.steps] == [True, True, False, False]
    assert bounded.steps[0].bounded == pytest.approx(2 * 0.005 + 10 / (50 * 0.25 * 5))
    assert all(
        a.passes < b.passes for a, b in zip(bounded.steps[:2], strict.steps[:2], strict=True) if a.passes and b.passes
    )
    assert bounded.steps[2:] == strict.steps[2:]
    assert "with a bad share below 17% shown" in render(bounded)[1]
    assert not any("shown" in line for line in render(strict))


def test_two_ways_to_pass_that_take_one_tick_are_no_problem() -> None:
    assert all(step.passes is not None and step.passes <= 4.0 for step in plan(100_000, 0.001).steps)


def test_the_plan_says_how_likely_a_healthy_release_ends_undecided() -> None:
    steps = tuple(PlannedStep(weight, 60) for weight in (10, 20, 30, 40, 50, 100))
    likely = plan(50, 0.001, steps=steps, harm=0)
    assert 0.05 < likely.steps[4].undecided < 0.2
    text = [warning for warning in likely.warnings if "ends undecided with a chance of about" in warning]
    assert len(text) == 1
    assert "most likely at 50% by errors" in text[0]
    assert not any("undecided" in warning for warning in plan(1000, 0.003, steps=steps).warnings)
    assert plan(50, 0.0, steps=steps).steps[4].undecided == 0.0


def test_failed_requests_are_those_of_the_candidate_until_the_abort() -> None:
    step = plan(100, 0.01).steps[0]
    for detection in step.detections:
        assert detection.seconds is not None
        assert detection.failed == pytest.approx(detection.seconds * 5 * 0.01 * detection.ratio)


def test_no_more_requests_can_fail_than_there_are() -> None:
    for detection in plan(100, 0.3).steps[0].detections:
        assert detection.seconds is not None
        assert detection.failed == pytest.approx(detection.seconds * 5 * min(1.0, 0.3 * detection.ratio))


def warmed(*guardrails: Any, warm_up: str = "60s", **options: Any) -> Foresight:
    settings = analysis(expected={"rate": 1000, "bad_share": 0.005}, warm_up=warm_up)
    return foresee(guardrails or (errors(),), settings, (PlannedStep(5, 60), PlannedStep(50, 60)), **options)


@pytest.mark.parametrize("ratio", [2.0, 5.0])
def test_the_warm_up_delays_what_the_first_step_notices_by_what_it_delays_in_fact(ratio: float) -> None:
    foreseen = seconds(warmed().steps[0], ratio)
    times = []
    for seed in range(20):
        faulty = traffic(seed, candidate=0.005 * ratio, baseline=0.005, rate=1000.0, weight=5.0, ticks=600)
        _, decisions = watch(fresh(errors(), warm_up="60s"), faulty)
        index = first(decisions, Verdict.FAIL)
        assert index is not None
        times.append(2.0 * (index + 1))
    assert foreseen == pytest.approx(np.mean(times), rel=0.25)


def test_nothing_passes_in_the_warm_up_and_later_steps_have_none() -> None:
    before, after = warmed(warm_up="0s").steps, warmed().steps
    assert before[0].passes is not None
    assert after[0].passes == pytest.approx(60.0 + before[0].passes)
    assert after[1] == before[1]
    assert warmed(first_release=True).steps[0].passes == 0.0


def test_a_step_of_warm_up_alone_notices_gross_faults_only() -> None:
    smallest = warmed().steps[0].smallest
    assert smallest is not None
    assert smallest > 20.0
    assert warmed(slo()).steps[0].smallest is None


def test_a_guardrail_whose_events_nobody_expects_is_named() -> None:
    assert plan(100, 0.001, errors(), latency()).notes == (
        "latency: not foreseen, since analysis.expected says nothing of what these count",
    )


def test_a_larger_fault_is_never_seen_later() -> None:
    for step in plan(50, 0.002).steps:
        found = [detection.seconds or np.inf for detection in step.detections]
        assert found == sorted(found, reverse=True)


def test_ten_requests_a_second_cannot_decide_twice_a_tenth_of_a_percent() -> None:
    foresight = plan(10, 0.001)
    assert seconds(foresight.steps[0], 2.0) is None
    assert any("2x is not noticed within 60m at any step" in warning for warning in foresight.warnings)
    assert any("5%: errors notices only faults of" in warning for warning in foresight.warnings)


def test_a_step_that_will_take_longer_than_its_bake_is_warned_of() -> None:
    warnings = plan(100, 0.001, harm=0).warnings
    assert any(warning.startswith("5%: errors of a healthy release passes after") for warning in warnings)
    assert not plan(1000, 0.003).warnings


def test_a_step_that_can_never_pass_is_warned_of_with_the_policy() -> None:
    foresight = plan(1, 0.001)
    assert foresight.steps[0].passes is None
    assert any("the step ends undecided (onInconclusive: hold)" in warning for warning in foresight.warnings)


def test_without_expected_traffic_nothing_is_foreseen_and_the_plan_says_so() -> None:
    foresight = foresee((errors(),), analysis(), PLAN)
    assert foresight.steps == ()
    assert "analysis.expected is not declared" in foresight.warnings[0]


def test_what_cannot_be_claimed_of_sticky_clients_leads_the_warnings() -> None:
    assert foresee((errors(),), analysis(), PLAN, stickiness="they stick").warnings[0] == "they stick"


def test_a_guardrail_that_counts_clients_says_how_many_it_needs() -> None:
    judged = clients(negligible="10%", source="access-log")
    (line,) = foresee((judged,), analysis(), PLAN[:2]).notes
    assert line == (
        "clients: each client counts once, by access-log; a step without failures passes after about 41 clients of "
        "the candidate (819 in all at 5%, 164 in all at 25%)"
    )
    assert line in render(foresee((judged,), analysis(), PLAN[:2]))
    assert foresee((errors(),), analysis(), PLAN).notes == ()
    assert foresee((judged,), analysis(), PLAN[-1:], first_release=True).notes == ()


def test_at_100_percent_it_reckons_with_the_baseline_that_will_have_been_recorded() -> None:
    recorded = plan(100, 0.001).steps[-1]
    switched = plan(100, 0.001, steps=(PlannedStep(100, 600),)).steps[-1]
    assert seconds(recorded, 10.0) is not None
    assert seconds(switched, 10.0) is None


def test_a_first_release_passes_by_readiness_unless_it_has_an_objective() -> None:
    first = plan(100, 0.001, first_release=True, steps=PLAN[-1:])
    assert first.steps[0].passes == 0.0
    judged = plan(100, 0.001, errors(objective="1%"), first_release=True, steps=PLAN[-1:])
    assert judged.steps[0].passes is not None
    assert judged.steps[0].passes > 0.0


def test_an_slo_is_foreseen_against_its_objective() -> None:
    step = plan(300, 0.001, slo()).steps[0]
    assert seconds(step, 2.0) is None
    assert seconds(step, 10.0) is None  # exactly the objective: acceptable
    assert seconds(plan(300, 0.002, slo()).steps[0], 10.0) is not None


def test_guardrails_whose_share_nobody_declared_are_left_out() -> None:
    assert {step.guardrail for step in plan(100, 0.001, errors(), latency()).steps} == {"errors"}


def test_clustered_errors_take_longer() -> None:
    plain, clustered = plan(100, 0.003), plan(100, 0.003, dispersion={"errors": 5.0})
    for before, after in zip(plain.steps, clustered.steps, strict=True):
        assert (seconds(after, 10.0) or np.inf) > (seconds(before, 10.0) or np.inf)


def test_it_is_rendered_a_line_a_step_and_a_line_a_warning() -> None:
    foresight = plan(10, 0.001)
    lines = render(foresight)
    assert lines[0] == "expected traffic: 10 requests/s, 0.1% bad"
    assert lines[1].startswith("5% for 2m, errors: 2x not seen")
    assert sum(line.startswith("warning: ") for line in lines) == len(foresight.warnings)
    assert all("\n" not in line for line in lines)


def test_it_is_plain_json() -> None:
    foresight = plan(100, 0.001)
    assert json.loads(json.dumps(foresight.to_json(), allow_nan=False))["steps"][0]["weight"] == 5


def test_copies_are_foreseen_as_what_no_user_sees() -> None:
    settings = analysis(expected={"rate": 100, "bad_share": 0.001})
    copies = PlannedStep(0.0, 60.0, mirror=Mirrored(100.0, ("GET",)))
    found = foresee((errors(),), settings, (copies, PlannedStep(5.0, 60.0), PlannedStep(100.0, 60.0)))
    first, second, _ = found.steps
    assert (first.weight, first.copies, second.copies) == (0.0, 100.0, 0.0)
    assert first.where == "copies of 100%" and "copies failed" in render(found)[1]
    sooner, later = first.detections[-1].seconds, second.detections[-1].seconds
    assert sooner is not None and later is not None and sooner < later
