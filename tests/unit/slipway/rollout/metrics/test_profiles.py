from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from slipway.release.data_plane import Alive, DataPlane
from slipway.release.data_planes import DATA_PLANES, data_plane_of
from slipway.release.errors import ClusterError
from slipway.release.manifest.guardrails import ErrorRatio, Latency
from slipway.rollout.metrics import envoy
from slipway.rollout.metrics.base import Series
from slipway.rollout.metrics.counters import counted
from slipway.rollout.metrics.emitters import Emitters
from slipway.rollout.metrics.envoy import ACTIVE, ALIVE, MEMBERS, REQUESTS, SECONDS, Frame, cluster_name, samples
from slipway.rollout.metrics.profiles import Lens
from slipway.rollout.metrics.prometheus import PrometheusSource
from slipway.rollout.metrics.prometheus_api import Prometheus
from tests.unit.slipway.rollout.examples import backend
from tests.unit.slipway.rollout.metrics.server import Server, result

NEW, OLD = backend("bbbbbbbb"), backend("aaaaaaaa")
NEW_CLUSTER, OLD_CLUSTER = cluster_name("shop", NEW), cluster_name("shop", OLD)
ERRORS = ErrorRatio(name="errors", kind="error-ratio")


def row(name: str, value: float, *, at: float = 100.0, pod: str = "p", **labels: Any) -> dict[str, Any]:
    metric = {"__name__": name, "instance": "10.0.0.1:9100", "job": "gateway", "pod": pod, **labels}
    return {"metric": metric, "values": [[at - 1, str(max(0.0, value - 1))], [at, str(value)]]}


def lens(name: str) -> Lens:
    return Lens(name, DATA_PLANES[name], "shop", "checkout")


def frame(name: str, *rows: dict[str, Any]) -> Frame:
    return Frame(samples(lens(name).read(rows, [NEW, OLD])))


TRAEFIK = "httproute-shop-checkout-gw-infra-web-ep-web-0-1a2b3c4d5e6f7a8b9c0d-svc-shop-{}-0@kubernetesgateway"
ISTIO: Any = {"destination_service_namespace": "shop", "destination_service_name": NEW.entry}
LINKERD: Any = {"backend_namespace": "shop", "backend_name": NEW.entry, "route_name": "checkout"}
HAPROXY: Any = {"proxy": "shop_checkout_http", "server": f"{NEW.entry}-6f7d9c-x2x4v"}
GATEWAY: Any = {"envoy_cluster_name": f"service/shop/{NEW.entry}/8080/http"}
CILIUM: Any = {"envoy_cluster_name": f"infra/cilium-gateway-web/shop_{NEW.entry}_8080"}
POD: Any = {"pod": f"{NEW.entry}-6f7d9c-x2x4v", "namespace": "shop"}

