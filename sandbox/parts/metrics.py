"""Prometheus, which reads the data plane's counters every second."""

from __future__ import annotations

from functools import partial

import yaml

from sandbox import probes
from sandbox.context import ENVOY_STATS_PORT, GATEWAY_NAME, PROMETHEUS_PORT, Context
from sandbox.parts.part import Part

SCRAPE_INTERVAL = "1s"
SERIES = "|".join(
    (
        r"^cluster\.[^.]+\.upstream_rq(_|$|\.)",
        r"^cluster\.[^.]+\.upstream_cx_(active|total|connect_fail|overflow|destroy_remote_with_active_rq)$",
        r"^cluster\.[^.]+\.membership_(healthy|total)$",
        r"^http\.ingress_http[^.]*\.downstream_(rq|cx_active|cx_total)",
        r"^server\.(uptime|live|state|memory_allocated|total_connections)$",
    )
)
"""Which of Envoy's own statistics are exported at all (a regular expression over their dotted names)."""


def part(context: Context) -> Part:
    """One job, ``envoy``; an hour or two of data is more than any rollout here needs."""
    config = context.paths.config / "prometheus.yaml"
    document = {
        "global": {"scrape_interval": SCRAPE_INTERVAL, "scrape_timeout": SCRAPE_INTERVAL},
        "scrape_configs": [
            {
                "job_name": "envoy",
                "metrics_path": "/stats/prometheus",
                "params": {"filter": [SERIES]},
                "static_configs": [
                    {"targets": [f"127.0.0.1:{ENVOY_STATS_PORT}"], "labels": {"pod": f"envoy-{GATEWAY_NAME}"}}
                ],
            }
        ],
    }
    assets = context.tools.debian / "usr" / "share" / "prometheus" / "web"
    return Part(
        name="prometheus",
        argv=[
            str(context.tools.daemon("prometheus")),
            f"--config.file={config}",
            f"--storage.tsdb.path={context.paths.data / 'prometheus'}",
            "--storage.tsdb.retention.time=6h",
            "--storage.tsdb.retention.size=512MB",
            f"--web.listen-address=0.0.0.0:{PROMETHEUS_PORT}",
            f"--web.external-url={context.url(PROMETHEUS_PORT)}",
            f"--web.local-assets={assets}",
            f"--web.console.templates={assets}",
            f"--web.console.libraries={assets}",
            "--log.level=warn",
        ],
        files={config: yaml.safe_dump(document, sort_keys=False)},
        ready=partial(probes.http_ok, context.url(PROMETHEUS_PORT, "/-/ready")),
        version=context.tools.version("prometheus"),
        listens=context.url(PROMETHEUS_PORT),
    )
