"""A process of ours inside the sandbox's network, where pods reach it at the node's address."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self
from urllib.parse import urlsplit

from sandbox.errors import SandboxError, log_tail

ANY_PORT = "import socket; found = socket.socket(); found.bind(('', 0)); print(found.getsockname()[1])"
START_WITHIN = 20.0
ENDS_WITHIN = 5.0
POLL = 0.05


class InsideServer(ABC):
    """Not started before `start`, which may be called again after `stop`: the port stays. `variables` are the sandbox's
    environment, `log` takes what the process prints."""

    PART: ClassVar[str]
    """What it is called in errors."""

    def __init__(self, variables: Mapping[str, str], log: Path) -> None:
        self._enter = ["nsenter", f"--net={variables['SLIPWAY_NETNS']}", "--"]
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self.host = str(urlsplit(variables["SLIPWAY_PROMETHEUS_URL"]).hostname)
        """The node's address: the same for pods, for the host and in the namespace."""
        self.port = self._free_port()

    @abstractmethod
    def _command(self) -> Sequence[str]:
        """What is run there."""

    @abstractmethod
    def _variables(self) -> Mapping[str, str]:
        """Its environment."""

    def start(self) -> None:
        """Start it and return once it listens. Raises SandboxError with its own words when it does not."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*self._enter, *self._command()],
                env=dict(self._variables()),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + START_WITHIN
        while not self._listens():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise SandboxError(self.PART, "it does not listen", f"look at {self._log}", log_tail(self._log))
            time.sleep(POLL)

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(ENDS_WITHIN)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def __enter__(self) -> Self:
        """Not started yet: that is for the caller to time."""
        return self

    def _free_port(self) -> int:
        command = [*self._enter, sys.executable, "-S", "-c", ANY_PORT]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SandboxError(self.PART, "cannot enter the sandbox's network", "run slipway sandbox up", [done.stderr])
        return int(done.stdout)

    def _listens(self) -> bool:
        try:
            socket.create_connection((self.host, self.port), timeout=1.0).close()
        except OSError:
            return False
        return True
