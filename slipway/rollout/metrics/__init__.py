"""Metrics sources: one file each, all behind the protocol in base.py."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from slipway.release.rollout_inputs import LogsSource, MetricsSource
from slipway.rollout.metrics.base import Source

if TYPE_CHECKING:
    from slipway.rollout.metrics.logs import LogServer, LogSources

TOKEN_FILE = "SLIPWAY_METRICS_TOKEN_FILE"  # noqa: S105 - the name of a variable
"""Names a file with the bearer token of the metrics system, if it wants one."""
LOGS_TOKEN_FILE = "SLIPWAY_LOGS_TOKEN_FILE"  # noqa: S105 - the name of a variable
"""The same of the server of logs."""


def source_for(metrics: MetricsSource, namespace: str) -> Source:
    """The source of this kind; MetricsSource has refused kinds that there are not."""
    from slipway.rollout.metrics.prometheus import PrometheusSource

    return PrometheusSource(
        metrics.url, namespace, os.environ.get(TOKEN_FILE), access_log=metrics.access_log, logs=_logs_of(metrics.logs)
    )


def _logs_of(logs: LogsSource | None) -> LogSources | None:
    if logs is None:
        return None
    from slipway.rollout.metrics.logs import LogSources

    return LogSources(_LOG_SERVERS[logs.kind](logs, os.environ.get(LOGS_TOKEN_FILE)), logs.lag)


def _victoria_logs(logs: LogsSource, token_file: str | None) -> LogServer:
    from slipway.rollout.metrics.victoria_logs import VictoriaLogs

    return VictoriaLogs(logs.url, token_file)


def _loki(logs: LogsSource, token_file: str | None) -> LogServer:
    from slipway.rollout.metrics.loki import Loki

    return Loki(logs.url, token_file, logs.tenant)


_LOG_SERVERS: Mapping[str, Callable[[LogsSource, str | None], LogServer]] = {
    "victoria-logs": _victoria_logs,
    "loki": _loki,
}
