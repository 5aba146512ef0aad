"""A feature that fails among its first users, and guards that die."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.chaos.processes import kill_but_watchdogs
from sandbox.sample.load import Load
from sandbox.sample.records import Counts
from sandbox.stage.shop import FLAG, Shop

QUIET = 4.0
"""Seconds without a response by the feature after which it is off."""
OFF_WITHIN = 30.0
MOST_FAILURES = 15


@pytest.fixture
def failing(shop: Shop) -> Shop:
    """Pods whose new behaviour fails a fifth of its requests; the flag is to be exposed to a quarter of the users."""
    shop.place(0.2)
    shop.end_exposure()
    shop.declare(25, "a new cart that fails")
    return shop


def quiet(load: Load) -> Counts:
    """What was counted once the last seconds of the responses hold none of the feature."""

    def silent(seen: Counts) -> bool:
        last = seen.last_response("on")
        return last is not None and seen.intervals[-1].end - last > QUIET

    return load.await_counts(silent, 60, "the feature is not off")


def test_a_feature_that_fails_is_off_for_every_client_within_seconds_of_its_first_failure(
    failing: Shop, tmp_path: Path
) -> None:
    with failing.load(tmp_path / "load.jsonl") as load:
        result = failing.stage.up()
        counts = quiet(load)
    assert result.code != 0
    assert f"{FLAG} " in result.output
    assert failing.writer.load().killed(FLAG) is not None
    first, last = counts.first_failure(), counts.last_response("on")
    assert first is not None
    assert last is not None
    assert last - first < OFF_WITHIN
    assert counts.failed("on") == len(counts.failures) <= MOST_FAILURES


def test_a_guard_that_dies_in_the_middle_leaves_nobody_with_the_feature(failing: Shop, tmp_path: Path) -> None:
    failing.place(0.0)
    with failing.load(tmp_path / "load.jsonl") as load:
        process = failing.stage.start_up(tmp_path / "log")
        load.await_counts(lambda seen: seen.count("on") > 100, 60, "requests that get the feature")
        kill_but_watchdogs(failing.processes)
        process.wait(10)
        counts = quiet(load)
    assert counts.failures == ()
    assert FLAG not in failing.writer.load().reached
    recovered = failing.slipway("recover", "--yes")
    assert recovered.code == 0, recovered.output
