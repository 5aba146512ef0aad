from __future__ import annotations

from pathlib import Path

from sandbox.parts.trim import trim


def test_a_file_that_has_grown_too_large_is_emptied_and_its_writer_goes_on_at_the_front(tmp_path: Path) -> None:
    log = tmp_path / "access.jsonl"
    with log.open("ab", buffering=0) as writer:
        writer.write(b"x" * 11)
        assert trim(str(log), 10)
        assert log.stat().st_size == 0
        writer.write(b"new")
    assert log.read_bytes() == b"new"


def test_a_small_file_and_one_that_is_not_there_are_left_alone(tmp_path: Path) -> None:
    log = tmp_path / "access.jsonl"
    assert not trim(str(log), 10)
    log.write_bytes(b"x" * 10)
    assert not trim(str(log), 10)
    assert log.stat().st_size == 10
