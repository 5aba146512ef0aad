"""A Prometheus of a benchmark's own, which scrapes the sandbox's data plane as seldom as many real ones do."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import yaml

from sandbox import toolchain
from sandbox.context import ENVOY_STATS_PORT
from sandbox.ports import free_address
from sandbox.progress import SilentReporter

ENDS_WITHIN = 20.0


def proxy_address(variables: Mapping[str, str]) -> str:
    """Where the statistics of the sandbox's data plane are read, as `host:port`."""
    return f"{urlsplit(variables['SLIPWAY_GATEWAY_URL']).hostname}:{ENVOY_STATS_PORT}"


@contextmanager
def scraping(envoy: str, seconds: int, folder: Path) -> Iterator[str]:
    """Scrape the proxy at `envoy` every so many seconds; the server's URL. The server ends with the block."""
    folder.mkdir(parents=True, exist_ok=True)
    address = free_address()
    job = {
        "job_name": "envoy",
        "metrics_path": "/stats/prometheus",
        "static_configs": [{"targets": [envoy], "labels": {"pod": "envoy"}}],
    }
    interval = {"scrape_interval": f"{seconds}s", "scrape_timeout": f"{min(10, seconds)}s"}
    (folder / "prometheus.yml").write_text(yaml.safe_dump({"global": interval, "scrape_configs": [job]}))
    server = subprocess.Popen(
        [
            str(toolchain.ensure(SilentReporter()).daemon("prometheus")),
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / f'data-{os.getpid()}'}",
            f"--web.listen-address={address}",
            "--log.level=error",
        ]
    )
    try:
        time.sleep(3 * seconds + 2)  # two scrapes at least, from which the interval is learned
        yield f"http://{address}"
    finally:
        server.terminate()
        server.wait(ENDS_WITHIN)