PAGES: dict[str, list[dict[str, Any]]] = {
    "envoy-gateway": [
        row(ALIVE, 70),
        row("envoy_cluster_membership_total", 3, **GATEWAY),
        row(REQUESTS, 8, envoy_response_code="200", **GATEWAY),
        row(REQUESTS, 1, envoy_response_code="404", **GATEWAY),
        row(REQUESTS, 3, envoy_response_code="503", **GATEWAY),
    ],
    "istio": [
        row(ALIVE, 70),
        row("istio_requests_total", 5, reporter="source", response_code="200", response_flags="-", **ISTIO),
        row("istio_requests_total", 4, reporter="source", response_code="200", response_flags="DC", **ISTIO),
        row("istio_requests_total", 3, reporter="source", response_code="503", response_flags="UF", **ISTIO),
        row("istio_requests_total", 99, reporter="destination", response_code="500", **ISTIO),
    ],
    "istio-waypoint": [
        row(ALIVE, 70),
        row("istio_requests_total", 9, reporter="waypoint", response_code="200", **ISTIO),
        row("istio_requests_total", 3, reporter="waypoint", response_code="503", **ISTIO),
        row("istio_requests_total", 99, reporter="source", response_code="500", **ISTIO),
    ],
    "cilium": [
        row(ALIVE, 70),
        row(ACTIVE, 0, **CILIUM),
        row(REQUESTS, 9, envoy_response_code="200", **CILIUM),
        row(REQUESTS, 3, envoy_response_code="503", **CILIUM),
    ],
    "traefik": [
        row("traefik_config_last_reload_success", 1764190000),
        row("traefik_service_requests_total", 6, code="200", method="GET", service=TRAEFIK.format(NEW.entry)),
        row("traefik_service_requests_total", 3, code="200", method="POST", service=TRAEFIK.format(NEW.entry)),
        row("traefik_service_requests_total", 3, code="502", method="GET", service=TRAEFIK.format(NEW.entry)),
        row("traefik_service_requests_total", 9, code="500", method="GET", service=TRAEFIK.format("basket-bbbbbbbb")),
    ],
    "linkerd": [
        row("proxy_build_info", 1),
        row("outbound_http_route_backend_response_statuses_total", 9, http_status="200", error="", **LINKERD),
        row("outbound_http_route_backend_response_statuses_total", 2, http_status="500", error="", **LINKERD),
        row("outbound_http_route_backend_response_statuses_total", 1, http_status="", error="UNKNOWN", **LINKERD),
    ],
    "haproxy": [
        row("haproxy_process_uptime_seconds", 70),
        row("haproxy_server_current_sessions", 0, **HAPROXY),
        row("haproxy_server_http_responses_total", 9, code="2xx", **HAPROXY),
        row("haproxy_server_http_responses_total", 3, code="5xx", **HAPROXY),
    ],
    "otel-http": [
        row("up", 1, **POD),
        row("http_server_request_duration_seconds_count", 9, http_response_status_code="200", http_route="/", **POD),
        row("http_server_request_duration_seconds_count", 2, http_response_status_code="500", http_route="/", **POD),
        row("http_server_request_duration_seconds_count", 1, error_type="timeout", http_route="/", **POD),
    ],
    "http-requests": [
        row("up", 1, **POD),
        row("http_request_duration_seconds_count", 9, code="200", **POD),
        row("http_request_duration_seconds_count", 3, status="500", **POD),
    ],
}
"""By the format of each project's documentation and source; nine of twelve requests were answered well."""


def test_every_named_data_plane_has_a_page() -> None:
    assert {*PAGES, "contour"} == set(DATA_PLANES)


@pytest.mark.parametrize("name", sorted(PAGES))
def test_each_data_plane_is_counted_alike(name: str) -> None:
    found = frame(name, *PAGES[name])
    (series,) = found.requests(NEW_CLUSTER).values()
    assert series == Series(12, 3, {})
    assert found.active(NEW_CLUSTER) == 0
    for other in found.requests(OLD_CLUSTER).values():
        assert (other.total, other.bad) == (0, 0)


@pytest.mark.parametrize("name", sorted(PAGES))
def test_the_question_holds_the_names_of_the_data_plane_and_of_both_sides(name: str) -> None:
    asked = lens(name).selector([REQUESTS, ACTIVE, SECONDS], [NEW, OLD], 5)
    plane = DATA_PLANES[name]
    assert asked.startswith(f'{{__name__=~"{plane.alive.metric}|{plane.requests}')
    for label in plane.side:
        assert f"{label}=~" in asked
    assert NEW.entry in asked
    assert OLD.entry in asked
    assert asked.endswith("}[5s]")


def test_contour_is_asked_and_read_as_it_always_was() -> None:
    names = [REQUESTS, ACTIVE]
    assert lens("contour").selector(names, [NEW, OLD], 4.2) == envoy.selector(names, [NEW_CLUSTER, OLD_CLUSTER], 4.2)
    assert lens("contour").alive(300.0) == "envoy_server_uptime[300s]"
    rows = [row(ALIVE, 7), row(REQUESTS, 5, envoy_cluster_name=NEW_CLUSTER, region="eu", envoy_response_code="200")]
    assert lens("contour").read(rows, [NEW]) == rows


