"""The sample service as a process on loopback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.sample.binaries import Binaries


@dataclass(frozen=True)
class Server:
    process: subprocess.Popen[str]
    url: str

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)


@contextmanager
def serving(binaries: Binaries, folder: Path, port: int = 0, **settings: Any) -> Iterator[Server]:
    """A service with these settings (names as in the file); it is killed at the end if it still runs."""
    file = folder / f"{settings['version']}.json"
    file.write_text(json.dumps(settings), encoding="utf-8")
    environment = os.environ | {"SAMPLE_CONFIG": str(file), "SAMPLE_ADDRESS": "127.0.0.1", "PORT": str(port)}
    process = subprocess.Popen([binaries.sample], env=environment, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        line = process.stderr.readline()  # its first line says where it listens
        assert "address=" in line, line
        yield Server(process, f"http://{line.rpartition('address=')[2].strip()}/")
    finally:
        process.kill()
        process.communicate()
