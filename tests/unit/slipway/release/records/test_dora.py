"""The five measures equal a recount of what was done, and what cannot be known is unknown and never 0."""

from __future__ import annotations

from statistics import median

import pytest

from slipway.release.records.dora import DAY, Dora, dora
from slipway.release.records.release_record import Recorded
from tests.unit.slipway.release.records.ten import BEGAN, Did, ten_releases

Ten = tuple[list[Recorded], list[Did]]


@pytest.fixture
def ten(monkeypatch: pytest.MonkeyPatch) -> Ten:
    it, did = ten_releases(monkeypatch)
    return it.found, did


def measures(ten: Ten, until: float = BEGAN + 10 * DAY) -> Dora:
    return dora(ten[0], 0.0, until)


def test_the_records_are_what_was_done(ten: Ten) -> None:
    found, did = ten
    assert [(one.record.subject.version, one.event.ending) for one in found] == [
        (f"v-{one.version}000000", one.outcome) for one in did
    ]
    for one, expected in zip(found, did, strict=True):
        assert expected.began <= one.event.began <= one.event.ended <= expected.ended


def test_lead_time_is_the_median_over_the_changes_whose_commit_is_known(ten: Ten) -> None:
    found, did = ten
    done = [one for one in did if one.outcome == "committed"]
    ended = {one.record.subject.version: one.event.ended for one in found if one.event.ending == "committed"}
    expected = [ended[f"v-{one.version}000000"] - (one.began - one.lead) for one in done if one.lead is not None]
    measure = measures(ten).lead_time
    assert measure.value == pytest.approx(median(expected), abs=0.001)
    assert (measure.cases, measure.of) == (4, 5)


def test_frequency_counts_what_completed(ten: Ten) -> None:
    measure = measures(ten).frequency
    assert measure.value == pytest.approx(5 / 10, abs=0.01)
    assert (measure.cases, measure.of) == (5, 10)


def test_a_release_failed_when_it_was_aborted_under_traffic_or_left_by_a_rollback(ten: Ten) -> None:
    measure = measures(ten).fail_rate
    assert (measure.cases, measure.of) == (3, 7), "c3, e7 and d5, of five that completed and two that were aborted"
    assert measure.value == pytest.approx(3 / 7, abs=0.0001)


def test_recovery_is_from_the_first_traffic_until_another_version_had_all_of_it(ten: Ten) -> None:
    found, _ = ten
    aborted = [one.event.ended - one.event.steps[0].began for one in found if one.event.ending == "aborted"]
    left = found[5].event.ended - found[4].event.steps[0].began
    measure = measures(ten).recovery_time
    assert measure.value == pytest.approx(median([*aborted, left]), abs=0.001)
    assert (measure.cases, measure.of) == (3, 3)


def test_rework_is_hotfixes_and_rollbacks(ten: Ten) -> None:
    measure = measures(ten).rework_rate
    assert (measure.cases, measure.of) == (2, 6)
    assert measure.value == pytest.approx(2 / 6, abs=0.0001)


def test_a_window_counts_only_what_ended_in_it(ten: Ten) -> None:
    found = dora(ten[0], BEGAN + 7.5 * DAY, BEGAN + 10 * DAY)
    assert (found.frequency.cases, found.fail_rate.cases, found.fail_rate.of) == (1, 1, 2)
    assert found.frequency.value == pytest.approx(1 / 2.5, abs=0.001)


def test_nothing_recorded_is_unknown_and_never_0() -> None:
    found = dora([], 0.0, 30 * DAY)
    assert [measure.value for measure in found.measures] == [None] * 5
    assert all(measure.unknown for measure in found.measures)


def test_commit_times_that_nobody_states_make_the_lead_time_unknown_and_nothing_else(ten: Ten) -> None:
    only = [one for one in ten[0] if one.record.subject.version == "v-c4000000" and one.event.ending == "committed"]
    found = dora(only, 0.0, BEGAN + 10 * DAY)
    assert found.lead_time.value is None
    assert found.lead_time.unknown == "no change says committedAt"
    assert found.fail_rate.value == 0.0, "one release reached users and did not fail: that is known"
    assert found.recovery_time.value is None
