from __future__ import annotations

from slipway.rollout.analysis.sides import Sides


def test_a_side_is_found_by_whether_it_is_the_candidates_and_both_are_a_pair() -> None:
    sides = Sides(candidate="new", baseline="old")
    assert (sides.of(True), sides.of(False)) == ("new", "old")
    assert [*sides] == ["new", "old"]
