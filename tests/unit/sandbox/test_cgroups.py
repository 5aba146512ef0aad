from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.cgroups import Cgroups
from sandbox.errors import SandboxError


@pytest.fixture
def separate(tmp_path: Path) -> Cgroups:
    """A tree like version 1 mounts it: one hierarchy a controller."""
    for name in ("cpu", "cpuset", "memory"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "cgroup.procs").touch()
    (tmp_path / "cpuset" / "cpuset.cpus").write_text("0-1\n")
    (tmp_path / "cpuset" / "cpuset.mems").write_text("0\n")
    (tmp_path / "not-a-hierarchy").mkdir()
    return Cgroups("abc123", tmp_path)


@pytest.fixture
def unified(tmp_path: Path) -> Cgroups:
    """A tree like version 2's."""
    (tmp_path / "cgroup.controllers").write_text("cpuset cpu io memory pids rdma\n")
    (tmp_path / "cgroup.subtree_control").write_text("")
    return Cgroups("abc123", tmp_path)


def test_version_1_gets_the_group_under_every_controller(separate: Cgroups) -> None:
    separate.create()
    assert [folder.parent.name for folder in separate.existing()] == ["cpu", "cpuset", "memory"]
    assert not separate.unified


def test_an_empty_cpuset_is_filled_from_above(separate: Cgroups) -> None:
    folder = separate.root / "cpuset" / separate.name
    folder.mkdir()
    for name in ("cpuset.cpus", "cpuset.mems"):
        (folder / name).write_text("\n")
    separate.create()
    assert (folder / "cpuset.cpus").read_text() == "0-1\n"
    assert (folder / "cpuset.mems").read_text() == "0\n"


def test_version_2_hands_on_what_the_kubelet_wants_of_what_there_is(unified: Cgroups) -> None:
    folder = unified.root / unified.name
    folder.mkdir()
    (folder / "cgroup.controllers").write_text("cpu memory pids\n")
    unified.create()
    assert unified.folders() == [folder]
    assert (unified.root / "cgroup.subtree_control").read_text() == "+cpuset +cpu +io +memory +pids"
    assert (folder / "cgroup.subtree_control").read_text() == "+cpu +memory +pids"


def test_a_version_2_group_with_processes_of_its_own_is_explained(unified: Cgroups) -> None:
    (unified.root / "cgroup.subtree_control").unlink()
    (unified.root / "cgroup.subtree_control").mkdir()
    with pytest.raises(SandboxError, match=r"cannot delegate .* run outside a container"):
        unified.create()


def test_groups_are_removed_with_all_that_is_below(separate: Cgroups) -> None:
    separate.create()
    (separate.root / "memory" / separate.name / "kubepods" / "pod1").mkdir(parents=True)
    assert separate.remove() == []
    assert separate.existing() == []


def test_the_pods_outweigh_an_ordinary_process(separate: Cgroups) -> None:
    folder = separate.root / "cpu" / separate.name
    folder.mkdir()
    (folder / "cpu.shares").write_text("1024\n")
    separate.create()
    assert (folder / "cpu.shares").read_text() == "8192"
