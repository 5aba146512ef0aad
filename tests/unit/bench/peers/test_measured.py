from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.peers.matrix import FAULTS, Fault
from bench.peers.measured import BASELINE, CANDIDATE, measured, median
from sandbox.sample.records import Cell, Counts, Failure, Interval

FAULT: dict[str, Fault] = {fault.name: fault for fault in FAULTS}


def interval(late_ms: float) -> Interval:
    return Interval(start=0.0, end=1.0, sent=100, late_ms=late_ms, responses={}, latency_ms={})


def failure(at: float, version: str = CANDIDATE) -> Failure:
    return Failure(at=at, sent=at, wall=at, version=version, status="500")


def counts(*failures: Failure, last: float = 20.0, late: tuple[float, ...] = (1.0,)) -> Counts:
    return Counts(
        responses={
            BASELINE: {"200": Cell(900, 0.0, last)},
            CANDIDATE: {"200": Cell(40, 10.0, last), "500": Cell(len(failures), 10.0, last)},
        },
        failures=failures,
        intervals=tuple(interval(ms) for ms in late),
    )


def test_safe_is_when_the_candidate_answered_last_counted_from_its_first_failure() -> None:
    found = measured(counts(failure(12.0), failure(13.0), last=20.0), FAULT["errors-20"], aborted=True)
    assert found.seconds_to_safe == 8.0
    assert found.client_failures == 2


def test_a_slow_version_is_faulty_from_its_first_response_and_each_of_them_counts_as_failed() -> None:
    found = measured(counts(last=20.0), FAULT["latency-3x"], aborted=True)
    assert found.seconds_to_safe == 10.0
    assert found.client_failures == 40


def test_failures_that_no_version_answered_count_too() -> None:
    found = measured(counts(failure(12.0), failure(12.5, "none")), FAULT["errors-20"], aborted=True)
    assert found.client_failures == 2


def test_the_usual_errors_of_the_serving_version_are_no_failures_of_the_release() -> None:
    seen = counts(failure(12.0), failure(12.5, "none"), *(failure(float(at), BASELINE) for at in range(3)))
    assert measured(seen, FAULT["noisy-5"], aborted=False).client_failures == 2
    assert measured(seen, FAULT["errors-5"], aborted=False).client_failures == 5


def test_a_fault_that_was_not_noticed_has_no_time_to_safe() -> None:
    assert measured(counts(failure(12.0)), FAULT["errors-20"], aborted=False).seconds_to_safe is None


def test_an_abort_without_any_sign_of_the_fault_is_no_measurement() -> None:
    with pytest.raises(ValueError, match="before the client saw the fault"):
        measured(counts(), FAULT["errors-20"], aborted=True)


def test_a_run_in_which_the_gateway_left_requests_unanswered_was_disturbed() -> None:
    silent = [replace(failure(12.0, "none"), status="timeout") for _ in range(6)]
    assert measured(counts(*silent[:5]), FAULT["errors-20"], aborted=False).undisturbed
    assert not measured(counts(*silent), FAULT["errors-20"], aborted=False).undisturbed


def test_a_run_on_an_overloaded_machine_is_told_by_the_load_generators_lateness() -> None:
    calm = measured(counts(late=(1.0,) * 40 + (400.0,)), FAULT["healthy"], aborted=False)
    disturbed = measured(counts(late=(1.0,) * 9 + (400.0,)), FAULT["healthy"], aborted=False)
    assert calm.undisturbed
    assert not disturbed.undisturbed


@given(st.lists(st.floats(0, 1e6), min_size=1))
def test_half_of_the_values_lie_on_either_side_of_the_median(values: list[float]) -> None:
    middle = median(values)
    assert middle is not None
    assert 2 * sum(value <= middle for value in values) >= len(values)
    assert 2 * sum(value >= middle for value in values) >= len(values)


def test_nothing_has_no_median() -> None:
    assert median([]) is None
