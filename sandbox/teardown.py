"""The end of a sandbox: found by its marks on the machine, not by what a file says, so a crash cannot hide it."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from sandbox import namespace as namespaces
from sandbox import process, state
from sandbox.cgroups import Cgroups
from sandbox.errors import SandboxError
from sandbox.network import device_name
from sandbox.paths import StatePaths
from sandbox.progress import Reporter

STORES = ("etcd", "registry", "prometheus")
GRACE = 3.0
"""Seconds for programs that merely use the sandbox (load generators), and for stores whose data is kept."""


def tear_down(paths: StatePaths, report: Reporter, *, keep_data: bool = False, remove_wire: Callable[[], None]) -> None:
    """End every process, remove every device, mount and control group, and delete what they kept.

    ``keep_data`` leaves the cluster's store, the registry, the metrics and the stacks for the next ``up``.
    Raises :class:`SandboxError` that lists whatever would not go.
    """
    current = state.load(paths)
    with report.step("ending processes"):
        _end_processes(paths, current, keep_data=keep_data)
    with report.step("removing network, control groups, files"):
        remove_wire()
        Cgroups(paths.identity).remove()
        _unmount(paths.root)
        _require_gone(paths)
        _delete(paths, keep_data=keep_data)


def _end_processes(paths: StatePaths, current: state.State, *, keep_data: bool) -> None:
    if keep_data:
        stores = [record.pid for name, record in current.parts.items() if name in STORES and record.alive]
        process.end(stores, GRACE)
    holders = process.find_marked(namespaces.marker(paths.identity))
    inside = {inode for holder in holders if (inode := process.namespace_inode(holder, "pid"))}
    networks = {inode for holder in holders if (inode := process.namespace_inode(holder, "net"))}
    if current.network_namespace:
        networks.add(current.network_namespace)
    # Load generators and shells share the network only: the kernel does not end them with the holder.
    guests = [pid for inode in networks for pid in process.members("net", inode)]
    process.end([pid for pid in guests if process.namespace_inode(pid, "pid") not in inside], GRACE)
    process.end(holders)
    process.end([pid for inode in inside for pid in process.members("pid", inode)])
    process.end([pid for inode in networks for pid in process.members("net", inode)])


def leftovers(paths: StatePaths, current: state.State) -> list[str]:
    """What of a sandbox is still on the machine, each with its name; empty when it is gone."""
    found = [f"process {pid}" for pid in process.find_marked(namespaces.marker(paths.identity))]
    if current.network_namespace:
        found += [f"process {pid}" for pid in process.members("net", current.network_namespace)]
    device = device_name(paths.identity)
    if (Path("/sys/class/net") / device).exists():
        found.append(f"network device {device}")
    found += [f"control group {folder}" for folder in Cgroups(paths.identity).existing()]
    return found + [f"mount {point}" for point in mounts_below(paths.root)]


def _require_gone(paths: StatePaths) -> None:
    current = state.load(paths)
    deadline = time.monotonic() + GRACE
    while (rest := leftovers(paths, current)) and time.monotonic() < deadline:
        time.sleep(process.POLL_LIMIT)  # the kernel takes a network namespace apart in the background
    if rest:
        problem = f"{len(rest)} things would not go: {', '.join(rest[:5])}"
        raise SandboxError("sandbox", problem, "run slipway sandbox down again as root")


def mounts_below(root: Path) -> list[str]:
    """Mount points of this process's own mount namespace at or below ``root``, deepest first."""
    lines = Path("/proc/self/mounts").read_text().splitlines()
    points = [line.split()[1].encode().decode("unicode_escape") for line in lines]
    return sorted((point for point in points if Path(point).is_relative_to(root)), reverse=True)


def _unmount(root: Path) -> None:
    for point in mounts_below(root):
        subprocess.run(["umount", "--lazy", point], capture_output=True, check=False)


def _delete(paths: StatePaths, *, keep_data: bool) -> None:
    """Everything but the logs, which say why a sandbox was ended."""
    folders = (
        [paths.node, paths.config] if keep_data else [paths.node, paths.config, paths.pki, paths.data, paths.pulumi]
    )
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
    paths.netns.unlink(missing_ok=True)
    paths.kubeconfig.unlink(missing_ok=True)
    shutil.rmtree(paths.root / "bin", ignore_errors=True)
    if keep_data:
        current = state.load(paths)
        current.parts.clear()
        current.network_namespace = None
        state.save(paths, current)
    else:
        paths.state_file.unlink(missing_ok=True)