def test_a_side_is_named_by_the_whole_value() -> None:
    near: Any = {"envoy_cluster_name": f"service/shop/{NEW.entry}x/8080/http"}
    found = frame("envoy-gateway", row(ALIVE, 7), row(REQUESTS, 5, envoy_response_code="200", **near))
    assert found.requests(NEW_CLUSTER) == {}


def test_a_proxy_that_has_endpoints_of_a_side_but_sent_it_nothing_counts_zero() -> None:
    found = frame("envoy-gateway", row(ALIVE, 7), row(MEMBERS, 3, **GATEWAY))
    assert found.requests(NEW_CLUSTER) == {"p": Series(0, 0, {})}
    assert (found.having(NEW_CLUSTER), found.having(OLD_CLUSTER)) == ({"p"}, set())


def test_where_nothing_is_there_before_the_first_request_who_is_alive_counts_zero() -> None:
    found = frame("traefik", row("traefik_config_last_reload_success", 1764190000))
    assert found.requests(NEW_CLUSTER) == {"p": Series(0, 0, {})}


def test_a_pod_that_could_not_be_scraped_is_not_alive() -> None:
    assert frame("otel-http", {**row("up", 0, **POD), "values": [[100.0, "0"]]}).emitters == {}


def test_bounds_in_seconds_are_read_as_such() -> None:
    side: Any = {"service": TRAEFIK.format(NEW.entry), "code": "200"}
    buckets = [
        row("traefik_service_request_duration_seconds_bucket", count, le=le, method=method, **side)
        for method in ("GET", "POST")
        for le, count in (("0.1", 4), ("0.3", 5), ("+Inf", 6))
    ]
    found = frame("traefik", row("traefik_config_last_reload_success", 1), *buckets)
    (series,) = found.latency(NEW_CLUSTER, 0.3).values()
    assert (series.total, series.bad) == (12, 2)


def test_two_replicas_of_prometheus_count_one_proxy_once() -> None:
    def scraped(at: float, value: float, labels: Any) -> list[dict[str, Any]]:
        side: Any = {"service": TRAEFIK.format(NEW.entry), "code": "200", **labels}
        return [
            row("traefik_config_last_reload_success", 1, at=at, **labels),
            row("traefik_service_requests_total", value, at=at, method="GET", **side),
            row("traefik_service_requests_total", value, at=at, method="POST", **side),
        ]

    for labels in ({"prometheus_replica": "b"}, {"unknown_label": "b"}):
        found = frame("traefik", *scraped(100.0, 5, {}), *scraped(100.25, 6, labels))
        assert found.requests(NEW_CLUSTER)["p"].total == 12


@given(st.lists(st.lists(st.integers(0, 50), min_size=1, max_size=6), min_size=1, max_size=5))
def test_a_sum_of_growing_counters_grows_whenever_its_parts_begin_or_end(growths: list[list[int]]) -> None:
    rows = []
    for number, growth in enumerate(growths):
        total, values = 0, list[Any]()
        for step, more in enumerate(growth):
            total += more
            values.append([10.0 * (step + number % 3), str(total)])
        rows.append({"metric": {**row("", 0)["metric"], "__name__": REQUESTS}, "values": values})
    for one in (summed := lens("traefik").read(_as_traefik(rows), [NEW])):
        values = [float(value) for _, value in one["values"]]
        assert values == sorted(values)
    counted = [one for one in summed if one["metric"]["__name__"] == REQUESTS]
    assert sum(float(one["values"][-1][1]) for one in counted) == sum(map(sum, growths))


