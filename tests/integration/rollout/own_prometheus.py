"""A real Prometheus of the test's own, which scrapes emitters that the test speaks for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import httpx2
import yaml

from sandbox.ports import free_address
from slipway.release.errors import ClusterError
from slipway.release.http_access import PLAIN, QueryAccess
from slipway.rollout.metrics import prometheus_at
from tests.integration.rollout.own_server import OwnServer
from tests.loopback import Handler, LoopbackServer

INTERVAL = "200ms"


class Scraped(Protocol):
    """What Prometheus reads, at `/metrics` of its address."""

    @property
    def address(self) -> str: ...


class Emitter:
    """Serves `text` in Prometheus' exposition format; with `up` False it refuses to."""

    def __init__(self) -> None:
        self.text = ""
        self.up = True
        emitter = self

        class Exposition(Handler):
            def respond(self) -> None:
                self.answer(200 if emitter.up else 503, emitter.text.encode(), "text/plain; version=0.0.4")

        self._server = LoopbackServer(Exposition)
        self.address = self._server.address

    def close(self) -> None:
        self._server.close()


class OwnPrometheus(OwnServer):
    """On a free port of the loopback, gone after the block."""

    def __init__(
        self,
        binary: Path,
        folder: Path,
        emitters: Sequence[Scraped],
        rules: Sequence[dict[str, Any]],
        web: Path | None = None,
        access: QueryAccess = PLAIN,
    ) -> None:
        """`web` is the server's own configuration of TLS and users, which `access` satisfies."""
        address = free_address()
        self.url = f"{'http' if web is None else 'https'}://{address}"
        self._access = access
        (folder / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "g", "rules": list(rules)}]}))
        targets = [
            {"targets": [emitter.address], "labels": {"pod": f"envoy-{n}"}} for n, emitter in enumerate(emitters)
        ]
        config = {
            "global": {"scrape_interval": INTERVAL, "scrape_timeout": INTERVAL, "evaluation_interval": INTERVAL},
            "rule_files": [str(folder / "rules.yml")],
            "scrape_configs": [{"job_name": "envoy", "static_configs": targets}],
        }
        (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
        self._argv = [
            str(binary),
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address={address}",
            "--log.level=error",
            *([] if web is None else [f"--web.config.file={web}"]),
        ]

    def _ready(self) -> bool:
        try:
            return prometheus_at(self.url, self._access).query("vector(1)") != []
        except ClusterError:
            return False


class OwnVictoriaMetrics(OwnServer):
    """On a free port of the loopback, gone after the block; it asks for a name and a password."""

    def __init__(self, binary: Path, folder: Path, emitters: Sequence[Scraped], *, user: str, password: str) -> None:
        address = free_address()
        self.url, self._user, self._password = f"http://{address}", user, password
        targets = [
            {"targets": [emitter.address], "labels": {"pod": f"envoy-{n}"}} for n, emitter in enumerate(emitters)
        ]
        config = {"global": {"scrape_interval": INTERVAL}, "scrape_configs": [{"job_name": "envoy"}]}
        config["scrape_configs"][0]["static_configs"] = targets  # type: ignore[index]
        (folder / "scrape.yml").write_text(yaml.safe_dump(config))
        self._argv = [
            str(binary),
            f"-promscrape.config={folder / 'scrape.yml'}",
            f"-storageDataPath={folder / 'victoria'}",
            f"-httpListenAddr={address}",
            f"-httpAuth.username={user}",
            f"-httpAuth.password={password}",
            "-loggerLevel=ERROR",
        ]

    def _ready(self) -> bool:
        try:
            credentials = (self._user, self._password)
            return httpx2.get(f"{self.url}/health", timeout=2.0, auth=credentials).status_code == 200
        except httpx2.HTTPError:
            return False
