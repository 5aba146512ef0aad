"""What a sandbox remembers between two commands: one small file, replaced in one rename."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from sandbox import process
from sandbox.errors import SandboxError
from sandbox.paths import StatePaths


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ProcessRecord(_Record):
    """A part that was started: the process id the host sees, its start in ticks, and what it was started with."""

    pid: int
    started: int
    fingerprint: str
    version: str
    listens: str

    @property
    def alive(self) -> bool:
        return process.alive(self.pid, self.started)


class NetworkRecord(_Record):
    """The addresses, so that they stay the same for as long as the sandbox exists."""

    device: str
    host: str
    node: str
    pods: str


class ExternalRecord(_Record):
    """A cluster of the user's that stands in for the sandbox."""

    kubeconfig: str
    prometheus_url: str
    gateway_url: str


class State(BaseModel):
    """Everything a later ``up``, ``status`` or ``down`` needs to know."""

    model_config = ConfigDict(extra="forbid")

    identity: str
    network: NetworkRecord | None = None
    network_namespace: int | None = None
    parts: dict[str, ProcessRecord] = {}
    external: ExternalRecord | None = None
    gateway: Literal["envoy-gateway"] | None = None
    """The controller of the gateway, from the first `up` on; None for Contour."""


def load(paths: StatePaths) -> State:
    """The state; an empty one when there is none or when it cannot be read (what runs is found without it)."""
    try:
        return State.model_validate_json(paths.state_file.read_text(encoding="utf-8"))
    except (OSError, ValidationError):
        return State(identity=paths.identity)


def save(paths: StatePaths, state: State) -> None:
    """Replace the state file."""
    paths.root.mkdir(parents=True, exist_ok=True)
    write_atomically(paths.state_file, state.model_dump_json(indent=2, exclude_none=True) + "\n")


def write_atomically(path: Path, text: str, mode: int = 0o644) -> None:
    """Write a file so that a reader sees the old one or the new one, whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)  # of a process that died; its mode may be another
    # With its mode from the first moment: what is secret is never readable by others, not for an instant.
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode & 0o700)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        os.fchmod(file.fileno(), mode)  # the umask may have taken some of it
    draft.rename(path)


def link_atomically(link: Path, target: Path) -> None:
    """Point a symbolic link at ``target``, whatever it pointed at before."""
    draft = link.with_name(f".{link.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    draft.symlink_to(target)
    draft.rename(link)


PATIENCE = 60.0
"""Seconds to wait for another ``up`` or ``down`` of the same sandbox; a warm one takes a quarter of it."""


@contextmanager
def exclusive(paths: StatePaths, patience: float = PATIENCE) -> Iterator[None]:
    """One ``up`` or ``down`` at a time. Raises :class:`SandboxError` when the other is not done in time."""
    paths.root.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + patience
    with paths.lock_file.open("w") as handle:
        while not _locked(handle):
            if time.monotonic() > deadline:
                problem = f"another up or down of this sandbox is still under way after {patience:.0f} s"
                raise SandboxError("sandbox", problem, "wait until it is done and try again")
            time.sleep(process.POLL_LIMIT)
        yield


def _locked(handle: IO[str]) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
