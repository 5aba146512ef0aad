from __future__ import annotations

from sandbox.chaos.flag_trials import Row, summary


def test_a_kill_that_is_lost_or_comes_on_again_is_held_against_a_trial() -> None:
    assert Row(0, "guard", told=True, journaled=True).clean
    assert not Row(0, "guard", told=True, lost=True).clean
    assert not Row(0, "guard", told=True, journaled=True, on_again=1).clean


def test_the_summary_counts_kills_that_were_lost_and_versions_that_turned_a_flag_on_again() -> None:
    rows = [
        Row(0, "guard", told=True, journaled=True),
        Row(1, "provider", told=False, journaled=True, on_again=2),
        Row(2, "answers", told=True, lost=True, faults=["lost-answer: PUT /x"]),
    ]
    found = summary(rows, 7, 12.34)
    assert found == {
        "kills": 3,
        "seed": 7,
        "lost": 1,
        "on_again": 2,
        "stood": 2,
        "told": 2,
        "faults": 1,
        "seconds": 12.3,
    }
