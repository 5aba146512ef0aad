from __future__ import annotations

import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bench.peers import one
from bench.peers.matrix import FAULTS, SETTINGS, Cell
from bench.peers.measured import BASELINE
from bench.peers.store import Run
from sandbox.errors import SandboxError
from sandbox.sample.records import Cell as Responses
from sandbox.sample.records import Counts, Failure, Interval

CELL = Cell("slipway", SETTINGS[0], FAULTS[0], 1)
RUN = Run("slipway", "documented", "errors-1", 0, True, 3.5, 4, 20.0, "", 1.0)


class Stubborn:
    """A system that cannot be taken away."""

    def __init__(self, around: Any, site: Any) -> None:
        pass

    def remove(self) -> None:
        raise subprocess.TimeoutExpired("pulumi", 600.0)


@pytest.fixture
def around(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(one, "SYSTEMS", {"slipway": Stubborn})
    return SimpleNamespace(folder=tmp_path)


def test_a_run_that_was_measured_counts_though_it_could_not_be_taken_away(
    around: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(one, "_measure", lambda *_: RUN)
    said: list[str] = []
    assert one.run(CELL, 0, around, said.append) == RUN
    (line,) = said
    assert line.startswith("peers-slipway-documented-errors-1-0-")
    assert "not taken away" in line


def test_why_a_run_could_not_be_done_is_not_hidden_by_its_removal(around: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> Run:
        raise SandboxError("part", "broke", "again")

    monkeypatch.setattr(one, "_measure", broken)
    with pytest.raises(SandboxError, match="broke"):
        one.run(CELL, 0, around, lambda _: None)


def served(*failures: Failure, seconds: int = 20) -> Counts:
    answered = {BASELINE: {"200": Responses(50, 0.0, 1.0)}}
    intervals = tuple(Interval(float(at), at + 1.0, 50, 1.0, answered, {}) for at in range(seconds))
    return Counts(failures=failures, intervals=intervals)


@pytest.mark.parametrize(
    ("status", "fault", "steady"),
    [("500", "noisy-5", True), ("500", "errors-5", False), ("timeout", "noisy-5", False), ("503", "noisy-5", False)],
)
def test_a_release_waits_until_the_serving_version_fails_no_more_than_usual(
    status: str, fault: str, steady: bool
) -> None:
    chosen = next(one_fault for one_fault in FAULTS if one_fault.name == fault)
    assert one.steady(served(), chosen)
    assert not one.steady(served(seconds=10), chosen)
    failed = Failure(at=17.5, sent=17.5, wall=17.5, version=BASELINE, status=status)
    assert one.steady(served(failed), chosen) is steady
