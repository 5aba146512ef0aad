"""Debian's HAProxy of the test's own, in front of backends of the test, with its statistics for Prometheus."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import httpx2

from sandbox.ports import free_address
from tests.integration.rollout.own_server import OwnServer

PACKAGES = ("haproxy", "liblua5.3-0", "libopentracing-c-wrapper0", "libopentracing1")


class OwnHaproxy(OwnServer):
    """One rule with these servers (name -> address) behind it, on free ports of the loopback; gone after the block."""

    def __init__(self, folder: Path, root: Path, rule: str, servers: Mapping[str, str]) -> None:
        self.users, self.address = free_address(), free_address()
        self.url = f"http://{self.users}"
        lines = [f"  server {name} {address}" for name, address in servers.items()]
        (folder / "haproxy.cfg").write_text(
            "global\n  log stderr local0 err\n"
            "defaults\n  mode http\n  timeout connect 1s\n  timeout client 5s\n  timeout server 5s\n  retries 0\n"
            f"frontend users\n  bind {self.users}\n  default_backend {rule}\n"
            f"frontend statistics\n  bind {self.address}\n"
            "  http-request use-service prometheus-exporter if { path /metrics }\n"
            f"backend {rule}\n  balance roundrobin\n" + "\n".join(lines) + "\n"
        )
        self._argv = [str(root / "usr/sbin/haproxy"), "-db", "-f", str(folder / "haproxy.cfg")]
        libraries = [str(path) for path in (root / "usr/lib").glob("*-linux-gnu")]
        self._environment = {**os.environ, "LD_LIBRARY_PATH": ":".join(libraries)}

    def _ready(self) -> bool:
        try:
            return httpx2.get(f"http://{self.address}/metrics", timeout=2.0).status_code == 200
        except httpx2.HTTPError:
            return False
