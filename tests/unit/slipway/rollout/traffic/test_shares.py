"""Measured shares, and the shares on the way back."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from slipway.rollout.routers.base import Split
from slipway.rollout.traffic.shares import missing_share, returning_split, share_problem
from tests.unit.slipway.rollout.examples import backend

OLD, NEW = backend("aaaaaaaa"), backend("bbbbbbbb")


def test_no_traffic_at_the_candidate_is_always_a_problem() -> None:
    assert share_problem(25.0, 0, 5000, sticky=False) is not None
    assert share_problem(100.0, 0, 0, sticky=True) is not None


def test_a_share_far_from_the_weight_is_named_with_its_numbers() -> None:
    problem = share_problem(25.0, 20, 980, sticky=False)
    assert problem is not None
    assert problem.startswith("the measured share is 2.0% of 1000 requests, the weight 25.0%")
    assert "clients stick to one side, which route.affinity should then declare" in problem


def test_sticky_clients_do_not_follow_the_weights() -> None:
    assert share_problem(25.0, 20, 980, sticky=True) is None


@given(st.sampled_from([1.0, 5.0, 25.0, 50.0, 75.0, 98.0]), st.integers(100, 5000), st.integers(0, 2**32))
def test_a_fair_split_is_hardly_ever_a_problem(weight: float, total: int, seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311 - a simulation
    candidate = max(1, sum(draw.random() < weight / 100 for _ in range(total)))
    assert share_problem(weight, candidate, total - candidate, sticky=False) is None


def test_traffic_goes_back_whole_when_enough_old_replicas_are_ready() -> None:
    assert returning_split(OLD, 3, 3, NEW, 3) == Split.whole(OLD)


def test_traffic_follows_the_old_replicas_as_they_become_ready() -> None:
    assert returning_split(OLD, 1, 4, NEW, 3) == Split(((OLD, 25.0), (NEW, 75.0)))


def test_nothing_is_sent_to_an_old_backend_without_a_ready_replica() -> None:
    assert returning_split(OLD, 0, 3, NEW, 2) == Split.whole(NEW)
    assert returning_split(OLD, 0, 3, NEW, 0) is None
    assert returning_split(OLD, 0, 1, None, 0) is None


@given(st.integers(0, 6), st.integers(1, 6), st.integers(0, 6))
def test_shares_sum_to_a_hundred_and_only_ready_backends_get_any(old: int, want: int, new: int) -> None:
    split = returning_split(OLD, old, want, NEW, new)
    if split is None:
        assert (old, new) == (0, 0)
        return
    assert abs(sum(share for _, share in split.shares) - 100.0) < 1e-9
    ready = {OLD.entry: old, NEW.entry: new}
    assert all(ready[side.entry] > 0 for side, share in split.shares if share > 0)


def test_a_candidate_whose_answers_are_missing_fails_and_one_with_its_share_does_not() -> None:
    assert "only 0.0% of 1000 answered requests" in (missing_share(25.0, 0, 1000) or "")
    assert missing_share(25.0, 90, 910) is not None
    assert missing_share(25.0, 250, 750) is None
    assert missing_share(25.0, 400, 600) is None, "too much of it is no missing answer"
    assert missing_share(25.0, 0, 50) is None, "of so few nothing is shown"
    assert missing_share(100.0, 0, 1000) is None, "nothing to compare with"


@given(st.integers(1, 99), st.integers(100, 20000), st.integers(0, 2**32))
def test_a_healthy_candidate_is_hardly_ever_short_of_answers(weight: int, total: int, seed: int) -> None:
    candidate = sum(random.Random(seed).choices((0, 1), (100 - weight, weight), k=total))  # noqa: S311
    assert missing_share(float(weight), candidate, total - candidate) is None
