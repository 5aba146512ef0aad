"""Metrics sources: one file each, all behind the protocol in base.py."""

from __future__ import annotations

import os

from slipway.release.rollout_inputs import MetricsSource
from slipway.rollout.metrics.base import Source

TOKEN_FILE = "SLIPWAY_METRICS_TOKEN_FILE"  # noqa: S105 - the name of a variable
"""Names a file with the bearer token of the metrics system, if it wants one."""


def source_for(metrics: MetricsSource, namespace: str) -> Source:
    """The source of this kind; MetricsSource has refused kinds that there are not."""
    from slipway.rollout.metrics.prometheus import PrometheusSource

    return PrometheusSource(metrics.url, namespace, os.environ.get(TOKEN_FILE), access_log=metrics.access_log)
