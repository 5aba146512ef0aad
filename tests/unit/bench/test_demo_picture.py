"""The picture of a demo shows what its client counted, and nothing else."""

from __future__ import annotations

from pathlib import Path

from bench.demo_picture import Series, draw, labels, series
from sandbox.sample.records import Cell, Counts, Failure, Interval


def interval(start: float, end: float, **by_version: int) -> Interval:
    cells = {name: {"200": Cell(count, start, end)} for name, count in by_version.items()}
    return Interval(start, end, sum(by_version.values()), 0.0, cells, {})


COUNTS = Counts(
    responses={"v2": {"200": Cell(50, 101.0, 102.0)}, "v1": {"200": Cell(250, 100.0, 102.0)}},
    failures=(Failure(101.5, 101.4, 0.0, "v2", "500"),),
    intervals=(interval(100.0, 101.0, v1=200), interval(101.0, 101.5, v1=50, v2=50)),
)


RELEASE = {"version": "v1", "strategy": "canary", "outcome": "completed"}


def test_rates_are_by_second_and_versions_come_in_the_order_in_which_they_answered() -> None:
    found = series(COUNTS)
    assert found.seconds == (1.0, 1.5)
    assert list(found.rates.items()) == [("v1", (200.0, 100.0)), ("v2", (0.0, 100.0))]
    assert found.failures == (1.5,)


def test_it_is_drawn_as_an_image(tmp_path: Path) -> None:
    releases = [RELEASE, {"version": "v2", "strategy": "canary", "outcome": "aborted"}]
    draw(series(COUNTS), releases, tmp_path / "rollout.png")
    assert (tmp_path / "rollout.png").read_bytes().startswith(b"\x89PNG")


def test_a_load_without_failures_is_drawn_too(tmp_path: Path) -> None:
    draw(Series((1.0, 2.0), {"v1": (10.0, 10.0)}, ()), [RELEASE], tmp_path / "a.png")
    assert (tmp_path / "a.png").is_file()


def test_a_version_is_named_where_it_carries_the_traffic_and_above_where_it_never_does() -> None:
    seconds = tuple(float(second) for second in range(1, 31))
    rates = {
        "v1": tuple(100.0 if second <= 10 or second >= 29 else 0.0 for second in seconds),
        "bad": tuple(5.0 if second in (12, 13) else 0.0 for second in seconds),
        "v2": tuple(100.0 if 10 < second < 29 else 0.0 for second in seconds),
    }
    releases = [
        {"version": "v1", "strategy": "canary", "outcome": "completed"},
        {"version": "bad", "strategy": "canary", "outcome": "aborted"},
        {"version": "v2", "strategy": "rolling", "outcome": "completed"},
    ]
    assert [(one.text, one.at, one.inside) for one in labels(Series(seconds, rates, ()), releases)] == [
        ("v1\ncanary", 5.0, True),
        ("back to v1", 29.0, False),
        ("bad\ncanary, aborted", 12.0, False),
        ("v2\nrolling", 19.0, True),
    ]
