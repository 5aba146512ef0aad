"""Processes seen from outside: who is alive, who lives in a namespace, how much memory, and how they end."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK")
"""Clock ticks a second, the unit of ``start_time``."""
POLL_LIMIT = 0.05
"""Seconds between two looks where the kernel offers no event to wait for."""


def start_time(pid: int) -> int | None:
    """Clock ticks from boot to the start of ``pid``; None when it is gone or only its exit code is left.

    A process id together with this number is never used twice, so a record of both detects a reused id.
    """
    try:
        stat = (PROC / str(pid) / "stat").read_text()
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()  # proc(5): the name may hold spaces and parentheses
    return None if fields[0] in "ZX" else int(fields[19])


def alive(pid: int, started: int) -> bool:
    """Whether the process that had ``pid`` and started at ``started`` is still running."""
    return start_time(pid) == started


def age(started: int) -> float:
    """Seconds since a start time in ticks."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) - started / TICKS


def pids() -> Iterator[int]:
    """Every process id there is."""
    for entry in PROC.iterdir():
        if entry.name.isdecimal():
            yield int(entry.name)


def namespace_inode(pid: int | str, kind: str) -> int | None:
    """The inode that names the ``kind`` namespace (net, pid, mnt) of a process."""
    try:
        return (PROC / str(pid) / "ns" / kind).stat().st_ino
    except OSError:
        return None


def members(kind: str, inode: int) -> list[int]:
    """The living processes in a namespace. Our own namespace has none, so it is never ended."""
    if inode == namespace_inode("self", kind):
        return []
    return [pid for pid in pids() if namespace_inode(pid, kind) == inode and start_time(pid) is not None]


def outer_pid(inner: int, pid_namespace: int) -> int | None:
    """The id that we see of the process whose id inside a process namespace is ``inner``; None when it is gone."""
    for pid in members("pid", pid_namespace):
        with contextlib.suppress(OSError, StopIteration):
            lines = (PROC / str(pid) / "status").read_text().splitlines()
            ids = next(line for line in lines if line.startswith("NSpid:")).split()
            if int(ids[-1]) == inner:
                return pid
    return None


def find_marked(marker: str) -> list[int]:
    """The living processes that carry ``marker`` as one of their arguments."""
    wanted = marker.encode()
    found = []
    for pid in pids():
        with contextlib.suppress(OSError):
            arguments = (PROC / str(pid) / "cmdline").read_bytes().split(b"\0")
            if wanted in arguments and start_time(pid) is not None:
                found.append(pid)
    return found


def running(program: str, pid_namespace: int) -> list[int]:
    """The living processes of one process namespace that were started by a path ending in ``program``."""
    found = []
    for pid in members("pid", pid_namespace):
        with contextlib.suppress(OSError):
            started_as = (PROC / str(pid) / "cmdline").read_bytes().split(b"\0")[0].decode(errors="replace")
            if Path(started_as).name == program:
                found.append(pid)
    return found


def memory(pid: int) -> int:
    """Bytes that ``pid`` accounts for, shared pages split among their users (PSS); 0 when it is gone."""
    try:
        for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        return 0
    return 0


def end(targets: Iterable[int], grace: float = 0.0) -> list[int]:
    """End processes, with SIGTERM and ``grace`` seconds first where there is any; returns those still alive."""
    living = [pid for pid in targets if pid != os.getpid() and start_time(pid) is not None]
    if grace > 0:
        living = _signal_and_wait(living, signal.SIGTERM, grace)
    return _signal_and_wait(living, signal.SIGKILL, 10.0)


def _signal_and_wait(targets: list[int], number: signal.Signals, seconds: float) -> list[int]:
    for pid in targets:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
    deadline = time.monotonic() + seconds
    return [pid for pid in targets if not wait_gone(pid, deadline - time.monotonic())]


def wait_gone(pid: int, seconds: float) -> bool:
    """Wait until ``pid`` has ended, at most ``seconds``; whether it has."""
    try:
        handle = os.pidfd_open(pid)
    except OSError:
        return True
    try:
        ready, _, _ = select.select([handle], [], [], max(0.0, seconds))
    finally:
        os.close(handle)
    return bool(ready) or start_time(pid) is None
