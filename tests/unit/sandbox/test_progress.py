from __future__ import annotations

import io
import time

import pytest

from sandbox.progress import PlainReporter


def test_long_work_says_before_it_starts_how_long_it_usually_takes() -> None:
    stream = io.StringIO()
    with PlainReporter(stream).step("building the thing", "about 6 min"):
        assert stream.getvalue() == "building the thing (usually about 6 min)\n"
    assert stream.getvalue().splitlines()[-1].startswith("building the thing: ")


def test_plain_progress_is_not_a_line_a_package(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([0.0, 0.0, 1.0, 5.0, 25.0, 26.0, 50.0])
    monkeypatch.setattr(time, "monotonic", lambda: next(times))
    stream = io.StringIO()
    with PlainReporter(stream).step("building") as step:
        for done in range(4):
            step.update(done, 4, "packages")
    assert stream.getvalue().splitlines() == ["  building: 2/4 packages, 25 s", "building: 50.0 s"]


def test_failed_work_is_not_reported_as_done() -> None:
    stream = io.StringIO()
    with pytest.raises(ValueError, match="broken"), PlainReporter(stream).step("building", "1 min"):
        raise ValueError("broken")
    assert stream.getvalue() == "building (usually 1 min)\n"
