"""Metrics sources: one file each, all behind the protocol in base.py."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from slipway.release.data_planes import profile_name
from slipway.release.errors import ClusterError
from slipway.release.http_access import QueryAccess
from slipway.release.rollout_inputs import LogsSource, MetricsSource, TracesSource
from slipway.release.target import EcsTarget, LambdaTarget, Target
from slipway.rollout.metrics.base import Source

if TYPE_CHECKING:
    import httpx2

    from slipway.release.manifest.guardrails import Logs, Traces
    from slipway.rollout.metrics.logs import WindowServer, WindowSources
    from slipway.rollout.metrics.prometheus import PrometheusSource
    from slipway.rollout.metrics.prometheus_api import Prometheus
    from slipway.rollout.metrics.proxies import Proxies

TOKEN_FILE = "SLIPWAY_METRICS_TOKEN_FILE"  # noqa: S105 - the name of a variable
"""Names a file with the bearer token of the metrics system, where no setting says how it is asked."""
LOGS_TOKEN_FILE = "SLIPWAY_LOGS_TOKEN_FILE"  # noqa: S105 - the name of a variable
"""The same of the server of logs."""
TRACES_TOKEN_FILE = "SLIPWAY_TRACES_TOKEN_FILE"  # noqa: S105 - the name of a variable
"""The same of the server of traces."""


def source_for(metrics: MetricsSource, target: Target, proxies: Proxies | None = None, service: str = "") -> Source:
    """The source of this kind; MetricsSource has refused kinds that there are not. `proxies` are those of the platform,
    where the setting names some to be found there. Raises ClusterError for a source that sees nothing of this kind of
    target."""
    if metrics.kind == "cloudwatch":
        return _cloudwatch(metrics, target, service)
    prometheus = None if metrics.url is None else _prometheus(metrics, metrics.url, target.scope, service)
    if metrics.kind == "prometheus" and prometheus is not None:
        return prometheus
    from slipway.rollout.metrics.profiles import Lens
    from slipway.rollout.metrics.proxies import AddressedProxies, ProxiesSource

    place, setting = metrics.proxy_place, metrics.proxies
    if setting is not None and setting.addresses is not None:
        proxies = AddressedProxies(setting.addresses, place.path)
    if proxies is None:
        raise ClusterError("metrics.proxies names pods of a cluster, and this target is none; write their addresses")
    lens = Lens(profile_name(metrics.profile), metrics.data_plane, target.scope, service)
    return ProxiesSource(proxies, lens, prometheus, filtered=place.filtered)


def _prometheus(metrics: MetricsSource, url: str, namespace: str, service: str) -> PrometheusSource:
    from slipway.rollout.metrics.prometheus import PrometheusSource

    return PrometheusSource(
        prometheus_at(url, metrics.access),
        namespace,
        metrics.profile,
        access_log=metrics.access_log,
        logs=_logs_of(metrics.logs),
        traces=_traces_of(metrics.traces),
        route=service,
    )


def _cloudwatch(metrics: MetricsSource, target: Target, service: str) -> Source:
    if not isinstance(target, EcsTarget | LambdaTarget):
        raise ClusterError(f"metrics.kind cloudwatch counts at AWS; {target} is not there")
    from slipway.rollout.metrics.cloudwatch import CloudWatchSource
    from slipway.rollout.metrics.cloudwatch_view import BalancerView, FunctionView, View
    from slipway.rollout.platforms.aws.client import connect

    view: View
    if isinstance(target, EcsTarget):
        view = BalancerView(connect("elbv2", target.region), target.load_balancer)
    else:
        function, alias = target.function_of(service), target.alias_of(service) or ""
        view = FunctionView(connect("lambda", target.region), function, alias)
    return CloudWatchSource(connect("cloudwatch", target.region), view, metrics.settles)


def prometheus_at(url: str, access: QueryAccess, transport: httpx2.BaseTransport | None = None) -> Prometheus:
    """The client of one server that answers Prometheus' queries, by what the setting that names it says of access, else
    with the token of TOKEN_FILE. Raises ClusterError."""
    from slipway.rollout.metrics.prometheus_api import Prometheus

    return Prometheus(url, os.environ.get(TOKEN_FILE), transport, access)


def _logs_of(logs: LogsSource | None) -> WindowSources[Logs] | None:
    if logs is None:
        return None
    from slipway.rollout.metrics.logs import WindowSources

    return WindowSources(_LOG_SERVERS[logs.kind](logs, os.environ.get(LOGS_TOKEN_FILE)), logs.lag)


def _victoria_logs(logs: LogsSource, token_file: str | None) -> WindowServer[Logs]:
    from slipway.rollout.metrics.victoria_logs import VictoriaLogs

    return VictoriaLogs(logs.url, token_file, http=logs.http)


def _loki(logs: LogsSource, token_file: str | None) -> WindowServer[Logs]:
    from slipway.rollout.metrics.loki import Loki

    return Loki(logs.url, token_file, logs.tenant, http=logs.http)


_LOG_SERVERS: Mapping[str, Callable[[LogsSource, str | None], WindowServer[Logs]]] = {
    "victoria-logs": _victoria_logs,
    "loki": _loki,
}


def _traces_of(traces: TracesSource | None) -> WindowSources[Traces] | None:
    if traces is None:
        return None
    from slipway.rollout.metrics.logs import WindowSources
    from slipway.rollout.metrics.tempo import Tempo

    server = Tempo(traces.url, os.environ.get(TRACES_TOKEN_FILE), traces.tenant, http=traces.http)
    return WindowSources(server, traces.lag, setting="traces")
