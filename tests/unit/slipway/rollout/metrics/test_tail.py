from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.release.errors import ClusterError
from slipway.rollout.metrics import tail
from slipway.rollout.metrics.tail import Tail, Tails


def append(path: Path, text: bytes) -> None:
    with path.open("ab") as file:
        file.write(text)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "access.jsonl"
    path.write_bytes(b"before\n")
    return path


def test_reading_begins_where_the_file_ends_and_goes_on_line_by_line(log: Path) -> None:
    tails = Tails(str(log))
    assert tails.lines() == []
    append(log, b"one\ntwo\n")
    assert tails.lines() == [b"one", b"two"]
    assert tails.lines() == []


def test_an_unfinished_line_waits_for_its_end(log: Path) -> None:
    tails = Tails(str(log))
    tails.lines()
    append(log, b"one\ntw")
    assert tails.lines() == [b"one"]
    append(log, b"o\n")
    assert tails.lines() == [b"two"]


def test_a_line_whose_beginning_was_written_before_the_rollout_is_nobodys(log: Path) -> None:
    append(log, b"half of")
    tails = Tails(str(log))
    tails.lines()
    append(log, b" a line\nwhole\n")
    assert tails.lines() == [b"whole"]


def test_a_file_that_was_emptied_is_read_from_its_front(log: Path) -> None:
    tails = Tails(str(log))
    append(log, b"unfinished")
    tails.lines()
    log.write_bytes(b"")
    append(log, b"new\n")
    assert tails.lines() == [b"new"]


def test_a_file_that_was_replaced_is_read_to_its_end_before_the_new_one(log: Path) -> None:
    tails = Tails(str(log))
    tails.lines()
    append(log, b"last of the old\n")
    log.rename(log.with_suffix(".1"))
    assert tails.lines() == [b"last of the old"]
    log.write_bytes(b"first of the new\n")
    assert tails.lines() == [b"first of the new"]


def test_a_look_reads_no_more_than_it_may_and_the_next_goes_on(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail, "LOOK_BYTES", 8)
    tails = Tails(str(log))
    tails.lines()
    append(log, b"123\n456\n789\n")
    assert tails.lines() == [b"123", b"456"]
    assert tails.lines() == [b"789"]


def test_a_line_without_end_is_given_up_and_counted(log: Path) -> None:
    one = Tail(str(log), from_end=True)
    append(log, b"x" * (tail.LINE_BYTES + 1))
    assert list(one.lines(tail.LOOK_BYTES)) == []
    append(log, b"xx\nnext\n")
    assert list(one.lines(tail.LOOK_BYTES)) == [b"next"]
    assert one.overlong == 1


def test_a_pattern_stands_for_several_files_and_for_those_that_come_later(log: Path) -> None:
    tails = Tails(str(log.parent / "*.jsonl"))
    tails.lines()
    append(log, b"a\n")
    (log.parent / "second.jsonl").write_bytes(b"b\n")
    assert tails.lines() == [b"a", b"b"]


def test_a_file_that_is_renamed_within_the_pattern_is_not_read_twice(log: Path) -> None:
    tails = Tails(f"{log}*")
    tails.lines()
    append(log, b"a\n")
    assert tails.lines() == [b"a"]
    for number in range(3):
        if number:
            Path(f"{log}.1").rename(f"{log}.{number + 1}")
        log.rename(f"{log}.1")
        append(log, b"b\n")
        assert tails.lines() == [b"b"], number
        assert tails.lines() == [], number


def test_a_writer_that_does_not_know_yet_of_the_new_file_is_read_on(log: Path) -> None:
    tails = Tails(str(log))
    tails.lines()
    with log.open("ab") as old:
        log.rename(log.with_suffix(".1"))
        append(log, b"new\n")
        assert tails.lines() == [b"new"]
        old.write(b"late\n")
    assert tails.lines() == [b"late"]


def test_however_often_the_file_is_replaced_few_are_held(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail, "FILES_MOST", 2)
    tails = Tails(str(log))
    tails.lines()
    before = len(list(Path("/proc/self/fd").iterdir()))
    for number in range(9):
        log.rename(log.with_suffix(f".{number}"))
        append(log, b"x\n")
        assert tails.lines() == [b"x"]
    assert len(list(Path("/proc/self/fd").iterdir())) <= before + 2


def test_what_cannot_be_read_any_more_is_told_and_the_rest_is_read_when_it_can(log: Path) -> None:
    tails = Tails(str(log))
    tails.lines()
    append(log, b"a\n")
    log.rename(log.with_suffix(".1"))
    log.mkdir()
    with pytest.raises(ClusterError, match=r"cannot be read \(it is no regular file\)"):
        tails.lines()
    log.rmdir()
    append(log, b"b\n")
    assert tails.lines() == [b"a", b"b"]


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ClusterError, match="no regular file"):
        Tails(str(tmp_path / "pipe")).lines()


def test_a_log_that_is_not_there_is_told_with_its_remedy_and_found_when_it_comes(tmp_path: Path) -> None:
    for path in ("access.jsonl", "*.jsonl"):
        with pytest.raises(ClusterError, match=r"access log .* check releases:metrics accessLog\.path"):
            Tails(str(tmp_path / path)).lines()


def test_reading_that_does_not_keep_up_is_an_error(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail, "LOOK_BYTES", 10)
    monkeypatch.setattr(tail, "BEHIND_BYTES", 10)
    tails = Tails(str(log))
    tails.lines()
    append(log, b"12345\n" * 10)
    with pytest.raises(ClusterError, match="grows faster than it can be read"):
        tails.lines()


@given(st.lists(st.sampled_from([b"a", b"bb", b"\n", b"c\n", b"", b"dd\nee\n"]), max_size=30))
def test_however_writing_is_cut_each_whole_line_is_read_once(pieces: list[bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log"
        path.write_bytes(b"")
        one, found = Tail(str(path), from_end=True), []
        for piece in pieces:
            append(path, piece)
            found += list(one.lines(1 << 20))
        one.close()
    assert found == [line for line in b"".join(pieces).split(b"\n")[:-1] if line]


def taken_over(tails: Tails, path: Path) -> Tails:
    """Another process, after what it is told went through JSON."""
    made = Tails(str(path))
    made.go_on(json.loads(json.dumps(tails.reached())))
    return made


@given(st.lists(st.tuples(st.binary(max_size=12), st.booleans()), max_size=30))
def test_no_line_is_lost_or_read_twice_whenever_another_process_goes_on(pieces: list[tuple[bytes, bool]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "log")
        path.touch()
        tails = Tails(str(path))
        found = tails.lines()
        for piece, dies in pieces:
            append(path, piece.replace(b"x", b"\n"))
            found += tails.lines()
            tails = taken_over(tails, path) if dies else tails
        append(path, b"\n")
        found += tails.lines()
        assert found == [line for line in path.read_bytes().split(b"\n") if line]


def test_a_process_that_goes_on_reads_what_was_rotated_in_meanwhile(log: Path) -> None:
    tails = Tails(f"{log.parent}/*")
    tails.lines()
    append(log, b"one\n")
    log.rename(log.with_suffix(".1"))
    append(log, b"two\n")
    found = taken_over(tails, log.parent / "*").lines()
    assert sorted(found) == [b"one", b"two"]


def test_on_another_host_reading_begins_anew(log: Path) -> None:
    tails = Tails(str(log))
    tails.go_on([[1, 2, 3, False]])
    assert tails.lines() == []
    append(log, b"new\n")
    assert tails.lines() == [b"new"]
