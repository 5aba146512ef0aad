"""The gateway: Contour, which turns the Gateway API's objects into configuration, and Envoy, which obeys it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from functools import partial
from typing import Any

import yaml

from sandbox import kubeconfig, probes
from sandbox.context import (
    ENVOY_STATS_PORT,
    GATEWAY_CLASS,
    GATEWAY_NAME,
    GATEWAY_NAMESPACE,
    GATEWAY_PORT,
    LISTENER_PORT,
    Context,
)
from sandbox.errors import SandboxError
from sandbox.parts.part import Part

XDS_PORT = 8001
METRICS_PORT = 8000
HEALTH_PORT = 8003
DEBUG_PORT = 6060
ADMIN_SOCKET = "/run/envoy-admin.sock"
STATS_FLUSH_INTERVAL = "1s"
"""Envoy merges its histograms this often (5 s by default): what is scraped each second must be that fresh."""
ACCESS_LOG_FLUSH_MILLISECONDS = 500
"""Envoy writes its access log this often (10 s by default): a look each second must find what happened in it."""
ACCESS_LOG_FIELDS = (
    "start_time",
    "response_code",
    "upstream_cluster",
    "client=%REQ(X-CLIENT)%",
    "cookie=%REQ(COOKIE)%",
)
"""What a decision about clients needs, and nothing else of a request."""


def contour(context: Context) -> Part:
    """The controller, bound to the one Gateway of the sandbox."""
    config = context.paths.config / "contour.yaml"
    credentials = context.paths.config / "contour.kubeconfig"
    return Part(
        name="contour",
        argv=[
            str(context.tools.contour_binary),
            "serve",
            f"--config-path={config}",
            f"--kubeconfig={credentials}",
            "--insecure",
            "--disable-leader-election",
            "--disable-feature=tlsroutes",
            "--disable-feature=tcproutes",
            "--disable-feature=extensionservices",
            "--xds-address=127.0.0.1",
            f"--xds-port={XDS_PORT}",
            "--http-address=127.0.0.1",
            f"--http-port={METRICS_PORT}",
            f"--health-address={context.network.node}",
            f"--health-port={HEALTH_PORT}",
            "--debug-http-address=127.0.0.1",
            f"--debug-http-port={DEBUG_PORT}",
            "--envoy-service-http-address=0.0.0.0",
            f"--envoy-service-http-port={GATEWAY_PORT}",
            f"--envoy-http-access-log={context.paths.access_log}",
            "--stats-address=0.0.0.0",
            f"--stats-port={ENVOY_STATS_PORT}",
            f"--ingress-status-address={context.network.node}",
        ],
        files={config: contour_config(), credentials: kubeconfig.render(context, "contour")},
        ready=partial(probes.http_ok, context.url(HEALTH_PORT, "/healthz")),
        version=context.tools.version("contour"),
        listens=f"127.0.0.1:{XDS_PORT}",
    )


def contour_config() -> str:
    """Contour's configuration: the Gateway, a short access log, room for the load generator's connections."""
    limits = {"max-connections": 8192, "max-pending-requests": 8192, "max-requests": 8192, "max-retries": 64}
    document = {
        "gateway": {"gatewayRef": {"namespace": GATEWAY_NAMESPACE, "name": GATEWAY_NAME}},
        "accesslog-level": "info",
        "accesslog-format": "json",
        "json-fields": list(ACCESS_LOG_FIELDS),
        "timeouts": {"connection-shutdown-grace-period": "5s", "connect-timeout": "2s"},
        "cluster": {"circuit-breakers": limits},
    }
    return yaml.safe_dump(document, sort_keys=False)


def envoy(context: Context) -> Part:
    """The data plane. It finds its listeners and clusters at Contour, and keeps them while Contour is away."""
    config = context.paths.config / "envoy.json"
    return Part(
        name="envoy",
        argv=[
            str(context.tools.envoy),
            *("--config-path", str(config)),
            *("--service-cluster", "slipway"),
            *("--service-node", f"envoy-{GATEWAY_NAME}"),
            *("--concurrency", "2"),
            *("--log-level", "warning"),
            *("--file-flush-interval-msec", str(ACCESS_LOG_FLUSH_MILLISECONDS)),
            "--disable-hot-restart",
        ],
        files={config: envoy_config(context)},
        ready=partial(probes.http_ok, context.url(ENVOY_STATS_PORT, "/ready")),
        niceness=-10,
        version=context.tools.version("envoy"),
        listens=context.url(GATEWAY_PORT),
    )


def envoy_config(context: Context) -> str:
    """Contour's bootstrap for Envoy, with fresher histograms."""
    draft = context.paths.config / "envoy-bootstrap.json"
    draft.parent.mkdir(parents=True, exist_ok=True)
    made = subprocess.run(
        [
            str(context.tools.contour_binary),
            "bootstrap",
            str(draft),
            "--xds-address=127.0.0.1",
            f"--xds-port={XDS_PORT}",
            f"--admin-address={ADMIN_SOCKET}",
        ],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    if made.returncode != 0:
        remedy = "look at Contour's message above; slipway sandbox down and up builds it anew"
        raise SandboxError("contour", "cannot write Envoy's bootstrap", remedy, made.stderr.splitlines()[-6:])
    return json.dumps(fresh_histograms(json.loads(draft.read_text())), indent=1)


def fresh_histograms(bootstrap: Mapping[str, Any]) -> dict[str, Any]:
    """The bootstrap with statistics flushed every second."""
    return {**bootstrap, "stats_flush_interval": STATS_FLUSH_INTERVAL}


def manifests() -> list[dict[str, Any]]:
    """The Gateway, its class, the namespace, and the rights of Contour's user."""
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": GATEWAY_NAMESPACE}}
    group = "gateway.networking.k8s.io"
    gateway_class = {
        "apiVersion": f"{group}/v1",
        "kind": "GatewayClass",
        "metadata": {"name": GATEWAY_CLASS},
        "spec": {"controllerName": "projectcontour.io/gateway-controller"},
    }
    listener = {
        "name": "http",
        "protocol": "HTTP",
        "port": LISTENER_PORT,
        "allowedRoutes": {"namespaces": {"from": "All"}},
    }
    gateway = {
        "apiVersion": f"{group}/v1",
        "kind": "Gateway",
        "metadata": {"name": GATEWAY_NAME, "namespace": GATEWAY_NAMESPACE},
        "spec": {"gatewayClassName": GATEWAY_CLASS, "listeners": [listener]},
    }
    return [namespace, *_contour_rights(), gateway_class, gateway]


def _contour_rights() -> list[dict[str, Any]]:
    read = ["get", "list", "watch"]
    rules = [
        {"apiGroups": [""], "resources": ["configmaps", "namespaces", "secrets", "services"], "verbs": read},
        {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": read},
        {"apiGroups": ["networking.k8s.io"], "resources": ["ingresses"], "verbs": read},
        {"apiGroups": ["gateway.networking.k8s.io", "projectcontour.io"], "resources": ["*"], "verbs": read},
        {
            "apiGroups": ["networking.k8s.io", "gateway.networking.k8s.io", "projectcontour.io"],
            "resources": ["*/status"],
            "verbs": ["get", "create", "update", "patch"],
        },
        {"apiGroups": ["", "events.k8s.io"], "resources": ["events"], "verbs": ["create", "patch", "update"]},
    ]
    api = "rbac.authorization.k8s.io"
    role = {"apiVersion": f"{api}/v1", "kind": "ClusterRole", "metadata": {"name": "slipway-contour"}, "rules": rules}
    binding = {
        "apiVersion": f"{api}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "slipway-contour"},
        "roleRef": {"apiGroup": api, "kind": "ClusterRole", "name": "slipway-contour"},
        "subjects": [{"apiGroup": api, "kind": "User", "name": "slipway-contour"}],
    }
    return [role, binding]
