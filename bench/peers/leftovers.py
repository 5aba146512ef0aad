"""What a benchmark that was killed left behind: controllers, which would move the releases of the next one as well as
its own do, and runs in the middle of their release."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from bench.peers.api import Api, path_of
from bench.peers.matrix import SYSTEMS
from sandbox import process
from sandbox.errors import SandboxError
from sandbox.stage.project import Stage

PROC = Path("/proc")
BENCHMARK = "bench.peers"
NAMESPACE = re.compile(rf"peers-({'|'.join(SYSTEMS)})-")
ENDS_WITHIN = 60.0


def end_controllers(programs: Iterable[Path]) -> None:
    """End the controllers whose benchmark is gone, with their plugins. Raises SandboxError when it still runs."""
    wanted = {str(program) for program in programs}
    for pid in [pid for pid in _pids() if _arguments(pid)[:1] and _arguments(pid)[0] in wanted]:
        parent = _parent(pid)
        if BENCHMARK in _arguments(parent):
            raise SandboxError("peers", f"process {parent} is measuring already", "wait for its end, or interrupt it")
        process.end([pid], ENDS_WITHIN)
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)  # its session: a controller that ends leaves its plugins behind


def remove_runs(api: Api, out: Path, variables: Mapping[str, str], say: Callable[[str], None]) -> None:
    """Take away every run that is still in the cluster; `out` holds the folders of all benchmarks' runs."""
    for name in unfinished(api.get("/api/v1/namespaces")):
        say(f"{name}: left by a benchmark that was killed; removed")
        process.end(process.find_marked(name), ENDS_WITHIN)
        for project in out.glob(f"*/runs/{name}/project"):
            Stage(project, name, name, variables).destroy()
        api.delete(path_of("v1", "Namespace", "", name))


def unfinished(namespaces: Mapping[str, Iterable[Mapping[str, Mapping[str, str]]]]) -> list[str]:
    """The names in a list of namespaces that are of a run and not on their way out."""
    found = [item["metadata"] for item in namespaces.get("items", [])]
    return [one["name"] for one in found if NAMESPACE.match(one["name"]) and "deletionTimestamp" not in one]


def _pids() -> Iterator[int]:
    return (int(entry.name) for entry in PROC.iterdir() if entry.name.isdecimal())


def _arguments(pid: int) -> list[str]:
    """The command line; empty when the process is gone."""
    with suppress(OSError):
        return (PROC / str(pid) / "cmdline").read_text(errors="replace").split("\0")
    return []


def _parent(pid: int) -> int:
    """Who started it, 0 when it is gone; proc(5): the name before may hold spaces and parentheses."""
    with suppress(OSError):
        return int((PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[1])
    return 0
