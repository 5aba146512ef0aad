"""The provider's side of the watchdog: starts it in a session of its own, and disarms it after the end."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import IO

from release.errors import ClusterError

KEPT = ("PATH", "HOME", "LANG", "KUBECONFIG", "SLIPWAY_KUBECONFIG", "SLIPWAY_KUBECONTEXT")
KEPT_PREFIXES = ("AWS_", "SSL_CERT_", "KUBERNETES_SERVICE_")
"""Of the environment: what reaching the cluster takes, and nothing of the program's configuration."""
READY_WITHIN = 20.0


def stripped(environment: dict[str, str]) -> dict[str, str]:
    """The watchdog's environment: no passphrase, no stack configuration, no secrets of the program."""
    return {name: value for name, value in environment.items() if name in KEPT or name.startswith(KEPT_PREFIXES)}


class Guard:
    """A watchdog process that outlives this one. While it holds the other end of a pipe, the death of this
    process is the end of that pipe, and the watchdog puts the traffic back."""

    def __init__(self, service: str, namespace: str, rollout_id: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "rollout.watchdog", namespace, service, rollout_id],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env=stripped(dict(os.environ)),
            cwd="/",
        )

    @property
    def pid(self) -> int:
        """Of the watchdog, for the journal and the tests."""
        return self._process.pid

    def await_ready(self) -> None:
        """Block until the watchdog has reached the cluster. Raises ClusterError when it cannot guard."""
        out: IO[bytes] = self._process.stdout  # type: ignore[assignment]  # it is a pipe
        line = out.readline().decode().strip()
        if line != "ready":
            raise ClusterError(f"the watchdog could not start: {line or 'it ended at once'}; nothing was moved")

    def disarm(self) -> None:
        """The rollout has ended in order: the watchdog goes without doing anything."""
        self._send(b"disarm\n")
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(READY_WITHIN)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _send(self, line: bytes) -> None:
        try:
            assert self._process.stdin is not None  # noqa: S101 - it is a pipe
            self._process.stdin.write(line)
            self._process.stdin.flush()
        except OSError:
            # It died: `await_ready` or the next `up` says so; a dead watchdog cannot be told anything.
            return
