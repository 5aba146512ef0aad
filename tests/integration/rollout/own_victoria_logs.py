"""A real VictoriaLogs of the test's own, which it fills with lines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import httpx2

from sandbox.ports import free_address
from tests.integration.rollout.own_server import OwnServer


class OwnVictoriaLogs(OwnServer):
    """On a free port of the loopback, gone after the block."""

    def __init__(self, binary: Path, folder: Path) -> None:
        address = free_address()
        self.url = f"http://{address}"
        self._argv = [
            str(binary),
            f"-storageDataPath={folder / 'data'}",
            f"-httpListenAddr={address}",
            "-loggerLevel=ERROR",
        ]

    def insert(self, lines: Iterable[Mapping[str, object]]) -> None:
        """Add lines with `_time`, `_msg` and whatever else."""
        body = "\n".join(json.dumps(line) for line in lines)
        query = {"_stream_fields": "app,revision", "_time_field": "_time", "_msg_field": "_msg"}
        httpx2.post(f"{self.url}/insert/jsonline", params=query, content=body, timeout=20).raise_for_status()

    def _ready(self) -> bool:
        try:
            return httpx2.get(f"{self.url}/health", timeout=2).is_success
        except httpx2.HTTPError:
            return False
