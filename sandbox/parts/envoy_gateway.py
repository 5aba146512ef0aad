"""Envoy Gateway in the place of Contour, for those who ask for it, and the Envoy that obeys it.

It runs unpatched with its Kubernetes provider and none of infrastructure: it starts no Envoy, ours is told by it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import shlex
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from sandbox import kubeconfig, pki, probes
from sandbox.context import (
    ENVOY_GATEWAY_PORT,
    ENVOY_STATS_PORT,
    GATEWAY_NAME,
    GATEWAY_NAMESPACE,
    LISTENER_PORT,
    Context,
)
from sandbox.parts.gateway import ADMIN_SOCKET, STATS_FLUSH_INTERVAL
from sandbox.parts.part import Part
from sandbox.toolchain.catalog import pinned

NAME = "envoy-gateway"
CLASS = "envoy-gateway"
API = "gateway.envoyproxy.io/v1alpha1"
XDS_PORT = 18000
HEALTH_PORT = 8081
SETTINGS = "data-plane"
"""The EnvoyProxy of the class."""
TYPE = "type.googleapis.com/envoy.extensions"


def controller(context: Context, folder: Path) -> Part:
    """The controller out of the `folder` that the toolchain made.

    It reads its certificates from /certs, a path that is compiled in: so it has a root folder of its own.
    """
    root = context.paths.config / NAME
    certificate, key = (path.read_text(encoding="utf-8") for path in context.pki.server)
    files = {
        root / "config.yaml": configuration(),
        root / "kubeconfig": kubeconfig.render(context, "contour"),
        root / "certs" / "ca.crt": context.pki.ca.read_text(encoding="utf-8"),
        root / "certs" / "tls.crt": certificate,
        root / "certs" / "tls.key": key,
        root / NAME: "",
    }
    # In a mount namespace that only this program sees: the sandbox's files show no trace of it.
    inside = f'mount --bind {shlex.quote(str(folder / "bin" / NAME))} "$0/{NAME}" && exec chroot "$0" "$@"'
    return Part(
        name=NAME,
        argv=[f"/{NAME}", "server", "--config-path=/config.yaml"],
        files=files,
        environment={"KUBECONFIG": "/kubeconfig", "ENVOY_GATEWAY_NAMESPACE": GATEWAY_NAMESPACE},
        wrapper=["unshare", "--mount", "--propagation", "private", "/bin/sh", "-c", inside, str(root)],
        ready=partial(probes.http_ok, context.url(HEALTH_PORT, "/readyz")),
        version=pinned("envoy_gateway", "github.com/envoyproxy/gateway"),
        listens=f"127.0.0.1:{XDS_PORT}",
    )


def configuration() -> str:
    """Its own configuration: the objects of the cluster, no infrastructure, no election, quiet."""
    kubernetes = {"leaderElection": {"disable": True}}
    document = {
        "apiVersion": API,
        "kind": "EnvoyGateway",
        "gateway": {"controllerName": "gateway.envoyproxy.io/gatewayclass-controller"},
        "provider": {"type": "Custom", "custom": {"resource": {"type": "Kubernetes", "kubernetes": kubernetes}}},
        "logging": {"level": {"default": "warn"}},
        "telemetry": {"metrics": {"prometheus": {"disable": True}}},
    }
    return yaml.safe_dump(document, sort_keys=False)


def envoy(context: Context) -> Part:
    """The data plane. It finds its listeners and clusters at Envoy Gateway, and keeps them while that is away."""
    config = context.paths.config / "envoy.json"
    return Part(
        name="envoy",
        argv=[
            str(context.tools.envoy),
            *("--config-path", str(config)),
            *("--service-cluster", f"{GATEWAY_NAMESPACE}/{GATEWAY_NAME}"),
            *("--service-node", f"envoy-{GATEWAY_NAME}"),
            *("--concurrency", "2"),
            *("--log-level", "warning"),
            "--disable-hot-restart",
        ],
        files={config: json.dumps(bootstrap(context.pki), indent=1)},
        ready=partial(probes.http_ok, context.url(ENVOY_STATS_PORT, "/ready")),
        niceness=-10,
        version=context.tools.version("envoy"),
        listens=context.url(ENVOY_GATEWAY_PORT),
    )


def bootstrap(keys: pki.Pki) -> dict[str, Any]:
    """What Envoy Gateway would write for an Envoy of its own, as far as it matters here: the same statistics, which a
    cluster has from its first request on, on the port that the sandbox reads; fresher histograms."""
    source = {"ads": {}, "initial_fetch_timeout": "0s", "resource_api_version": "V3"}
    grpc = {"envoy_grpc": {"cluster_name": "xds_cluster"}}
    return {
        "admin": {"address": {"pipe": {"path": ADMIN_SOCKET}}},
        "stats_flush_interval": STATS_FLUSH_INTERVAL,
        "deferred_stat_options": {"enable_deferred_creation_stats": True},
        "dynamic_resources": {
            "ads_config": {
                "api_type": "DELTA_GRPC",
                "transport_api_version": "V3",
                "grpc_services": [grpc],
                "set_node_on_first_message_only": True,
            },
            "lds_config": source,
            "cds_config": source,
        },
        "static_resources": {"listeners": [_statistics()], "clusters": [_admin(), _controller(keys)]},
    }


def _statistics() -> dict[str, Any]:
    """The listener for statistics and readiness."""
    routes = [{"match": {"prefix": path}, "route": {"cluster": "admin"}} for path in ("/stats", "/ready")]
    hosts = [{"name": "statistics", "domains": ["*"], "routes": routes}]
    router = {"name": "router", "typed_config": {"@type": f"{TYPE}.filters.http.router.v3.Router"}}
    manager = {
        "@type": f"{TYPE}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "statistics",
        "route_config": {"name": "statistics", "virtual_hosts": hosts},
        "http_filters": [router],
    }
    filters = [{"name": "http", "typed_config": manager}]
    address = {"socket_address": {"address": "0.0.0.0", "port_value": ENVOY_STATS_PORT}}  # noqa: S104 - its own network
    return {"name": "statistics", "address": address, "filter_chains": [{"filters": filters}]}


def _admin() -> dict[str, Any]:
    return _cluster("admin", {"pipe": {"path": ADMIN_SOCKET}})


def _controller(keys: pki.Pki) -> dict[str, Any]:
    address = {"socket_address": {"address": "127.0.0.1", "port_value": XDS_PORT}}
    options = {
        "@type": f"{TYPE}.upstreams.http.v3.HttpProtocolOptions",
        "explicit_http_config": {
            "http2_protocol_options": {"connection_keepalive": {"interval": "30s", "timeout": "5s"}}
        },
    }
    certificate, key = ({"filename": str(path)} for path in keys.server)
    tls = {
        "@type": f"{TYPE}.transport_sockets.tls.v3.UpstreamTlsContext",
        "common_tls_context": {
            "tls_params": {"tls_maximum_protocol_version": "TLSv1_3"},  # the controller speaks no older one
            "tls_certificates": [{"certificate_chain": certificate, "private_key": key}],
            "validation_context": {"trusted_ca": {"filename": str(keys.ca)}},
        },
    }
    return {
        **_cluster("xds_cluster", address),
        "typed_extension_protocol_options": {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": options},
        "transport_socket": {"name": "tls", "typed_config": tls},
    }


def _cluster(name: str, address: dict[str, Any]) -> dict[str, Any]:
    endpoints = [{"lb_endpoints": [{"endpoint": {"address": address}}]}]
    assignment = {"cluster_name": name, "endpoints": endpoints}
    return {"name": name, "type": "STATIC", "connect_timeout": "1s", "load_assignment": assignment}


def manifests(context: Context) -> list[dict[str, Any]]:
    """The Gateway, its class with one cluster for each Service, the namespace, the rights of the controller's user,
    and the two secrets that it reads at its start."""
    group = "gateway.networking.k8s.io"
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": GATEWAY_NAMESPACE}}
    placed = {"namespace": GATEWAY_NAMESPACE}
    settings = {
        "apiVersion": API,
        "kind": "EnvoyProxy",
        "metadata": {"name": SETTINGS, **placed},
        "spec": {"mergeBackends": {}, "telemetry": {"accessLog": {"disable": True}}},
    }
    parameters = {"group": API.split("/", maxsplit=1)[0], "kind": "EnvoyProxy", "name": SETTINGS, **placed}
    gateway_class = {
        "apiVersion": f"{group}/v1",
        "kind": "GatewayClass",
        "metadata": {"name": CLASS},
        "spec": {"controllerName": "gateway.envoyproxy.io/gatewayclass-controller", "parametersRef": parameters},
    }
    allowed = {"namespaces": {"from": "All"}}
    listener = {"name": "http", "protocol": "HTTP", "port": LISTENER_PORT, "allowedRoutes": allowed}
    gateway = {
        "apiVersion": f"{group}/v1",
        "kind": "Gateway",
        "metadata": {"name": GATEWAY_NAME, **placed},
        "spec": {"gatewayClassName": CLASS, "listeners": [listener]},
    }
    return [namespace, *rights(), *_secrets(context), settings, gateway_class, gateway]


def _secrets(context: Context) -> list[dict[str, Any]]:
    """For sign-in by OIDC, which the sandbox has not, and for TLS between Envoy and the controller."""
    salt = hashlib.sha256(f"oidc {context.pki.token('contour')}".encode()).digest()
    certificate, key = (path.read_bytes() for path in context.pki.server)
    contents = {
        "envoy-oidc-hmac": {"hmac-secret": salt},
        "envoy": {"tls.crt": certificate, "tls.key": key, "ca.crt": context.pki.ca.read_bytes()},
    }
    return [
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": name, "namespace": GATEWAY_NAMESPACE},
            "data": {field: base64.b64encode(value).decode() for field, value in content.items()},
        }
        for name, content in contents.items()
    ]


def rights() -> list[dict[str, Any]]:
    """What Envoy Gateway may do, as its chart has it, without the infrastructure that it does not make here. It is the
    same user of the API server as Contour: the gateway's controller."""
    read = ["get", "list", "watch"]
    own, standard = API.split("/", maxsplit=1)[0], "gateway.networking.k8s.io"
    rules = [
        {
            "apiGroups": [""],
            "resources": ["configmaps", "namespaces", "nodes", "pods", "secrets", "serviceaccounts", "services"],
            "verbs": read,
        },
        {"apiGroups": ["apps"], "resources": ["daemonsets", "deployments"], "verbs": read},
        {"apiGroups": ["autoscaling"], "resources": ["horizontalpodautoscalers"], "verbs": read},
        {"apiGroups": ["policy"], "resources": ["poddisruptionbudgets"], "verbs": read},
        {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": read},
        {"apiGroups": ["apiextensions.k8s.io"], "resources": ["customresourcedefinitions"], "verbs": read},
        {"apiGroups": [own, standard, "multicluster.x-k8s.io"], "resources": ["*"], "verbs": read},
        {"apiGroups": [own, standard], "resources": ["*/status"], "verbs": ["update", "patch"]},
        # It marks the class with a finalizer.
        {"apiGroups": [standard], "resources": ["gatewayclasses"], "verbs": ["update", "patch"]},
        {"apiGroups": ["", "events.k8s.io"], "resources": ["events"], "verbs": ["create", "patch", "update"]},
    ]
    api, name = "rbac.authorization.k8s.io", "slipway-envoy-gateway"
    user = {"apiGroup": api, "kind": "User", "name": pki.USERS["contour"][0]}
    return [
        {"apiVersion": f"{api}/v1", "kind": "ClusterRole", "metadata": {"name": name}, "rules": rules},
        {
            "apiVersion": f"{api}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": name},
            "roleRef": {"apiGroup": api, "kind": "ClusterRole", "name": name},
            "subjects": [user],
        },
    ]
