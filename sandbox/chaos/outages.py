"""Parts of the sandbox that stop for a while: killed, frozen, and started again as `slipway sandbox up` starts them."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from sandbox import process, state, world
from sandbox.errors import SandboxError
from sandbox.paths import StatePaths, state_paths

CONTOUR = "contour"
ENVOY = "envoy"
PROMETHEUS = "prometheus"
API_SERVER = "kube-apiserver"
RESTARTED = (CONTOUR, ENVOY, PROMETHEUS, API_SERVER)
"""What a rollout depends on: gateway controller, data plane, metrics, API server."""


def pid_of(part: str, paths: StatePaths | None = None) -> int:
    """The part's process; SandboxError when it does not run."""
    record = state.load(paths or state_paths()).parts.get(part)
    if record is None or not record.alive:
        raise SandboxError(part, "it does not run", "run slipway sandbox up")
    return record.pid


def kill(part: str, paths: StatePaths | None = None) -> None:
    """`kill -9`; returns when the process is gone. `slipway sandbox status` calls the part dead until `start`."""
    process.end([pid_of(part, paths)])


def start(paths: StatePaths | None = None) -> None:
    """Start what is dead, as `slipway sandbox up` does, which is what this calls; returns when all parts answer."""
    world.up(paths=paths)


@contextmanager
def frozen(part: str, paths: StatePaths | None = None) -> Iterator[None]:
    """The part is stopped in the block, its connections stay open without an answer; it goes on afterwards."""
    pid = pid_of(part, paths)
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@contextmanager
def killed(part: str, paths: StatePaths | None = None) -> Iterator[None]:
    """The part is dead in the block, and started again when the block ends, however it ends."""
    kill(part, paths)
    try:
        yield
    finally:
        start(paths)
