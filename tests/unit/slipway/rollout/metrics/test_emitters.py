from __future__ import annotations

import pytest

from slipway.rollout.metrics.emitters import GAUGE_LAG, Emitters, Listed, not_before


def test_a_process_began_as_late_as_its_age_and_the_lists_allow() -> None:
    assert not_before(100.0, None, None) is None
    assert not_before(100.0, None, 0.0) == 0.0
    assert not_before(100.0, None, 60.0) == 60.0
    assert not_before(100.0, 30.0, None) == 70.0 - GAUGE_LAG
    assert not_before(100.0, 30.0, 0.0) == 70.0 - GAUGE_LAG
    assert not_before(100.0, 30.0, 69.0) == 69.0
    assert not_before(100.0, 5000.0, 69.0) == -4900.0, "it was not listed, and is older than that"


def test_one_that_was_not_in_the_first_list_was_absent_at_the_last_one_without_it() -> None:
    listed = Listed()
    for asked, names in ((10.0, "a"), (11.0, "ab"), (12.0, "b"), (13.0, "abc")):
        listed.take(names, asked)
    assert [listed.absent_at(name) for name in "abc"] == [0.0, 10.0, 12.0]


FIRST = Emitters(100.0, {"seen": 20.0})


@pytest.mark.parametrize(
    ("emitter", "not_before", "new"),
    [("seen", 20.0, True), ("late", 99.9, False), ("unknown", 0.0, False), ("young", 100.0, True)],
)
def test_what_a_series_shows_first_is_new_where_its_emitter_was_seen_without_it_or_is_younger(
    emitter: str, not_before: float, new: bool
) -> None:
    assert FIRST.is_new(emitter, Emitters(150.0, {emitter: not_before})) is new


def test_of_a_source_that_does_not_tell_ages_all_that_is_seen_first_is_new() -> None:
    assert FIRST.is_new("other", Emitters(150.0, {}))
    assert Emitters().is_new("other", Emitters(150.0, {"other": 0.0}))


def test_the_first_look_stays_the_first_and_the_newest_beginning_counts() -> None:
    later = Emitters(150.0, {"seen": 120.0, "b": 130.0})
    assert FIRST.joined(later) == Emitters(100.0, {"seen": 120.0, "b": 130.0})
    assert Emitters().joined(later) == later


def test_a_process_restarted_when_it_began_after_the_last_sample_and_not_when_a_clock_was_set() -> None:
    assert FIRST.restarted("seen", 120.0, Emitters(150.0, {"seen": 130.0}))
    assert not FIRST.restarted("seen", 120.0, Emitters(150.0, {"seen": 26.0})), "the gauge is late"
    assert not FIRST.restarted("seen", 120.0, Emitters(150.0, {"seen": 80.0})), "it was counting then"
    assert not FIRST.restarted("other", 120.0, Emitters(150.0, {"other": 130.0}))
    assert not FIRST.restarted("seen", 120.0, Emitters(150.0, {}))
    assert not FIRST.restarted("seen", 0.0, Emitters(150.0, {"seen": 130.0}))
