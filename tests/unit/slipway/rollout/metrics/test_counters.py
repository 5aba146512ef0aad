from __future__ import annotations

import math
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.release.errors import ClusterError
from slipway.rollout.analysis.types import Counts
from slipway.rollout.metrics.base import Reading, Series, Snapshot
from slipway.rollout.metrics.counters import bound_note, carry, deltas, effective_bound

BOUNDS = (0.1, 0.25, math.inf)


def series(total: float, bad: float = 0) -> Series:
    return Series(total, bad, {})


def snapshot(candidate: Mapping[str, Series], baseline: Mapping[str, Series] | None = None, **more: str) -> Snapshot:
    return Snapshot(1.0, {} if more else {"g": Reading(candidate, baseline or {})}, more)


def counted(before: Mapping[str, Series], after: Mapping[str, Series]) -> Counts:
    return deltas(snapshot(before), snapshot(after))["g"].candidate


def test_growth_of_all_emitters_is_added_up_on_either_side() -> None:
    before = snapshot({"a": series(10, 1), "b": series(5)}, {"a": series(100, 7)})
    after = snapshot({"a": series(15, 2), "b": series(9, 3)}, {"a": series(190, 8)})
    found = deltas(before, after)["g"]
    assert (found.candidate, found.baseline) == (Counts(9, 4), Counts(90, 1))


def test_a_value_that_fell_means_a_restart_and_all_of_it_is_new() -> None:
    assert counted({"a": series(1000, 10)}, {"a": series(40, 2)}) == Counts(40, 2)


def test_a_bad_count_that_fell_is_a_restart_even_if_the_total_has_caught_up() -> None:
    assert counted({"a": series(10, 5)}, {"a": series(30, 1)}) == Counts(30, 1)


def test_a_histogram_bucket_that_fell_is_a_restart_too() -> None:
    before, after = Series(10, 0, {0.1: 10, math.inf: 10}), Series(12, 4, {0.1: 8, math.inf: 12})
    assert counted({"a": before}, {"a": after}) == Counts(12, 4, (0.1,), (4,))


def test_good_events_that_catch_up_with_their_total_are_no_restart() -> None:
    started, ended = Series(1_000_000, 3, {}, 999_997), Series(1_000_020, 1, {}, 1_000_019)
    assert counted({"a": started}, {"a": ended}) == Counts(20, 0)


def test_good_events_that_fell_are_a_restart() -> None:
    assert counted({"a": Series(50, 2, {}, 48)}, {"a": Series(60, 20, {}, 40)}) == Counts(60, 20)


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 5), st.integers(0, 20)), min_size=1, max_size=40))
def test_events_under_way_are_counted_as_bad_once_at_most_however_often_their_number_changes(
    history: list[tuple[int, int, int]],
) -> None:
    """Totals count at the start and good ones at the end: what is lost is seen up to what was under way at once."""
    total = lost = seen = bad_seen = 0
    before = 0
    kept = snapshot({"a": Series(0, 0, {}, 0)})
    for new, failing, open_now in history:
        total += new
        under_way = min(open_now, before + new)
        lost, before = lost + min(failing, before + new - under_way), under_way
        now = snapshot({"a": Series(total, lost + under_way, {}, total - lost - under_way)})
        found = deltas(kept, now)["g"].candidate
        seen, bad_seen, kept = seen + found.total, bad_seen + found.bad, carry(kept, now)
        assert lost <= bad_seen
    assert seen == total
    assert bad_seen <= lost + max(open_now for *_, open_now in history)


def at(time: float, total: float, bad: float = 0.0) -> Snapshot:
    return Snapshot(time, {"g": Reading({"a": Series(total, bad, {}, at=time)}, {})}, {})


def test_a_sample_that_is_older_than_the_last_one_is_no_restart() -> None:
    newer, older = at(100.0, 5000, 50), at(98.0, 4990, 49)
    assert deltas(newer, older)["g"].candidate == Counts(0, 0)
    kept = carry(newer, older)
    assert kept.at == 100.0
    assert deltas(kept, at(110.0, 5100, 51))["g"].candidate == Counts(100, 1)


def test_of_a_source_whose_clock_was_set_back_the_samples_are_new() -> None:
    before, after = at(10_000.0, 5000), at(6400.0, 5010)
    assert deltas(before, after)["g"].candidate == Counts(10, 0)
    assert carry(before, after) == after


def test_an_emitter_that_vanished_counts_nothing() -> None:
    assert counted({"a": series(10), "b": series(10)}, {"a": series(11)}) == Counts(1, 0)


def test_a_new_emitter_counts_from_zero() -> None:
    assert counted({"a": series(10)}, {"a": series(10), "b": series(7, 1)}) == Counts(7, 1)


def test_an_emitter_that_was_out_of_sight_is_not_taken_for_a_new_one() -> None:
    first = snapshot({"a": series(10), "b": series(5000, 50)})
    gap = snapshot({"a": series(20)})
    back = snapshot({"a": series(30), "b": series(5004, 51)})
    kept = carry(first, gap)
    assert deltas(first, gap)["g"].candidate == Counts(10, 0)
    assert deltas(kept, back)["g"].candidate == Counts(14, 1)


