"""The columns of a record say what the ticks said, in fewer numbers."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from slipway.rollout.measurement.series import MOST, series_of
from slipway.rollout.measurement.thinning import thin


def tick(at: float, weight: float = 25.0, bad: int = 1, total: int = 10, **more: Any) -> dict[str, Any]:
    sides = {"candidate": {"total": total, "bad": bad}, "baseline": {"total": 3 * total, "bad": 0}}
    finding = {"guardrail": "errors", "statistic": at * 1.23456, "threshold": 100.0}
    return {
        "at": at, "inStep": at, "length": 1.0, "weight": weight, "counts": {"errors": sides}, "errors": {},
        "verdict": "INCONCLUSIVE", "statistic": at, "threshold": 100.0, "findings": [finding], **more,
    }  # fmt: skip


TICKS = st.lists(st.tuples(st.sampled_from([5.0, 25.0, 100.0]), st.integers(0, 9)), min_size=1, max_size=400)


@given(TICKS)
def test_no_request_is_lost_or_counted_twice_and_the_stretches_stay_few(ticks: list[tuple[float, int]]) -> None:
    ticks.sort(key=lambda one: one[0])
    records = [tick(float(n), weight, bad) for n, (weight, bad) in enumerate(ticks)]
    found = series_of(records, {"errors": "error-ratio"})
    (errors,) = found.guardrails
    assert sum(value or 0 for value in errors.bad) == sum(bad for _, bad in ticks)
    assert sum(value or 0 for value in errors.total) == 10 * len(ticks)
    assert sum(value or 0 for value in errors.baseline_total) == 30 * len(ticks)
    assert len(found.at) <= MOST + 4
    assert list(found.at) == sorted(found.at)
    columns = (errors.bad, errors.total, errors.baseline_bad, errors.baseline_total, errors.evidence, errors.threshold)
    assert {len(column) for column in (*columns, found.weight)} == {len(found.at)}


def test_a_stretch_never_mixes_two_weights() -> None:
    found = series_of([tick(float(n), 5.0 if n < 700 else 25.0) for n in range(1000)], {})
    change = found.weight.index(25.0)
    assert found.at[change - 1] == 699.0


def test_the_evidence_is_that_of_the_last_look_of_a_stretch_in_four_digits() -> None:
    found = series_of([tick(1.0), tick(2.0)], {})
    assert found.guardrails[0].evidence[-1] == 2.469
    assert found.guardrails[0].threshold[-1] == 100.0


def test_what_was_thinned_keeps_its_counts_and_its_evidence_is_unknown() -> None:
    records = thin([tick(float(n)) for n in range(400)])
    found = series_of(records, {})
    (errors,) = found.guardrails
    assert sum(value or 0 for value in errors.total) == 4000
    assert None in errors.evidence


def test_the_95th_percentile_comes_from_the_histogram_of_the_stretch() -> None:
    side = {"total": 100, "bad": 0, "bounds": [0.1, 0.2, 0.4], "slower": [50, 10, 0]}
    record = tick(1.0) | {"counts": {"latency": {"candidate": side, "baseline": {"total": 0, "bad": 0}}}}
    (latency,) = series_of([record], {"latency": "latency"}).guardrails
    assert latency.p95 == (0.3,)
    assert latency.baseline_p95 == (None,)


def test_a_percentile_beyond_the_last_bound_is_unknown() -> None:
    side = {"total": 100, "bad": 0, "bounds": [0.1], "slower": [50]}
    record = tick(1.0) | {"counts": {"latency": {"candidate": side, "baseline": side}}}
    assert series_of([record], {}).guardrails[0].p95 == ()


def test_no_ticks_are_no_series() -> None:
    assert series_of([], {}).at == ()
