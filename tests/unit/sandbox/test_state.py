from __future__ import annotations

import os
from pathlib import Path

import pytest

from sandbox import process, state
from sandbox.errors import SandboxError
from sandbox.paths import StatePaths
from sandbox.state import ProcessRecord, State


def record(pid: int, started: int) -> ProcessRecord:
    return ProcessRecord(pid=pid, started=started, fingerprint="f", version="v1", listens="")


def test_a_state_is_read_as_it_was_written(paths: StatePaths) -> None:
    written = State(identity=paths.identity, network_namespace=7, parts={"etcd": record(3, 4)})
    state.save(paths, written)
    assert state.load(paths) == written


@pytest.mark.parametrize("content", ["", "{", "[]", '{"identity": "a", "unknown": 1}'])
def test_an_unreadable_state_counts_as_none(paths: StatePaths, content: str) -> None:
    state.write_atomically(paths.state_file, content)
    assert state.load(paths) == State(identity=paths.identity)


def test_a_reused_process_id_is_not_the_process_that_was_started() -> None:
    mine = process.start_time(os.getpid())
    assert mine is not None
    assert record(os.getpid(), mine).alive
    assert not record(os.getpid(), mine - 1).alive


def test_a_failed_write_keeps_the_old_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "file"
    state.write_atomically(target, "old")
    monkeypatch.setattr(Path, "rename", lambda *_: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        state.write_atomically(target, "new")
    assert target.read_text() == "old"


def test_secrets_are_written_for_the_owner_only(tmp_path: Path) -> None:
    state.write_atomically(tmp_path / "key", "secret", 0o600)
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600


def test_a_second_command_is_refused_while_the_first_works(paths: StatePaths) -> None:
    refused = pytest.raises(SandboxError, match="still under way")
    with state.exclusive(paths), refused, state.exclusive(paths, patience=0.0):
        pass
    with state.exclusive(paths, patience=0.0):
        pass


def test_two_state_folders_are_two_sandboxes(tmp_path: Path) -> None:
    identities = {StatePaths(tmp_path / name).identity for name in ("a", "b")}
    assert len(identities) == 2
