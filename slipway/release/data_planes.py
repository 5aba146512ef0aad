"""The data planes that are known by name, a row each, and those that cannot tell two versions apart.

Seen live: contour; envoy-gateway; haproxy, whose servers do not count a connection that was refused. The others follow
the documentation and the source of the projects.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Discriminator, Tag

from slipway.release.data_plane import Alive, DataPlane, Duration, ProxyPlace

DEFAULT: Final = "contour"
CUSTOM: Final = "custom"
"""What a profile is called that a stack describes itself."""
_ENVOY: Final[dict[str, Any]] = {
    "requests": "envoy_cluster_upstream_rq",
    "status": ("envoy_response_code",),
    "duration": Duration(histogram="envoy_cluster_upstream_rq_time", unit="ms"),
    "in_flight": "envoy_cluster_upstream_rq_active",
    "endpoints": "envoy_cluster_membership_total",
    "alive": Alive(metric="envoy_server_uptime", uptime=True),
    "sees_no_answer": True,
}
_ISTIO: Final[dict[str, Any]] = {
    "requests": "istio_requests_total",
    "side": {"destination_service_name": "{service}", "destination_service_namespace": "{namespace}"},
    "status": ("response_code",),
    "duration": Duration(histogram="istio_request_duration_milliseconds", unit="ms"),
    "alive": Alive(metric="envoy_server_uptime", uptime=True),
    "sees_no_answer": True,
}
_PODS: Final[dict[str, Any]] = {
    "side": {"namespace": "{namespace}", "pod": "~{service}-.+"},
    "alive": Alive(metric="up", where={"namespace": "{namespace}"}),
}
"""What the service's own pods count: they are named after the Service of their revision."""

PROXIES: Final[Mapping[str, ProxyPlace]] = {
    "contour": ProxyPlace(selector={"app": "envoy"}, port=8002, path="/stats/prometheus", filtered=True),
    "envoy-gateway": ProxyPlace(
        selector={"app.kubernetes.io/component": "proxy", "app.kubernetes.io/managed-by": "envoy-gateway"},
        port=19001,
        path="/stats/prometheus",
        filtered=True,
    ),
    "cilium": ProxyPlace(selector={"k8s-app": "cilium-envoy"}, port=9964, path="/metrics", filtered=True),
    "istio": ProxyPlace(port=15090, path="/stats/prometheus"),
    "traefik": ProxyPlace(selector={"app.kubernetes.io/name": "traefik"}, port=9100, path="/metrics"),
    "haproxy": ProxyPlace(port=9101, path="/metrics"),
}
"""The profiles whose few proxies see all requests, so that they can be asked themselves."""

DATA_PLANES: Final[Mapping[str, DataPlane]] = {
    "contour": DataPlane(
        **_ENVOY,
        side={"envoy_cluster_name": "{namespace}_{service}_{port}"},
        known="envoy_cluster_upstream_rq_active",
        mirror="all",
    ),
    "envoy-gateway": DataPlane(
        **_ENVOY,
        side={"envoy_cluster_name": "~service/{namespace}/{service}/{port}/.+"},
        known="envoy_cluster_membership_total",
        drops_idle=True,
        backend_filters=False,
        mirror="percent",
        copies={"envoy_cluster_name": "~httproute/{namespace}/{route}/rule/[0-9]+-mirror-[0-9]+"},
    ),
    "istio": DataPlane(**_ISTIO, where={"reporter": "source"}),
    "istio-waypoint": DataPlane(**_ISTIO, where={"reporter": "waypoint"}),
    "cilium": DataPlane(
        **_ENVOY,
        side={"envoy_cluster_name": "~[^/]+/cilium-gateway-[^/]+/{namespace}[_:]{service}[_:]{port}"},
        known="envoy_cluster_upstream_rq_active",
    ),
    "traefik": DataPlane(
        requests="traefik_service_requests_total",
        side={"service": "~.*-svc-{namespace}-{service}-[0-9]+@kubernetesgateway"},
        status=("code",),
        duration=Duration(histogram="traefik_service_request_duration_seconds"),
        alive=Alive(metric="traefik_config_last_reload_success"),
        sees_no_answer=True,
    ),
    "linkerd": DataPlane(
        requests="outbound_http_route_backend_response_statuses_total",
        side={"backend_name": "{service}", "backend_namespace": "{namespace}"},
        status=("http_status",),
        also_bad={"error": ".+"},
        duration=Duration(histogram="outbound_http_route_backend_response_duration_seconds"),
        alive=Alive(metric="proxy_build_info"),
        sees_no_answer=True,
        generation="ignored",
    ),
    "haproxy": DataPlane(
        requests="haproxy_server_http_responses_total",
        side={"proxy": "~{namespace}_.+", "server": "~{service}-.+"},
        status=("code",),
        bad="5xx",
        in_flight="haproxy_server_current_sessions",
        known="haproxy_server_current_sessions",
        alive=Alive(metric="haproxy_process_uptime_seconds", uptime=True),
    ),
    "otel-http": DataPlane(
        **_PODS,
        requests="http_server_request_duration_seconds_count",
        status=("http_response_status_code",),
        also_bad={"error_type": ".+"},
        duration=Duration(histogram="http_server_request_duration_seconds"),
        in_flight="http_server_active_requests",
    ),
    "http-requests": DataPlane(
        **_PODS,
        requests="http_request_duration_seconds_count",
        status=("code", "status"),
        duration=Duration(histogram="http_request_duration_seconds"),
    ),
}
WAY_OUT: Final = (
    "count in the service itself (profile: otel-http or http-requests), or describe other counters as a mapping of "
    "your own"
)
REFUSED: Final[Mapping[str, str]] = {
    "kong": "Kong counts by rule, both versions in one number",
    "nginx-gateway-fabric": "NGINX Gateway Fabric counts nothing by backend",
    "gke": "the load balancer of GKE has no counters that are scraped",
    "aws": "the load balancer of AWS has no counters that are scraped",
}
"""Gateways whose statistics cannot tell the two versions apart -> why."""


def _known(value: object) -> object:
    if not isinstance(value, str) or value in DATA_PLANES:
        return value
    if value in REFUSED:
        raise ValueError(f"cannot be {value}: {REFUSED[value]}; {WAY_OUT}")
    raise ValueError(f"{value} is not known; there are {', '.join(DATA_PLANES)}, or {WAY_OUT}")


def _kind(value: object) -> str:
    return "custom" if isinstance(value, dict | DataPlane) else "named"


Profile = Annotated[
    Annotated[str, BeforeValidator(_known), Tag("named")] | Annotated[DataPlane, Tag("custom")], Discriminator(_kind)
]
"""A data plane by its name, or described."""


def profile_name(profile: str | DataPlane | None) -> str:
    """For messages."""
    return CUSTOM if isinstance(profile, DataPlane) else profile or DEFAULT


def data_plane_of(profile: str | DataPlane | None) -> DataPlane:
    """The row; that of Contour where nothing is said."""
    return profile if isinstance(profile, DataPlane) else DATA_PLANES[profile or DEFAULT]