def _as_traefik(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    labels = {"__name__": "traefik_service_requests_total", "service": TRAEFIK.format(NEW.entry), "code": "200"}
    return [{**one, "metric": {**one["metric"], **labels, "method": str(number)}} for number, one in enumerate(rows)]


MIRROR = "httproute/shop/checkout/rule/{}-mirror-{}"


def copied(rule: int, filter_: int = 0, **labels: Any) -> dict[str, Any]:
    return {"envoy_cluster_name": MIRROR.format(rule, filter_), **labels}


def gateway_frame(*rows: dict[str, Any], copies: bool = True) -> Frame:
    found = [row(ALIVE, 70), row(MEMBERS, 3, **GATEWAY), *rows]
    return Frame(samples(lens("envoy-gateway").read(found, [NEW, OLD], NEW if copies else None)))


def test_copies_that_are_counted_by_rule_are_the_candidates_and_each_rule_counts_by_itself() -> None:
    rows = [
        row(REQUESTS, 5, envoy_response_code="200", **GATEWAY),
        row(REQUESTS, 40, **copied(1, envoy_response_code="200")),
        row(REQUESTS, 2, **copied(1, envoy_response_code="503")),
        row(REQUESTS, 7, **copied(3, 1, envoy_response_code="200")),
    ]
    found = gateway_frame(*rows)
    assert sorted((one.total, one.bad) for one in found.requests(NEW_CLUSTER).values()) == [(5, 0), (7, 0), (42, 2)]
    assert found.requests(OLD_CLUSTER) == {}
    assert found.known.not_before.keys() <= {"p"}, "no proxy more"
    assert gateway_frame(*rows, copies=False).requests(NEW_CLUSTER) == {"p": Series(5, 0, {})}


@pytest.mark.parametrize("cluster", ["httproute/shop/checkout/rule/1", "httproute/shop/checkout2/rule/1-mirror-0"])
def test_what_is_no_copy_of_this_route_is_left_out(cluster: str) -> None:
    found = gateway_frame(row(REQUESTS, 5, envoy_cluster_name=cluster, envoy_response_code="200"))
    assert found.requests(NEW_CLUSTER) == {"p": Series(0, 0, {})}


def test_copies_have_times_of_answers_too() -> None:
    counts = {"0.5": 1, "300": 4, "+Inf": 6}
    rows = [row(SECONDS, count, **copied(1, le=le)) for le, count in counts.items()]
    slow = [one for one in gateway_frame(*rows).latency(NEW_CLUSTER, 0.3).values() if one.total]
    assert [(one.total, one.bad) for one in slow] == [(6, 2)]


def test_copies_are_asked_for_only_while_there_are_some() -> None:
    asking = lens("envoy-gateway")
    pattern = r"httproute/shop/checkout/rule/[0-9]+-mirror-[0-9]+"
    assert pattern in asking.selector([REQUESTS], [NEW, OLD], 5, copied=True)
    assert pattern not in asking.selector([REQUESTS], [NEW, OLD], 5)
    assert lens("contour").selector([REQUESTS], [NEW], 5, copied=True) == lens("contour").selector([REQUESTS], [NEW], 5)


LIVES = st.lists(st.tuples(st.integers(0, 4), st.lists(st.integers(0, 50), min_size=1, max_size=4)), max_size=4)


@given(LIVES)
def test_every_copy_counts_once_whichever_rules_come_and_go(lives: list[tuple[int, list[int]]]) -> None:
    """Of each rule, the look in which it is first seen, and how many copies it made before each."""
    known: Mapping[str, Series] = {}
    total, seen = 0, Emitters()
    for look in range(8):
        at = 100.0 + look
        rows = [row(ALIVE, 70 + look, at=at), row(MEMBERS, 3, at=at, **GATEWAY)]
        for rule, (first, made) in enumerate(lives):
            if 0 <= look - first < len(made):
                count = sum(made[: look - first + 1])
                rows.append(row(REQUESTS, count, at=at, **copied(rule, envoy_response_code="200")))
        found = Frame(samples(lens("envoy-gateway").read(rows, [NEW], NEW)), tells_age=True)
        events, known = counted(known, found.requests(NEW_CLUSTER), seen, found.known)
        total, seen = total + events, seen.joined(found.known)
    assert total == sum(sum(made) for _, made in lives)


CUSTOM = DataPlane(
    requests="hits_total",
    side={"to": "{service}"},
    status=("outcome",),
    bad="error|refused",
    alive=Alive(metric="edge_uptime", uptime=True),
)


def test_what_a_data_plane_says_nothing_of_is_not_in_the_state() -> None:
    written = CUSTOM.model_dump(mode="json", by_alias=True, exclude_none=True)
    more = {"mirror": "all", "dropsIdle": True, "backendFilters": False, "copies": {"to": "{route}-copies"}}
    assert more.keys().isdisjoint(written)
    said = DataPlane.model_validate({**written, **more})
    assert said.model_dump(mode="json", by_alias=True).items() >= more.items()


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        ({"copies": {"of": "x"}, "mirror": "all"}, "copies needs the labels of side: to"),
        ({"copies": {"to": "x"}}, "mirror has to be all or percent"),
        ({"side": {"to": "{host}"}}, "{host} is not known; there are {namespace}, {route}, {service} and {port}"),
    ],
)
def test_copies_that_could_not_be_found_are_refused(given_: dict[str, Any], message: str) -> None:
    written = CUSTOM.model_dump(mode="json", by_alias=True, exclude_none=True)
    with pytest.raises(ValidationError, match=re.escape(message)):
        DataPlane.model_validate({**written, **given_})


