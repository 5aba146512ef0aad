"""Prometheus, which reads the counters of the data plane and of pods that ask for it, every second."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from sandbox import probes
from sandbox.context import ALERTMANAGER_PORT, ENVOY_STATS_PORT, GATEWAY_NAME, PROMETHEUS_PORT, Context
from sandbox.parts import targets
from sandbox.parts.part import Part
from sandbox.state import link_atomically

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


ROLE = "slipway-prometheus"


def part(context: Context) -> Part:
    """Two jobs, ``envoy`` and ``pods``; an hour or two of data is more than any rollout here needs. Rules are files in
    a folder of their own, read at a reload; alarms go to Alertmanager."""
    config = context.paths.config / "prometheus.yaml"
    data_planes(context).mkdir(parents=True, exist_ok=True)
    context.paths.rules.mkdir(parents=True, exist_ok=True)
    envoy = {
        "job_name": "envoy",
        "metrics_path": "/stats/prometheus",
        "params": {"filter": [SERIES]},
        "static_configs": [{"targets": [f"127.0.0.1:{ENVOY_STATS_PORT}"], "labels": {"pod": f"envoy-{GATEWAY_NAME}"}}],
        "file_sd_configs": [{"files": [str(data_planes(context) / "*.json")], "refresh_interval": "5s"}],
    }
    document = {
        "global": {"scrape_interval": SCRAPE_INTERVAL, "scrape_timeout": SCRAPE_INTERVAL},
        "rule_files": [str(context.paths.rules / "*.yaml")],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [f"127.0.0.1:{ALERTMANAGER_PORT}"]}]}]},
        "scrape_configs": [envoy, pods(context)],
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
            "--web.enable-lifecycle",
            # An alarm that fires before Alertmanager is found again, seconds after a reload, is dropped until then.
            "--rules.alert.resend-delay=5s",
            "--log.level=warn",
        ],
        files={config: yaml.safe_dump(document, sort_keys=False)},
        ready=partial(probes.http_ok, context.url(PROMETHEUS_PORT, "/-/ready")),
        version=context.tools.version("prometheus"),
        listens=context.url(PROMETHEUS_PORT),
    )


def pods(context: Context) -> dict[str, Any]:
    """The scrape job for pods with the annotation ``prometheus.io/scrape: "true"``, on the port and path that
    ``prometheus.io/port`` and ``prometheus.io/path`` name. Labels: namespace, pod, service and revision.

    The Prometheus of Debian is built without the discovery of Kubernetes, so a process beside it writes the list.
    """
    return {
        "job_name": "pods",
        "file_sd_configs": [{"files": [str(targets_file(context))], "refresh_interval": "5s"}],
    }


def data_planes(context: Context) -> Path:
    """The folder with a list of targets for each other Envoy that a part starts."""
    return context.paths.data / "targets" / "envoys"


def targets_file(context: Context) -> Path:
    """The list of pods to scrape; Prometheus reads it whenever it changes."""
    return context.paths.data / "targets" / "pods.json"


def scout(context: Context) -> Part:
    """The process that keeps the list of pods to scrape."""
    # By a name of its own: a part is known by its program, and the machine's Python may run other things in there.
    interpreter = context.paths.root / "bin" / "pod-scout"
    interpreter.parent.mkdir(parents=True, exist_ok=True)
    link_atomically(interpreter, Path(sys.executable).resolve())
    pki = context.pki
    token = pki.folder / "prometheus.token"
    arguments = [context.api_url, str(pki.ca), str(token), str(targets_file(context))]
    return Part(
        name="pod-scout",
        argv=[str(interpreter), "-I", "-S", str(targets.__file__), *arguments],
        ready=lambda: True,
        niceness=5,
        listens=str(targets_file(context)),
    )


def rights() -> list[dict[str, Any]]:
    """What the scout's user may do: see which pods there are."""
    api = "rbac.authorization.k8s.io"
    rule = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]}
    role = {"apiVersion": f"{api}/v1", "kind": "ClusterRole", "metadata": {"name": ROLE}, "rules": [rule]}
    binding = {
        "apiVersion": f"{api}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": ROLE},
        "roleRef": {"apiGroup": api, "kind": "ClusterRole", "name": ROLE},
        "subjects": [{"apiGroup": api, "kind": "User", "name": ROLE}],
    }
    return [role, binding]
