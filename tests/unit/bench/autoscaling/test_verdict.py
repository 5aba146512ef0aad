"""A trial is good only when both versions always had the pods of their share, and the right one serves in the end."""

from __future__ import annotations

from typing import Any

import pytest

from bench.autoscaling.verdict import Look, Trial, burst, least, least_in_route, row, shortages, trial

GOOD = Trial(seed=1, before=4, steps=(50, 100), bad=False, late=False, standby=True)
FACTS: dict[str, Any] = {"failed_requests": 0, "minimum_after": 1, "minimum_declared": 1}


def look(share: float, old: int, new: int) -> Look:
    """`share` percent for the new version."""
    return Look({"old": 100.0 - share, "new": share}, {"old": old, "new": new})


WELL = [look(0, 4, 1), look(50, 4, 2), look(100, 4, 4), look(100, 1, 4)]


def test_a_trial_is_the_same_by_its_seed_and_every_fourth_one_is_faulty() -> None:
    trials = [trial(seed) for seed in range(20)]
    assert trials == [trial(seed) for seed in range(20)]
    assert [one.seed for one in trials if one.bad] == [3, 7, 11, 15, 19]
    assert [one.seed for one in trials if one.late] == [7, 15]
    assert {one.before for one in trials} == {2, 3, 4}
    assert burst(3, 12.0) == burst(3, 19.9)


def test_a_version_is_short_by_its_own_share_alone() -> None:
    assert list(shortages(WELL, 4)) == []
    assert list(shortages([look(50, 1, 2)], 4)) == ["old at 50% had 1 of 2"]
    assert list(shortages([look(10, 4, 0)], 4)) == ["new at 10% had 0 of 1"]
    assert list(shortages([look(0, 4, 0)], 4)) == []


def test_what_left_the_traffic_counts_as_long_as_it_had_some() -> None:
    assert least_in_route(WELL, "old") == 4
    assert least_in_route([*WELL, look(50, 2, 4)], "old") == 1
    assert least_in_route([look(100, 4, 4)], "old") is None
    assert least(WELL, "new", 100) == 4


@pytest.mark.parametrize(
    ("looks", "facts"),
    [
        ([*WELL, look(100, 1, 3)], {}),
        ([*WELL, look(0, 4, 4)], {}),
        (WELL, {"failed_requests": 1}),
        (WELL, {"minimum_after": 4}),
        ([], {}),
    ],
    ids=["fewer pods at 100%", "the wrong version serves", "a failed request", "the minimum stays raised", "no look"],
)
def test_what_makes_a_trial_bad(looks: list[Look], facts: dict[str, Any]) -> None:
    assert row(GOOD, "old", "new", WELL, FACTS)["good"] is True
    assert row(GOOD, "old", "new", looks, FACTS | facts)["good"] is False


def test_a_faulty_version_must_not_serve() -> None:
    faulty = Trial(seed=3, before=4, steps=(50, 100), bad=True, late=False, standby=True)
    assert row(faulty, "old", "new", WELL, FACTS)["good"] is False
    back = row(faulty, "old", "new", [*WELL[:2], look(0, 4, 1)], FACTS)
    assert (back["good"], back["outcome"], back["least_pods_at_100"]) == (True, "aborted", 4)
