from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from slipway.rollout.metrics.cloudwatch_minutes import KEPT, PERIOD, Counted, settled_until

START = 1_800_000_000.0
"""The beginning of a minute."""


def minute(number: int) -> float:
    return START + number * PERIOD


def test_a_minute_has_settled_when_its_lateness_is_over_and_not_before() -> None:
    assert settled_until(minute(1) + 89.9, 90) == minute(0)
    assert settled_until(minute(1) + 90, 90) == minute(1)


def test_only_settled_minutes_count_and_each_of_them_once() -> None:
    counted = Counted()
    requests, good = {minute(0): 10.0, minute(1): 20.0}, {minute(0): 9.0, minute(1): 20.0}
    for _ in range(3):
        counted.add(requests, good, minute(1))
        assert (counted.total, counted.good, counted.until) == (10, 9, minute(1))
    counted.add(requests, good, minute(2))
    assert (counted.total, counted.good, counted.until) == (30, 29, minute(2))


def test_what_is_missing_beside_a_count_of_requests_is_zero() -> None:
    counted = Counted()
    counted.add({minute(0): 10.0}, {}, minute(1))
    found = counted.series()
    assert (found.total, found.bad, found.good, found.at) == (10, 10, 0, minute(1))


def test_a_minute_without_a_count_of_requests_is_unknown_whatever_else_is_there() -> None:
    counted = Counted()
    counted.add({}, {minute(0): 10.0}, minute(5))
    assert (counted.total, counted.until) == (0, 0)


def test_a_minute_that_comes_late_counts_when_it_comes() -> None:
    counted = Counted()
    counted.add({minute(1): 20.0}, {minute(1): 20.0}, minute(2))
    counted.add({minute(0): 10.0, minute(1): 20.0}, {minute(0): 10.0, minute(1): 20.0}, minute(3))
    assert (counted.total, counted.until) == (30, minute(2))


def test_more_answers_than_requests_are_no_negative_errors() -> None:
    counted = Counted()
    counted.add({minute(0): 10.0}, {minute(0): 12.0}, minute(1))
    assert counted.series().bad == 0


@given(
    st.dictionaries(st.integers(0, 40), st.tuples(st.integers(0, 1000), st.integers(0, 1000)).map(sorted), min_size=1),
    st.lists(st.integers(0, 45), min_size=1),
)
def test_counters_never_fall_and_end_at_what_has_settled(minutes: dict[int, list[int]], looks: list[int]) -> None:
    requests = {minute(number): float(total) for number, (_, total) in minutes.items()}
    good = {minute(number): float(well) for number, (well, _) in minutes.items()}
    counted, before = Counted(), (0.0, 0.0, 0.0)
    for settled in sorted(looks):
        counted.add(requests, good, minute(settled))
        now = (counted.total, counted.total - counted.good, counted.until)
        assert all(new >= old for new, old in zip(now, before, strict=True))
        before = now
    seen = {number for number in minutes for settled in looks if settled - KEPT <= number < settled}
    assert counted.total == sum(minutes[number][1] for number in seen)


def test_a_minute_that_comes_much_too_late_is_not_counted_twice_nor_at_all() -> None:
    counted = Counted()
    counted.add({minute(0): 10.0}, {}, minute(KEPT))
    counted.add({minute(0): 10.0, minute(1): 1.0}, {}, minute(KEPT + 2))
    assert counted.total == 10
