"""A sync server of flags inside the sandbox, where pods reach it: the real flagd if there is one, else the stand-in.

with SyncServer("core.openfeature.dev/shop/flags", world.environment(), folder / "flagd.log") as server:
    ...  # FLAGD_HOST=server.host, FLAGD_SYNC_PORT=server.port for the pods
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from sandbox.errors import SandboxError, log_tail
from sandbox.standins.flagd import BIND

START_WITHIN = 20.0
ENDS_WITHIN = 5.0
POLL = 0.05
ANY_PORT = "import socket; found = socket.socket(); found.bind(('', 0)); print(found.getsockname()[1])"


class SyncServer:
    """``uri`` names the watched object; ``variables`` are the sandbox's environment. Not started before ``start``."""

    def __init__(self, uri: str, variables: Mapping[str, str], log: Path) -> None:
        self._uri = uri
        self._environment = {**os.environ, **variables, BIND: "0.0.0.0"}  # noqa: S104 - of the sandbox's namespace
        self._enter = ["nsenter", f"--net={variables['SLIPWAY_NETNS']}", "--"]
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self.host = str(urlsplit(variables["SLIPWAY_PROMETHEUS_URL"]).hostname)
        """The node's address: the same for pods, for the host and in the namespace."""
        self.port = self._free_port()

    def start(self) -> None:
        """Start it and return once it listens; ``SandboxError`` with its own words when it does not."""
        command = [*self._enter, "flagd", "start", "--uri", self._uri, "--sync-port", str(self.port)]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command, env=self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        deadline = time.monotonic() + START_WITHIN
        while not self._listens():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise SandboxError("flagd", "it does not listen", f"look at {self._log}", log_tail(self._log))
            time.sleep(POLL)

    def stop(self) -> None:
        """End it. It may be started again, at the same port."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(ENDS_WITHIN)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _free_port(self) -> int:
        done = subprocess.run(
            [*self._enter, sys.executable, "-S", "-c", ANY_PORT], capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise SandboxError("flagd", "cannot enter the sandbox's network", "run slipway sandbox up", [done.stderr])
        return int(done.stdout)

    def _listens(self) -> bool:
        try:
            socket.create_connection((self.host, self.port), timeout=1.0).close()
        except OSError:
            return False
        return True
