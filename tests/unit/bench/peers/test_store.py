from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bench.peers.store import Run, Store

RUN = Run("slipway", "documented", "errors-5", 0, True, 3.5, 4, 20.0, "errors: 3 of 60 bad", 1.0)


def test_what_was_measured_is_there_when_the_benchmark_goes_on(tmp_path: Path) -> None:
    Store(tmp_path / "runs.jsonl").add(RUN)
    Store(tmp_path / "runs.jsonl").add(replace(RUN, number=1))
    assert [run.number for run in Store(tmp_path / "runs.jsonl").runs] == [0, 1]


def test_a_line_cut_off_by_a_kill_is_not_counted_and_does_not_spoil_the_next(tmp_path: Path) -> None:
    file = tmp_path / "runs.jsonl"
    Store(file).add(RUN)
    with file.open("a") as out:
        out.write('{"system": "slip')
    Store(file).add(replace(RUN, number=1))
    assert [run.number for run in Store(file).runs] == [0, 1]


def test_who_only_reads_takes_nothing_from_a_benchmark_that_writes(tmp_path: Path) -> None:
    file = tmp_path / "runs.jsonl"
    Store(file).add(RUN)
    with file.open("a") as writer:
        writer.write('{"system": "slip')
        writer.flush()
        assert len(Store(file).runs) == 1
        writer.write('way"}\n')
    assert file.read_text().endswith('{"system": "slipway"}\n')
