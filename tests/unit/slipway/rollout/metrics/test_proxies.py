from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import httpx2
import pytest

from slipway.release.data_planes import DATA_PLANES
from slipway.release.errors import ClusterError
from slipway.release.manifest.guardrails import AlertFiring, ErrorRatio
from slipway.release.rollout_inputs import MetricsSource
from slipway.release.target import KubernetesTarget as Target
from slipway.rollout.metrics import source_for
from slipway.rollout.metrics.base import Series
from slipway.rollout.metrics.counters import carry, deltas
from slipway.rollout.metrics.profiles import Lens
from slipway.rollout.metrics.prometheus import PrometheusSource
from slipway.rollout.metrics.prometheus_api import Prometheus
from slipway.rollout.metrics.proxies import PROXIES_MOST, AddressedProxies, Page, ProxiesSource, read_pages
from tests.unit.slipway.rollout.examples import backend
from tests.unit.slipway.rollout.metrics.server import Server, result

NEW, OLD = backend("bbbbbbbb"), backend("aaaaaaaa")
SHOP = Target(namespace="shop")
ERRORS = ErrorRatio(name="errors", kind="error-ratio")
ALERT = AlertFiring(name="alert", kind="alert", alert="Burning")


def page(uptime: int = 100, **counts: tuple[int, int]) -> str:
    """Of an Envoy that has endpoints of these revisions; (good, bad) requests of each. What is zero is left out."""
    lines = [f"envoy_server_uptime{{}} {uptime}"]
    for revision, (good, bad) in counts.items():
        cluster = f'envoy_cluster_name="shop_{backend(revision).entry}_8080"'
        lines.append(f"envoy_cluster_membership_total{{{cluster}}} 3")
        for code, count in (("200", good), ("503", bad)):
            if count:
                lines.append(f'envoy_cluster_upstream_rq{{{cluster},envoy_response_code="{code}"}} {count}')
    return "\n".join(lines)


class Fleet:
    """Proxies by name; None does not answer. `absent_at`: when they were known not to be there."""

    def __init__(self, **pages: str | None) -> None:
        self.pages: dict[str, str | None] = dict(pages)
        self.asked: list[str] = []
        self.absent_at: dict[str, float] = {}

    def read(self, query: str) -> Sequence[Page]:
        self.asked.append(query)
        pages = read_pages({name: name for name in self.pages}, "", self._get)
        return [Page(one.proxy, one.text, self.absent_at.get(one.proxy, 0.0)) for one in pages]

    def cost(self, tick: float) -> str:
        return f"{len(self.pages)} of them, each once in {tick:g}s"

    def _get(self, name: str) -> str:
        text = self.pages[name]
        if text is None:
            raise httpx2.ConnectError("refused")
        return text


class Ticking:
    def __init__(self) -> None:
        self.at = 1000.0

    def __call__(self) -> float:
        self.at += 1.0
        return self.at


def source(fleet: Fleet, prometheus: PrometheusSource | None = None, profile: str = "contour") -> ProxiesSource:
    lens = Lens(profile, DATA_PLANES[profile], "shop", "checkout")
    return ProxiesSource(fleet, lens, prometheus, filtered=profile == "contour", now=Ticking())


def test_each_look_asks_every_proxy_and_counts_what_they_show() -> None:
    fleet = Fleet(a=page(bbbbbbbb=(5, 3), aaaaaaaa=(50, 0)), b=page(bbbbbbbb=(2, 0), aaaaaaaa=(7, 1)))
    asking = source(fleet)
    seen = asking.snapshot([ERRORS], NEW, OLD)
    assert seen.readings["errors"].candidate == {"a": Series(8, 3, {}), "b": Series(2, 0, {})}
    assert seen.readings["errors"].baseline == {"a": Series(50, 0, {}), "b": Series(8, 1, {})}
    assert asking.requests([NEW, OLD]) == {"bbbbbbbb": 10, "aaaaaaaa": 58}
    assert asking.snapshot([ERRORS], NEW, OLD).at > seen.at
    assert asking.spacing() is None


def test_a_proxy_that_restarts_comes_or_goes_loses_and_invents_nothing() -> None:
    fleet = Fleet(a=page(bbbbbbbb=(100, 10)), b=page(bbbbbbbb=(50, 5)))
    asking = source(fleet)
    before = asking.snapshot([ERRORS], NEW, OLD)
    fleet.pages = {"a": page(1, bbbbbbbb=(4, 2)), "c": page(0, bbbbbbbb=(3, 0))}
    fleet.absent_at["c"] = before.at
    after = asking.snapshot([ERRORS], NEW, OLD)
    counted = deltas(before, after)["errors"].candidate
    assert (counted.total, counted.bad) == (4 + 2 + 3, 2)
    fleet.pages["b"] = page(200, bbbbbbbb=(60, 5))
    counted = deltas(carry(before, after), asking.snapshot([ERRORS], NEW, OLD))["errors"].candidate
    assert (counted.total, counted.bad) == (10, 0), "what it counted before it was away is not counted again"


