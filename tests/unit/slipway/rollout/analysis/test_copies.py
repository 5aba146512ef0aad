"""What a mirror step compares, and that pairs of request and copy break no promise."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.rollout.analysis.copies import paired
from slipway.rollout.analysis.state import Step
from slipway.rollout.analysis.types import Counts, GuardrailCounts

SHARES = st.floats(0.001, 1.0)


@given(
    SHARES, st.floats(1.0, 5.0), st.floats(1.001, 50.0), st.floats(0.0, 1.0), st.floats(0.0, 1.0), st.floats(0.0, 1.0)
)
def test_no_dependence_within_a_pair_earns_evidence_against_a_candidate_as_good_as_tolerated(
    part: float, rho0: float, more: float, both_bad: float, request_bad: float, room: float
) -> None:
    """Of a request: bad, its copy bad, both, or none; copies are at most rho0 times as often bad."""
    rho = rho0 * more
    pair_bad = both_bad * part
    baseline_bad = min(1.0, pair_bad + request_bad)
    candidate_bad = max(0.0, min(part, part * rho0 * baseline_bad) * room)
    pair_bad = min(pair_bad, candidate_bad)
    copy_alone, request_alone = candidate_bad - pair_bad, baseline_bad - pair_bad
    fall = (rho0 * part + 1.0) / (rho * part + 1.0)
    gain = more * fall
    none = 1.0 - pair_bad - copy_alone - request_alone
    expected = none + pair_bad * gain * fall + copy_alone * gain + request_alone * fall
    assert expected <= 1.0 + 1e-9


def counts(copies: int, requests: int, bad: int) -> GuardrailCounts:
    return GuardrailCounts(Counts(copies, 0), Counts(requests, bad, (0.1, 0.5), (bad, bad // 2)))


def test_where_all_requests_are_copied_both_claims_rest_on_the_same_counts() -> None:
    found = counts(100, 100, 7)
    assert paired(found, Step(), 100.0) == (found, found)
    assert paired(found, Step(), 0.0) == (found, found)


def test_failures_of_what_is_not_copied_are_taken_against_the_claim() -> None:
    against, in_favour = paired(counts(40, 100, 50), Step(), 100.0)
    assert (against.baseline.total, against.baseline.bad, against.baseline.slower) == (40, 40, (40, 25))
    assert (in_favour.baseline.total, in_favour.baseline.bad, in_favour.baseline.slower) == (40, 0, (0, 0))


def test_a_quarter_that_is_copied_stands_for_all_requests() -> None:
    assert paired(counts(25, 100, 3), Step(), 25.0).candidate.baseline == counts(25, 100, 3).baseline


@pytest.mark.parametrize("bad", [0, 20, 60])
def test_the_part_that_is_copied_does_not_depend_on_what_was_bad(bad: int) -> None:
    step = Step(candidate=400, baseline=1000)
    against, in_favour = paired(counts(30, 60, bad), step, 100.0)
    assert against.baseline.total == in_favour.baseline.total == round(430 / 1060 * 60)