def asking(server: Server, profile: str | DataPlane) -> PrometheusSource:
    server.on("[300s]", result(row(data_plane_of(profile).alive.metric, 3)))
    api = Prometheus("http://prometheus.example", None, server.transport)
    return PrometheusSource(api, "shop", profile, route="checkout")


def test_prometheus_is_asked_for_the_copies_of_the_services_own_route() -> None:
    server = Server()
    source = asking(server, "envoy-gateway")
    service = [row(ALIVE, 9), row(MEMBERS, 3, **GATEWAY)]
    server.on(NEW.entry, result(*service))
    server.on(
        "httproute/shop/checkout/rule", result(*service, row(REQUESTS, 4, **copied(1, envoy_response_code="503")))
    )
    for given_, count in ((True, 4), (False, 0)):
        seen = source.snapshot([ERRORS], NEW, OLD, copied=given_)
        assert sum(one.bad for one in seen.readings["errors"].candidate.values()) == count
        assert sum(one.total for one in seen.traffic[NEW.revision].values()) == count


def test_a_data_plane_of_ones_own_is_read_through_the_source() -> None:
    server = Server()
    source = asking(server, CUSTOM)
    server.on('"edge_uptime', result(row("edge_uptime", 9), row("hits_total", 4, to=NEW.entry, outcome="refused")))
    seen = source.snapshot([ERRORS], NEW, OLD)
    assert seen.readings["errors"].candidate == {"p": Series(4, 4, {})}
    assert source.requests((NEW,)) == {NEW.revision: 4}
    assert source.in_flight(NEW) is None, "it has no gauge of requests under way"
    assert source.in_flight(NEW, 50.0) == 0, "but it was sampled later"


def test_times_of_answers_are_an_error_where_the_data_plane_has_none() -> None:
    server = Server()
    source = asking(server, "haproxy")
    server.on("responses_total", result(*PAGES["haproxy"]))
    slow = Latency.model_validate({"name": "slow", "kind": "latency", "threshold": "300ms"})
    seen = source.snapshot([ERRORS, slow], NEW, OLD)
    assert "has no histogram of answer times" in seen.errors["slow"]
    assert "errors" in seen.readings


def test_a_profile_that_finds_nothing_of_what_serves_shows_its_query() -> None:
    server = Server()
    source = asking(server, "traefik")
    server.on("requests_total", result(row("traefik_config_last_reload_success", 1)))
    said = source.unseen(OLD)
    assert said is not None
    assert f"finds no request of {OLD.entry}, which serves" in said
    assert 'traefik_service_requests_total",service=~"' in said
    server.on("requests_total", result(*PAGES["traefik"]))
    assert source.unseen(NEW) is None


def test_what_is_not_scraped_is_named_with_the_profile() -> None:
    server = Server()
    server.on("", httpx2.Response(200, json={"status": "success", "data": {"resultType": "matrix", "result": []}}))
    source = PrometheusSource(Prometheus("http://prometheus.example", None, server.transport), "shop", "traefik")
    with pytest.raises(ClusterError, match=r"check that it scrapes what metrics.profile \(traefik\) describes"):
        source.requests((NEW,))
