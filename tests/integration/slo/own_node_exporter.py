"""A real node_exporter of the test's own, which shows what stands in the files of one folder and nothing else."""

from __future__ import annotations

from pathlib import Path

import httpx2

from sandbox.ports import free_address
from tests.integration.rollout.own_server import OwnServer


class OwnNodeExporter(OwnServer):
    """On a free port of the loopback, gone after the block. `address` is what Prometheus scrapes."""

    def __init__(self, binary: Path, folder: Path) -> None:
        self.address = free_address()
        self._argv = [
            str(binary),
            f"--web.listen-address={self.address}",
            "--collector.disable-defaults",
            "--collector.textfile",
            f"--collector.textfile.directory={folder}",
            "--log.level=error",
        ]

    def shown(self) -> str:
        """All of its metrics. It answers with an error where a series is there twice."""
        return httpx2.get(f"http://{self.address}/metrics", timeout=5).raise_for_status().text

    def _ready(self) -> bool:
        try:
            return bool(self.shown())
        except httpx2.HTTPError:
            return False