@pytest.mark.parametrize("old", ["listed", "older than the lists tell"])
def test_of_a_proxy_that_was_there_and_is_seen_late_the_past_is_not_counted(old: str) -> None:
    fleet = Fleet(a=page(bbbbbbbb=(100, 10)))
    asking = source(fleet)
    before = asking.snapshot([ERRORS], NEW, OLD)
    if old != "listed":
        fleet.absent_at["late"] = before.at
    fleet.pages["late"] = page(9000, bbbbbbbb=(5000, 400), aaaaaaaa=(70_000, 300))
    seen = asking.snapshot([ERRORS], NEW, OLD)
    counted = deltas(before, seen)["errors"]
    assert (counted.candidate.total, counted.candidate.bad, counted.baseline.total) == (0, 0, 0)
    fleet.pages["late"] = page(9001, bbbbbbbb=(5004, 402), aaaaaaaa=(70_050, 301))
    counted = deltas(carry(before, seen), asking.snapshot([ERRORS], NEW, OLD))["errors"]
    assert (counted.candidate.total, counted.candidate.bad) == (6, 2)
    assert (counted.baseline.total, counted.baseline.bad) == (51, 1)


def test_a_proxy_in_sight_counts_a_version_that_it_is_told_of_from_zero() -> None:
    fleet = Fleet(a=page(9000, aaaaaaaa=(70_000, 0)))
    asking = source(fleet)
    before = asking.snapshot([ERRORS], NEW, OLD)
    fleet.pages["a"] = page(9001, aaaaaaaa=(70_000, 0), bbbbbbbb=(3, 2))
    counted = deltas(before, asking.snapshot([ERRORS], NEW, OLD))["errors"].candidate
    assert (counted.total, counted.bad) == (5, 2)


def test_a_proxy_that_does_not_answer_is_an_error_and_no_pass() -> None:
    asking = source(Fleet(a=page(bbbbbbbb=(5, 0)), b=None))
    seen = asking.snapshot([ERRORS], NEW, OLD)
    assert seen.readings == {}
    assert "the proxy b did not show its statistics (refused)" in seen.errors["errors"]
    assert seen.traffic_error == seen.errors["errors"]


def test_what_has_endpoints_but_no_request_is_known_and_counts_zero() -> None:
    asking = source(Fleet(a=page(aaaaaaaa=(5, 0), bbbbbbbb=(0, 0)), b=page(aaaaaaaa=(5, 0))))
    assert asking.traffic([NEW])["bbbbbbbb"] == {"a": Series(0, 0, {})}
    assert asking.knows(NEW, OLD, 0.0) is False
    assert asking.unseen(NEW) is None
    assert "the proxies do not show" in (source(Fleet(a=page())).unseen(OLD) or "")


def test_envoy_is_asked_for_these_counters_alone() -> None:
    fleet = Fleet(a=page(bbbbbbbb=(5, 0)))
    source(fleet).snapshot([ERRORS], NEW, OLD)
    query = httpx2.QueryParams(fleet.asked[-1])
    assert "usedonly" in query
    for name, wanted in (
        ("server.uptime", True),
        (f"cluster.shop_{NEW.entry}_8080.upstream_rq_503", True),
        (f"cluster.shop_{OLD.entry}_8080.upstream_rq_time", True),
        (f"cluster.shop_{OLD.entry}_8080.membership_total", True),
        (f"cluster.shop_{OLD.entry}_8080.upstream_cx_total", False),
        (f"cluster.shop_{OLD.entry}x_8080.upstream_rq_503", False),
    ):
        assert (re.search(query["filter"], name) is not None) == wanted, name


def test_envoy_is_asked_for_copies_only_while_there_are_some() -> None:
    cluster = "httproute/shop/checkout/rule/1-mirror-0"
    counts = [
        f'envoy_cluster_membership_total{{envoy_cluster_name="service/shop/{NEW.entry}/8080/http"}} 3',
        f'envoy_cluster_upstream_rq{{envoy_cluster_name="{cluster}",envoy_response_code="503"}} 4',
    ]
    fleet = Fleet(a="\n".join((page(), *counts)))
    lens = Lens("envoy-gateway", DATA_PLANES["envoy-gateway"], "shop", "checkout")
    asking = ProxiesSource(fleet, lens, None, filtered=True)
    for copied in (True, False):
        seen = asking.snapshot([ERRORS], NEW, None, copied=copied).readings["errors"].candidate.values()
        assert sum(one.bad for one in seen) == (4 if copied else 0)
        wanted = httpx2.QueryParams(fleet.asked[-1])["filter"]
        assert (re.search(wanted, f"cluster.{cluster}.upstream_rq_503") is not None) == copied
        assert re.search(wanted, "cluster.httproute/shop/checkout/rule/1.upstream_rq_503") is None


