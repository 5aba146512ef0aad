from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from sandbox.chaos.plan import IN_FLIGHT, SHORT, Kind, Moment, trials


@given(st.integers(0, 2**32), st.integers(1, 60))
def test_a_seed_and_a_number_always_give_the_same_trials(seed: int, count: int) -> None:
    found = trials(seed, count)
    assert found == trials(seed, count)
    assert [one.number for one in found] == list(range(count))


@given(st.integers(0, 2**32), st.integers(len(Kind), 200))
def test_every_kind_occurs_about_as_often_as_any_other(seed: int, count: int) -> None:
    counts = Counter(one.kind for one in trials(seed, count))
    assert set(counts) == set(Kind)
    assert max(counts.values()) - min(counts.values()) <= 1


@given(st.integers(0, 2**32), st.sampled_from([SHORT, 200]))
def test_few_trials_sleep_shortly_and_many_up_to_a_minute(seed: int, count: int) -> None:
    sleeps = [one.seconds for one in trials(seed, count) if one.kind in (Kind.SLEEP, Kind.SLEEP_BESIDE_UP)]
    assert all(5.0 <= seconds <= 60.0 for seconds in sleeps)
    assert max(sleeps) > 28.0 if count > SHORT else max(sleeps) <= 28.0


@given(st.integers(0, 2**32))
def test_whatever_strikes_does_so_while_a_rollout_is_in_flight(seed: int) -> None:
    found = trials(seed, 60)
    assert all(one.moment is not Moment.START or one.kind is Kind.API_FAULTS for one in found)
    assert all(0 <= one.delay <= IN_FLIGHT for one in found)
    assert {one.moment for one in found} >= {Moment.LEASE, Moment.JOIN, Moment.SPLIT, Moment.COMMIT}
