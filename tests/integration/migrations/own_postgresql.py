"""A real PostgreSQL of the test's own, on a socket in its folder."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from sandbox.toolchain.postgresql import PostgreSqlPrograms
from tests.integration.rollout.stage import eventually

UNPRIVILEGED = ("unshare", "--user", "--map-user=65534", "--map-group=65534", "--")
"""PostgreSQL refuses to run as root: here it sees another user, who has the files of the one who runs the tests."""


class OwnPostgreSql:
    """Gone after the block; nothing listens on the network."""

    def __init__(self, programs: PostgreSqlPrograms, folder: Path) -> None:
        self._programs, self._folder = programs, folder
        self.url = f"postgresql://slipway@/postgres?host={quote(str(folder), safe='')}"

    def __enter__(self) -> Self:
        data = self._folder / "data"
        self._run("initdb", f"--pgdata={data}", "--auth=trust", "--username=slipway", "--no-sync").check_returncode()
        argv = [*self._program("postgres"), "-D", str(data), "-k", str(self._folder), "-c", "listen_addresses="]
        argv += ["-c", "fsync=off", "-c", "log_min_messages=fatal"]
        self._process = subprocess.Popen(argv, env=self._environment, stderr=subprocess.DEVNULL)
        eventually(lambda: self._run("pg_isready", f"--host={self._folder}").returncode == 0, bool)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()

    def ask(self, query: str) -> str:
        """Its answer: rows as lines, columns with a bar between them."""
        found = self._run(
            "psql", "-XqAt", f"--host={self._folder}", "--username=slipway", "--dbname=postgres", f"--command={query}"
        )
        found.check_returncode()
        return found.stdout.strip()

    @property
    def _environment(self) -> dict[str, str]:
        return {**os.environ, **self._programs.environment}

    def _program(self, name: str) -> list[str]:
        return [*(UNPRIVILEGED if os.geteuid() == 0 else ()), str(self._programs.folder / name)]

    def _run(self, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self._program(name), *arguments], env=self._environment, capture_output=True, text=True, check=False
        )
