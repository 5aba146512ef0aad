"""The control groups of the sandbox, on either version of the kernel's interface."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

from sandbox import process
from sandbox.errors import SandboxError

ROOT = Path("/sys/fs/cgroup")
WEIGHT = 8
"""How much the pods together weigh against one ordinary process of this machine. On a real cluster they would have
machines of their own; here builds, tests and Pulumi run beside them and must not slow down what is measured."""
V2_CONTROLLERS = ("cpuset", "cpu", "io", "memory", "pids", "hugetlb")


@dataclass(frozen=True)
class Cgroups:
    """One group named ``slipway-<identity>`` under every controller; the node's pods live below it."""

    identity: str
    root: Path = ROOT

    @property
    def name(self) -> str:
        return f"slipway-{self.identity}"

    @property
    def unified(self) -> bool:
        """Whether this machine has cgroup v2 only."""
        return (self.root / "cgroup.controllers").exists()

    def folders(self) -> list[Path]:
        """The group's folder under each hierarchy of this machine."""
        if self.unified:
            return [self.root / self.name]
        hierarchies = (path for path in self.root.iterdir() if path.is_dir() and not path.is_symlink())
        return [path / self.name for path in sorted(hierarchies) if (path / "cgroup.procs").exists()]

    def create(self) -> None:
        """Make the group everywhere and let it hand on what the kubelet wants."""
        for folder in self.folders():
            folder.mkdir(exist_ok=True)
            if self.unified:
                _delegate(self.root)
                _delegate(folder)
            elif (folder / "cpuset.cpus").exists():
                _inherit_cpuset(folder)
            for name, ordinary in (("cpu.shares", 1024), ("cpu.weight", 100)):
                if (folder / name).exists():
                    (folder / name).write_text(str(WEIGHT * ordinary))

    def existing(self) -> list[Path]:
        return [folder for folder in self.folders() if folder.exists()]

    def processes(self) -> set[int]:
        """The processes of the node's pods: they live in process namespaces of their own."""
        groups = (group for folder in self.existing() for group in (folder, *folder.rglob("*")) if group.is_dir())
        return {pid for group in groups for pid in _pids(group)}

    def remove(self) -> list[Path]:
        """End what is still in the groups and remove them; returns the folders that would not go."""
        for folder in self.existing():
            groups = sorted((path for path in folder.rglob("*") if path.is_dir()), reverse=True)
            for group in [*groups, folder]:
                process.end(_pids(group))
                with contextlib.suppress(OSError):
                    group.rmdir()
        return self.existing()


def _pids(group: Path) -> list[int]:
    try:
        return [int(line) for line in (group / "cgroup.procs").read_text().split()]
    except OSError:
        return []


def _inherit_cpuset(folder: Path) -> None:
    """Version 1 starts a cpuset empty, and nothing can run in an empty one."""
    for name in ("cpuset.cpus", "cpuset.mems"):
        if not (folder / name).read_text().strip():
            (folder / name).write_text((folder.parent / name).read_text())


def _delegate(folder: Path) -> None:
    offered = (folder / "cgroup.controllers").read_text().split()
    wanted = " ".join(f"+{name}" for name in V2_CONTROLLERS if name in offered)
    try:
        (folder / "cgroup.subtree_control").write_text(wanted)
    except OSError as error:
        remedy = "run outside a container, or in one whose processes are not in the root control group"
        raise SandboxError("cgroups", f"cannot delegate {wanted} in {folder}: {error}", remedy) from error
