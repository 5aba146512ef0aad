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


@pytest.mark.parametrize(("mode", "umask"), [(0o600, 0o022), (0o644, 0o077)])
def test_a_file_has_its_rights_before_its_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int, umask: int
) -> None:
    seen: list[int] = []
    real = os.fdopen

    def watched(handle: int, *args: object, **kwargs: object) -> object:
        seen.append(os.fstat(handle).st_mode & 0o777)
        return real(handle, *args, **kwargs)  # type: ignore[call-overload]

    monkeypatch.setattr(os, "fdopen", watched)
    draft = tmp_path / f".file.{os.getpid()}"
    draft.write_text("of a process that died")
    draft.chmod(0o666)
    before = os.umask(umask)
    try:
        state.write_atomically(tmp_path / "file", "secret", mode)
    finally:
        os.umask(before)
    assert seen, "the file was opened some other way: look anew at how it gets its rights"
    assert all(one & ~mode == 0 and not one & 0o077 for one in seen)
    assert (tmp_path / "file").stat().st_mode & 0o777 == mode
    assert (tmp_path / "file").read_text() == "secret"


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
