from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.release.units import fraction, percent_of, seconds, share, show_seconds, show_share


@pytest.mark.parametrize(
    ("text", "value"),
    [(90, 90.0), ("90s", 90.0), ("1m30s", 90.0), ("300ms", 0.3), ("1.5h", 5400.0), ("1d", 86400.0), (2, 2.0)],
)
def test_durations_are_read_as_people_write_them(text: object, value: float) -> None:
    assert seconds(text) == value


@pytest.mark.parametrize(
    "text", ["", "s", "90", "5x", "-5s", "5s ago", "1e3s", "٣s", True, None, math.nan, math.inf, -1, "9" * 400 + "s"]
)
def test_what_is_no_duration_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="duration"):
        seconds(text)


@pytest.mark.parametrize(("text", "value"), [("0.1%", 0.001), ("100%", 1.0), (0.25, 0.25), ("0.25", 0.25), (0, 0.0)])
def test_shares_are_read_as_percentages_or_fractions(text: object, value: float) -> None:
    assert share(text) == pytest.approx(value)


@pytest.mark.parametrize("text", ["", "%", "101%", "-1%", "nan", "inf", "1_0%", 2, True, None, "half"])
def test_what_is_no_share_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match=r"share|between"):
        share(text)


@given(st.integers(0, 10_000_000))
def test_a_shown_duration_reads_back_as_itself(milliseconds: int) -> None:
    value = milliseconds / 1000
    assert seconds(show_seconds(value)) == pytest.approx(value, abs=1e-3)


@given(st.integers(0, 10_000))
def test_a_shown_share_reads_back_as_itself(parts: int) -> None:
    assert share(show_share(parts / 10_000)) == pytest.approx(parts / 10_000, abs=1e-6)


@pytest.mark.parametrize(("value", "text"), [(0, "0s"), (0.3, "300ms"), (90, "1m30s"), (3600, "1h"), (3661, "1h1m1s")])
def test_durations_are_shown_as_people_write_them(value: float, text: str) -> None:
    assert show_seconds(value) == text


def test_percent_and_fraction_are_converted_exactly_where_the_percentage_is_whole() -> None:
    assert [percent_of(part, 50) for part in range(51)] == [2.0 * part for part in range(51)]
    assert [fraction(percent) for percent in (0.0, 25.0, 100.0)] == [0.0, 0.25, 1.0]
