"""A sync server of flags inside the sandbox, where pods reach it: the real flagd if there is one, else the stand-in.

with SyncServer("core.openfeature.dev/shop/flags", world.environment(), folder / "flagd.log") as server:
    ...  # FLAGD_HOST=server.host, FLAGD_SYNC_PORT=server.port for the pods
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from sandbox.inside import InsideServer
from sandbox.standins.flagd import BIND


class SyncServer(InsideServer):
    """``uri`` names the watched object; ``variables`` are the sandbox's environment."""

    PART = "flagd"

    def __init__(self, uri: str, variables: Mapping[str, str], log: Path) -> None:
        super().__init__(variables, log)
        self._uri = uri
        self._environment = {**os.environ, **variables, BIND: "0.0.0.0"}  # noqa: S104 - of the sandbox's namespace

    def _command(self) -> Sequence[str]:
        return ["flagd", "start", "--uri", self._uri, "--sync-port", str(self.port)]

    def _variables(self) -> Mapping[str, str]:
        return self._environment

    def __enter__(self) -> Self:
        self.start()
        return self