def test_a_guardrail_that_failed_for_a_while_counts_the_whole_time_when_it_is_back() -> None:
    first = snapshot({"a": series(10)})
    failed = snapshot({}, g="Prometheus is away")
    assert deltas(first, failed) == {}
    kept = carry(carry(first, failed), failed)
    assert deltas(kept, snapshot({"a": series(30, 4)}))["g"].candidate == Counts(20, 4)


def test_the_first_look_of_a_guardrail_has_no_counts() -> None:
    failed = snapshot({}, g="away")
    history = snapshot({"a": series(1_000_000, 9)})
    assert deltas(failed, history) == {}
    assert carry(None, history) is history
    assert deltas(carry(failed, history), snapshot({"a": series(1_000_001, 9)}))["g"].candidate == Counts(1, 0)


def test_an_alert_is_handed_on() -> None:
    before, after = (Snapshot(1.0, {"g": Reading({}, {}, firing)}, {}) for firing in (False, True))
    assert deltas(before, after)["g"].firing is True


def test_a_tick_of_latency_has_the_histogram_of_that_tick() -> None:
    before = {"a": Series(10, 1, {0.1: 8, 0.25: 9, math.inf: 10})}
    after = {
        "a": Series(110, 11, {0.1: 58, 0.25: 99, math.inf: 110}),
        "b": Series(5, 5, {0.1: 0, 0.25: 0, math.inf: 5}),
    }
    assert counted(before, after) == Counts(105, 15, (0.1, 0.25), (55, 15))


def test_only_bounds_that_every_emitter_has_are_used() -> None:
    after = {"a": Series(4, 0, {0.1: 1, 0.25: 3, math.inf: 4}), "b": Series(2, 0, {0.25: 1, 1.0: 2, math.inf: 2})}
    assert counted({}, after) == Counts(6, 0, (0.25,), (2,))


def test_a_proxy_without_any_answer_does_not_take_the_histogram_away() -> None:
    after = {"a": Series(4, 1, {0.25: 3, math.inf: 4}), "idle": Series(0, 0, {})}
    assert counted({}, after) == Counts(4, 1, (0.25,), (1,))


emitters = st.sampled_from(["a", "b", "c"])


@st.composite
def readings(draw: st.DrawFn) -> dict[str, Series]:
    found = {}
    for name in draw(st.sets(emitters)):
        counts = sorted(draw(st.lists(st.integers(0, 10**6), min_size=3, max_size=3)))
        found[name] = Series(counts[2], counts[2] - counts[1], dict(zip(BOUNDS, map(float, counts), strict=True)))
    return found


@given(readings(), readings())
def test_counts_are_never_negative_and_bad_ones_never_more_than_all(
    before: dict[str, Series], after: dict[str, Series]
) -> None:
    found = counted(before, after)
    assert 0 <= found.bad <= found.total
    assert all(0 <= slower <= found.total for slower in found.slower)
    assert list(found.slower) == sorted(found.slower, reverse=True)
    assert len(found.bounds) == len(found.slower)


Step = tuple[str, str, int, int]
steps = st.lists(
    st.tuples(emitters, st.sampled_from(["count", "restart", "hide"]), st.integers(0, 50), st.integers(0, 5)),
    max_size=30,
)


@given(steps)
def test_over_any_history_of_restarts_and_gaps_nothing_is_counted_twice_or_invented(history: list[Step]) -> None:
    """A proxy may hide from single looks and may restart; what is counted is at most what happened, and exactly
    that when nobody restarted."""
    totals: dict[str, tuple[int, int]] = {}
    happened = bad_happened = seen = bad_seen = 0
    kept = snapshot({})
    restarted = False
    for emitter, what, good, bad in [*history, ("a", "count", 0, 0)]:
        if what == "restart":
            totals[emitter] = (0, 0)
            restarted = True
        total, failed = totals.get(emitter, (0, 0))
        totals[emitter] = (total + good + bad, failed + bad)
        happened, bad_happened = happened + good + bad, bad_happened + bad
        visible = {name: series(*counts) for name, counts in totals.items() if (name, what) != (emitter, "hide")}
        now = snapshot(visible)
        found = deltas(kept, now)["g"].candidate
        seen, bad_seen = seen + found.total, bad_seen + found.bad
        kept = carry(kept, now)
    if restarted:
        assert seen <= happened
        assert bad_seen <= bad_happened
    else:
        assert (seen, bad_seen) == (happened, bad_happened)


def test_a_threshold_without_a_bound_of_its_own_takes_the_next_lower_one() -> None:
    assert effective_bound(0.25, BOUNDS) == 0.25
    assert effective_bound(0.3, BOUNDS) == 0.25
    assert effective_bound(0.3, (300 / 1000 + 1e-17, 0.1)) == 0.3
    assert effective_bound(100.0, BOUNDS) == 0.25
    with pytest.raises(ClusterError, match=r"50ms cannot be read .* the lowest bound is 100ms"):
        effective_bound(0.05, BOUNDS)
    with pytest.raises(ClusterError, match="it has no bounds"):
        effective_bound(0.05, [math.inf])


def test_another_bound_is_said_and_an_exact_one_is_not() -> None:
    assert bound_note(0.25, BOUNDS) is None
    assert bound_note(0.3, BOUNDS) == (
        "the histogram has no bound at 300ms: slower than 250ms counts as slow, which is stricter"
    )
