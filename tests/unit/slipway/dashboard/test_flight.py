"""What is told of a rollout in flight."""

from __future__ import annotations

import pytest

from slipway.dashboard.flight import EXPOSURE, RECENT, Flight, exposure_of, flight_of
from slipway.release.manifest.plan import Mirrored, PlannedStep
from slipway.release.records.journal import Outcome, StepRecord
from slipway.rollout.inspection import Inspection
from slipway.rollout.safety.holder import Holding
from tests.unit.slipway.cli.examples import NOW, attempt, head, intent, live
from tests.unit.slipway.dashboard.examples import LATEST, PLANNED, SERIES, STEPS, ended, exposure, in_flight, settled


def flight(seen: Inspection, now: float = NOW) -> Flight:
    found = flight_of(seen, (), now)
    assert found is not None
    return found


def test_weight_steps_evidence_and_time_left_are_told() -> None:
    found = flight(in_flight())
    assert (found.version, found.before, found.weight, found.state) == ("version-b", "version-a", 25.0, "running")
    assert [(one.name, one.state) for one in found.steps] == [("5%", "done"), ("25%", "current"), ("100%", "planned")]
    assert found.step == 2
    assert (found.left, found.left_in_all) == (50.0, 140.0)
    assert found.elapsed == 42.0
    (errors,) = found.guardrails
    assert (errors.bad, errors.total, errors.baseline_bad, errors.baseline_total) == (4, 200, 1, 600)
    assert (errors.evidence, errors.threshold) == (10.0, 100.0)
    assert found.looked == NOW - 2.0
    assert found.series == SERIES


def test_a_journal_without_its_plan_says_no_time_left() -> None:
    found = flight(in_flight(head=head(attempt=attempt(steps=STEPS))))
    assert (found.left, found.left_in_all) == (None, None)
    assert len(found.steps) == 2


def test_before_the_first_step_all_of_the_plan_is_ahead() -> None:
    found = flight(in_flight(head=head(attempt=attempt(planned=PLANNED)), latest=None, live=live(a=100.0)))
    assert (found.step, found.left, found.left_in_all, found.verdict) == (0, None, 180.0, "")


def test_a_step_that_is_overdue_has_nothing_left_and_not_less() -> None:
    assert flight(in_flight(), NOW + 500).left == 0.0


def test_a_paused_rollout_and_one_whose_process_is_silent_are_told_apart() -> None:
    heard = head(attempt=attempt(steps=STEPS, acknowledged="i1"))
    assert flight(in_flight(head=heard, intent=intent("pause"))).state == "paused"
    assert flight(in_flight(lease=Holding("silent", "runner-1", 30.0))).state == "silent"


def test_a_rollout_that_ended_is_told_for_a_while_with_its_reason() -> None:
    found = flight(settled(head=ended(Outcome.ABORTED, "5% errors")))
    assert (found.state, found.reason, found.running, found.left) == ("aborted", "5% errors", False, None)
    assert [one.state for one in found.steps] == ["done", "failed", "planned"]
    assert flight_of(settled(head=ended(Outcome.ABORTED, after=RECENT + 1)), (), NOW) is None
    assert flight_of(settled(), (), NOW) is None


def test_what_could_not_be_measured_is_part_of_the_reason() -> None:
    broken = {**LATEST, "errors": {"latency": "no series"}}
    assert flight(in_flight(latest=broken)).reason == "errors: 4 of 200; latency: no series"


@pytest.mark.parametrize("outcome", [Outcome.COMMITTED, Outcome.ABORTED, Outcome.INTERRUPTED])
def test_no_end_is_called_running(outcome: Outcome) -> None:
    assert not flight(settled(head=ended(outcome))).running


def test_an_exposure_in_flight_is_told_as_a_rollout_is() -> None:
    found = exposure_of(exposure(), NOW)
    assert found is not None
    assert (found.service, found.version, found.before, found.weight) == ("shop/pay", "on", "off", 25.0)
    assert [(one.name, one.state) for one in found.steps] == [("5%", "done"), ("25%", "current"), ("100%", "planned")]
    assert (found.left, found.left_in_all, found.state, found.kind) == (50.0, 140.0, "running", EXPOSURE)
    assert (found.guardrails[0].bad, found.guardrails[0].total) == (4, 200)


def test_an_exposure_whose_process_is_gone_is_silent_and_one_that_ended_is_told_for_a_while() -> None:
    lost = exposure_of(exposure(lease=Holding("silent", "runner-1", 30.0)), NOW)
    assert lost is not None
    assert lost.state == "silent"
    over = exposure(outcome=Outcome.ABORTED, ended=NOW - 5, reason="5% errors", latest=None)
    told = exposure_of(over, NOW)
    assert told is not None
    assert (told.state, told.reason, told.steps[1].state) == ("aborted", "5% errors", "failed")
    assert exposure_of(over, NOW + RECENT) is None
    assert exposure_of(exposure(last=None), NOW) is None


def test_a_mirror_step_is_named_by_what_is_copied_and_not_by_its_empty_share() -> None:
    copies = Mirrored(100.0, ("GET", "HEAD"))
    planned = (PlannedStep(0.0, 30.0, mirror=copies), *PLANNED)
    first = StepRecord(weight=0.0, began=NOW - 5, mirror=copies)
    found = flight(in_flight(head=head(attempt=attempt(steps=(first,), planned=planned)), live=live(a=100.0, b=0.0)))
    assert [one.name for one in found.steps] == ["mirror 100%", "5%", "25%", "100%"]
    ahead = flight(in_flight(head=head(attempt=attempt(planned=planned)), live=live(a=100.0)))
    assert [(one.name, one.state) for one in ahead.steps][:2] == [("mirror 100%", "planned"), ("5%", "planned")]
