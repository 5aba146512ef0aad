"""The pods of Slipway's own processes in a namespace of the sandbox: found, killed, deleted."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

from sandbox import process

RUNS, WATCHES = "run", "watch-job"
"""What they do, by the label of their pods."""
ENTRY = b"slipway.rollout.runner"


def running_pod(namespace: str, part: str, environment: Mapping[str, str]) -> tuple[str, str] | None:
    """Name and uid of the pod that runs; None when there is none."""
    command = ["kubectl", "--namespace", namespace, "get", "pods", "-l", f"slipway.dev/part={part}", "-o", "json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    for one in json.loads(done.stdout)["items"]:
        if one["status"].get("phase") == "Running" and "deletionTimestamp" not in one["metadata"]:
            return one["metadata"]["name"], one["metadata"]["uid"]
    return None


def kill_process(uid: str) -> bool:
    """`kill -9` of the process in the container of a pod, as the kernel does it when memory is short; whether there was
    one."""
    mine = _processes(uid)
    process.end(mine)
    return bool(mine)


def stop_process(uid: str) -> bool:
    """SIGSTOP to the process in the container of a pod, which then lives and does nothing; whether there was one."""
    mine = _processes(uid)
    for pid in mine:
        os.kill(pid, signal.SIGSTOP)
    return bool(mine)


def _processes(uid: str) -> list[int]:
    found = [pid for pid in process.pids() if ENTRY in _read(pid, "cmdline")]
    return [one for one in found if uid.encode() in _read(one, "cgroup").replace(b"_", b"-")]


def _read(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""
