"""What releases need of their stack: the gateway's address, and its access log; and what a pod cannot reach of it."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from slipway.release.data_planes import DEFAULT, profile_name
from slipway.release.errors import Problem
from slipway.release.http_access import alike
from slipway.release.manifest.guardrails import ErrorRatio, Guardrail, Latency, Slo
from slipway.release.manifest.release import Release
from slipway.release.manifest.strategy import BlueGreen
from slipway.release.rollout_inputs import MetricsSource
from slipway.release.run_setting import RunSetting
from slipway.release.watch_inputs import WatchInputs

GATEWAY_URL = "gatewayUrl"
ACCESS_LOG = "metrics.accessLog"
LOGS = "metrics.logs"
TRACES = "metrics.traces"
HTTP = "metrics.http"
PROFILE = "metrics.profile"
INSIDE = "with run: {in: cluster} the rollout is in a pod"


def missing_addresses(
    releases: Sequence[Release],
    metrics: MetricsSource,
    gateway_url: str | None,
    probe: str | None,
    remedies: Mapping[str, str],
) -> Iterator[Problem]:
    """What is left out of a stack's settings but needed. `probe` is how the traffic probe is called there, None without
    one; `remedies` holds what to write for GATEWAY_URL, ACCESS_LOG, LOGS and TRACES."""
    if gateway_url is None and (asking := [*_smoke_checks(releases), *([probe] if probe is not None else [])]):
        yield Problem(GATEWAY_URL, f"is missing, but needed by {', '.join(asking)}", remedies[GATEWAY_URL])
    if metrics.access_log is None and (reading := [*_readers(releases, lambda one: one.reads_access_log)]):
        yield Problem(ACCESS_LOG, f"is missing, but needed by {', '.join(reading)}", remedies[ACCESS_LOG])
    if metrics.logs is None and (asking := [*_readers(releases, lambda one: one.reads_logs)]):
        yield Problem(LOGS, f"is missing, but needed by {', '.join(asking)}", remedies[LOGS])
    if metrics.traces is None and (asking := [*_readers(releases, lambda one: one.reads_traces)]):
        yield Problem(TRACES, f"is missing, but needed by {', '.join(asking)}", remedies[TRACES])


def unreadable(releases: Sequence[Release], metrics: MetricsSource) -> Iterator[Problem]:
    """What the profile of the data plane cannot tell of what the stack asks for."""
    name = profile_name(metrics.profile)
    if metrics.data_plane.duration is None and (slow := [*_readers(releases, _times_answers)]):
        message = f"({name}) has no histogram of answer times, but it is needed by {', '.join(slow)}"
        yield Problem(PROFILE, message, "Leave the guardrail out, or count it by a custom one of your own queries")
    if metrics.kind == "proxies" and metrics.url is None and (asking := [*_without_prometheus(releases)]):
        message = f"is missing, but needed by {', '.join(asking)}, which the proxies do not count"
        yield Problem("metrics.url", message, "Write the address of Prometheus beside proxies")
    if metrics.access_log is not None and name != DEFAULT:
        message = f"is read as Contour names its clusters, the profile is {name}"
        yield Problem(ACCESS_LOG, message, "Leave it out; count single clients by bitmaps, or not at all")


def _without_prometheus(releases: Sequence[Release]) -> Iterator[str]:
    return _readers(releases, lambda one: not isinstance(one, ErrorRatio | Latency | Slo))


def _times_answers(guardrail: Guardrail) -> bool:
    return isinstance(guardrail, Latency | Slo) and guardrail.limits.threshold is not None


def _smoke_checks(releases: Sequence[Release]) -> Iterator[str]:
    for release in releases:
        if isinstance(release.strategy, BlueGreen) and release.strategy.smoke:
            yield f"the smoke checks of {release.service}"


def _readers(releases: Sequence[Release], reads: Callable[[Guardrail], bool]) -> Iterator[str]:
    for release in releases:
        watch = WatchInputs.of(release)
        of_watch = () if watch is None else watch.guardrails
        for guardrail in {one.name: one for one in (*of_watch, *release.guardrails)}.values():
            if reads(guardrail):
                yield f"the guardrail {guardrail.name} of {release.service}"


def out_of_a_pods_reach(
    run: RunSetting | None, metrics: MetricsSource, gateway_url: str | None, outbox: str | None = None
) -> Iterator[Problem]:
    """What of a stack's settings a rollout in the cluster could not use; nothing for rollouts on the host. `outbox` is
    the folder of its escalations."""
    if run is None or not run.in_cluster:
        return
    if metrics.access_log is not None:
        message = f"is a file of the host ({metrics.access_log.path}), but {INSIDE}, which has no such file"
        yield Problem(ACCESS_LOG, message, "Leave it out, or run the rollouts on the host")
    yield from _files_of_a_pod(run, metrics)
    if outbox is not None:
        message = f"is a folder of the host ({outbox}), but {INSIDE}, which has no such folder"
        yield Problem("escalation.outbox", message, "Leave it out: then it is in the cluster, beside the journal")
    urls = {
        "metrics.url": metrics.url,
        "metrics.logs.url": metrics.logs.url if metrics.logs is not None else None,
        "metrics.traces.url": metrics.traces.url if metrics.traces is not None else None,
        GATEWAY_URL: gateway_url,
    }
    for path, url in urls.items():
        if url is not None and _is_own_host(url):
            message = f"is an address of the host itself, but {INSIDE}"
            yield Problem(
                path, message, "Write an address that pods reach too, such as http://prometheus.monitoring:9090"
            )


def _files_of_a_pod(run: RunSetting, metrics: MetricsSource) -> Iterator[Problem]:
    """Where the files are that the settings of the metrics name."""
    files = metrics.files
    if run.metrics_secret is None and files:
        message = f"names files of the host ({', '.join(files)}), but {INSIDE}, which has no such file"
        names = ", ".join(PurePosixPath(path).name for path in files)
        yield Problem(HTTP, message, f"Write run: {{metricsSecret: NAME}}, a Secret of the namespace with {names}")
    elif run.metrics_secret is not None and not files:
        message = f"is {run.metrics_secret}, but metrics names no file that it could hold"
        yield Problem("run.metricsSecret", message, "Name the files in metrics.http, or leave it out")
    for name in alike(files):
        message = f"names several files {name}, but {INSIDE}, where they are in one folder"
        yield Problem(HTTP, message, "Give them names of their own")


def _is_own_host(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
    return address.is_loopback or address.is_unspecified
