from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import cast

import pytest

from bench.peers import leftovers
from bench.peers.api import Api
from bench.peers.leftovers import end_controllers, remove_runs, unfinished
from sandbox import process
from sandbox.errors import SandboxError

PROGRAM = Path("/tools/bin/flagger")
GONE = 2**22 + 1
"""No process or group can have this number: Linux gives none above 2**22."""


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(leftovers, "PROC", tmp_path)
    return tmp_path


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    found: list[int] = []

    def end(pids: Iterable[int], _: float) -> list[int]:
        found.extend(pids)
        return []

    monkeypatch.setattr(process, "end", end)
    return found


def lives(machine: Path, pid: int, parent: int, *arguments: str) -> None:
    folder = machine / str(pid)
    folder.mkdir()
    (folder / "cmdline").write_text("".join(f"{argument}\0" for argument in arguments))
    (folder / "stat").write_text(f"{pid} (a (b) c) S {parent} 1 1 0")


def test_a_controller_whose_benchmark_was_killed_is_ended_and_nothing_else(machine: Path, ended: list[int]) -> None:
    lives(machine, 1, 0, "init")
    lives(machine, GONE, 1, str(PROGRAM), "-port=1")
    lives(machine, 7, 1, "tail", str(PROGRAM))
    end_controllers([PROGRAM])
    assert ended == [GONE]


def test_a_second_benchmark_beside_one_that_runs_is_refused(machine: Path, ended: list[int]) -> None:
    lives(machine, 5, 1, "python", "-m", "bench.peers", "--most", "12")
    lives(machine, GONE, 5, str(PROGRAM))
    with pytest.raises(SandboxError, match="process 5 is measuring already"):
        end_controllers([PROGRAM])
    assert ended == []


def test_only_namespaces_of_runs_that_nobody_deletes_yet_are_unfinished() -> None:
    names: list[dict[str, str]] = [
        {"name": "peers-slipway-documented-healthy-0-123"},
        {"name": "peers-flagger-documented-healthy-0-123", "deletionTimestamp": "2026-11-25T00:00:00Z"},
        {"name": "peers-of-somebody-else"},
        {"name": "argo-rollouts"},
    ]
    assert unfinished({"items": [{"metadata": one} for one in names]}) == ["peers-slipway-documented-healthy-0-123"]
    assert unfinished({}) == []


class Cluster:
    """An API with the namespaces of these names."""

    def __init__(self, *names: str) -> None:
        self._names = names
        self.deleted: list[str] = []

    def get(self, path: str) -> dict[str, object]:
        assert path == "/api/v1/namespaces"
        return {"items": [{"metadata": {"name": name}} for name in self._names]}

    def delete(self, path: str) -> None:
        self.deleted.append(path.rpartition("/")[2])


def test_runs_of_a_killed_benchmark_are_taken_away_with_their_pulumi_stacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ended: list[int]
) -> None:
    destroyed: list[str] = []

    class Stage:
        def __init__(self, folder: Path, stack: str, namespace: str, variables: Mapping[str, str]) -> None:
            assert folder.is_dir()
            self._stack = stack

        def destroy(self) -> None:
            destroyed.append(self._stack)

    monkeypatch.setattr(leftovers, "Stage", Stage)
    monkeypatch.setattr(process, "find_marked", lambda name: [9] if name.startswith("peers-slipway") else [])
    (tmp_path / "peers-quick" / "runs" / "peers-slipway-documented-healthy-0-1" / "project").mkdir(parents=True)
    cluster = Cluster("peers-slipway-documented-healthy-0-1", "peers-flagger-documented-healthy-0-1", "default")
    said: list[str] = []
    remove_runs(cast(Api, cluster), tmp_path, {}, said.append)
    assert destroyed == ["peers-slipway-documented-healthy-0-1"]
    assert ended == [9]
    assert cluster.deleted == ["peers-slipway-documented-healthy-0-1", "peers-flagger-documented-healthy-0-1"]
    assert len(said) == 2