def test_a_proxy_that_is_no_envoy_shows_its_whole_page() -> None:
    text = (
        "haproxy_process_uptime_seconds 70\n"
        f'haproxy_server_current_sessions{{proxy="shop_checkout",server="{NEW.entry}-a"}} 2\n'
        f'haproxy_server_http_responses_total{{proxy="shop_checkout",server="{NEW.entry}-a",code="2xx"}} 9\n'
        f'haproxy_server_http_responses_total{{proxy="shop_checkout",server="{NEW.entry}-a",code="5xx"}} 1\n'
    )
    fleet = Fleet(a=text)
    asking = source(fleet, profile="haproxy")
    assert asking.snapshot([ERRORS], NEW, OLD).readings["errors"].candidate == {"a": Series(10, 1, {})}
    assert fleet.asked[-1] == ""
    assert asking.in_flight(NEW) == 2


def test_all_else_comes_from_prometheus_where_there_is_one() -> None:
    server = Server()
    server.on("ALERTS", result({"metric": {"alertname": "Burning", "alertstate": "firing"}, "value": [5, "1"]}))
    prometheus = PrometheusSource(Prometheus("http://prometheus.example", None, server.transport), "shop")
    fleet = Fleet(a=page(bbbbbbbb=(5, 0)))
    seen = source(fleet, prometheus).snapshot([ERRORS, ALERT], NEW, OLD)
    assert seen.readings["alert"].firing is True
    assert seen.readings["errors"].candidate == {"a": Series(5, 0, {})}
    assert all("ALERTS" in request.url.params["query"] for request in server.asked), "of counts it is not asked"
    alone = source(fleet).snapshot([ERRORS, ALERT], NEW, OLD)
    assert "write metrics.url" in alone.errors["alert"]


def test_more_proxies_than_may_be_asked_are_refused_and_prometheus_is_named() -> None:
    fleet = Fleet(**{f"p{number}": page() for number in range(PROXIES_MOST + 1)})
    with pytest.raises(ClusterError, match="write kind: prometheus"):
        source(fleet).requests([NEW])
    assert fleet.asked


def test_a_plan_says_what_the_looks_cost() -> None:
    assert source(Fleet(a=page())).notes(2.0) == (
        "errors and latency are read from the proxies themselves: 1 of them, each once in 2s",
    )


def test_fixed_addresses_are_asked_below_their_path() -> None:
    asked: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(str(request.url))
        return httpx2.Response(200 if "a.example" in str(request.url) else 500, text=page())

    proxies = AddressedProxies(["http://a.example:8002/"], "/stats/prometheus", httpx2.MockTransport(answer))
    assert [one.proxy for one in proxies.read("usedonly")] == ["http://a.example:8002/"]
    assert asked == ["http://a.example:8002/stats/prometheus?usedonly"]
    broken = AddressedProxies(["http://b.example:8002"], "/stats", httpx2.MockTransport(answer))
    with pytest.raises(ClusterError, match=r"http://b.example:8002 did not show its statistics \(HTTP 500\)"):
        broken.read("")


def test_the_setting_makes_the_source() -> None:
    def made(**proxies: object) -> MetricsSource:
        return MetricsSource.model_validate({"kind": "proxies", "proxies": proxies})

    assert isinstance(source_for(made(addresses=["http://10.0.0.7:8002"]), SHOP), ProxiesSource)
    pods: Mapping[str, object] = {"namespace": "projectcontour"}
    assert isinstance(source_for(made(**pods), SHOP, Fleet()), ProxiesSource)
    with pytest.raises(ClusterError, match="this target is none"):
        source_for(made(**pods), SHOP)


def test_a_gateway_that_is_made_to_hold_a_backend_without_weight_is_seen_to_know_it() -> None:
    def shown(*revisions: str) -> str:
        clusters = [f'envoy_cluster_name="service/shop/{backend(one).entry}/8080/http"' for one in revisions]
        rows = [f"envoy_cluster_membership_total{{{one}}} 3" for one in clusters]
        return "\n".join(["envoy_server_uptime{} 100", *rows])

    asking = source(Fleet(a=shown("aaaaaaaa")), profile="envoy-gateway")
    assert asking.knows(NEW, OLD, 0.0) is False
    assert source(Fleet(a=shown("aaaaaaaa", "bbbbbbbb")), profile="envoy-gateway").knows(NEW, OLD, 0.0) is True
