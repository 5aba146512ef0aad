"""How many replicas each version keeps or needs while versions are scaled by their load."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from slipway.release.floors import (
    SEEN_AFTER,
    SEEN_AT_LAST,
    may_fall,
    needed_for,
    needed_for_all,
    peak,
    with_floors,
    within,
)
from slipway.release.manifest.plan import PlannedStep
from slipway.release.rollout_inputs import Autoscaled
from tests.unit.slipway.rollout.examples import backend, scaled_backend

counts = st.integers(1, 1000)
weights = st.floats(0.01, 100.0)


def bounds(least: int, most: int) -> Autoscaled:
    return Autoscaled(kind="hpa", minimum=least, maximum=most)


@given(before=st.integers(0, 1000), weight=weights, ends=st.tuples(counts, counts).map(sorted))
def test_no_replica_of_a_share_carries_more_than_before_unless_the_maximum_forbids_it(
    before: int, weight: float, ends: list[int]
) -> None:
    least, most = ends
    needed = needed_for(weight, before, bounds(least, most))
    assert least <= needed <= most
    assert needed == most or needed >= before * weight / 100 - 1e-6


@given(before=st.integers(0, 1000), shares=st.lists(weights, min_size=2, unique=True).map(sorted))
def test_a_larger_share_never_needs_fewer(before: int, shares: list[float]) -> None:
    needed = [needed_for(share, before, bounds(1, 1000)) for share in shares]
    assert all(one <= other for one, other in itertools.pairwise(needed))


@given(before=st.integers(1, 1000))
def test_all_of_the_traffic_needs_exactly_what_carried_it(before: int) -> None:
    assert needed_for(100.0, before, bounds(1, 1000)) == before


def test_a_share_that_is_a_whole_number_of_replicas_is_not_rounded_up() -> None:
    assert [needed_for(weight, 10, bounds(1, 99)) for weight in (10.0, 10.1, 30.0, 70.0)] == [1, 2, 3, 7]


def test_a_minimum_is_never_beyond_the_bounds() -> None:
    assert [within(count, bounds(2, 5)) for count in (0, 2, 4, 5, 9)] == [2, 2, 4, 5, 5]


def test_the_steps_tell_what_each_needs_and_are_as_planned_where_nothing_scales() -> None:
    steps = (PlannedStep(5.0, 60.0), PlannedStep(50.0, 60.0), PlannedStep(100.0, 60.0))
    assert [step.replicas for step in with_floors(steps, 7, bounds(2, 6))] == [2, 4, 6]
    assert with_floors(steps, None, bounds(2, 6)) == with_floors(steps, 7, None) == steps


def test_the_peak_is_what_serves_and_the_candidate_at_all_of_the_traffic() -> None:
    assert peak(7, scaled_backend("bbbbbbbb", 2, 10)) == 14
    assert peak(7, scaled_backend("bbbbbbbb", 2, 5)) == 12
    assert peak(7, backend("bbbbbbbb", replicas=3)) == 10
    assert needed_for_all(None, scaled_backend("bbbbbbbb", 2, 10)) == 2


@given(st.floats(0, 1e6), st.booleans())
def test_an_autoscaler_is_left_to_itself_once_it_has_seen_the_load(whole_for: float, wants_fewer: bool) -> None:
    if may_fall(whole_for, wants_fewer=wants_fewer):
        assert whole_for >= (SEEN_AT_LAST if wants_fewer else SEEN_AFTER)
    else:
        assert whole_for < SEEN_AT_LAST
