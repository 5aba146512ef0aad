"""Several rollouts that one Prometheus judges."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from slipway.release.errors import ClusterError
from slipway.release.manifest.guardrails import ErrorRatio
from slipway.rollout.metrics.envoy import ACTIVE, ALIVE, REQUESTS, selector
from slipway.rollout.metrics.hub import AT_ONCE, Asked, Hub, hub_of
from slipway.rollout.metrics.prometheus import PrometheusSource
from slipway.rollout.metrics.prometheus_api import Prometheus
from slipway.rollout.process import sharing
from tests.unit.slipway.rollout.examples import backend
from tests.unit.slipway.rollout.metrics.server import Server, result
from tests.unit.slipway.rollout.metrics.test_prometheus import row

ERRORS = ErrorRatio(name="errors", kind="error-ratio")
NAMES = (REQUESTS, ACTIVE)


def of(cluster: str, value: float) -> dict[str, Any]:
    return row(REQUESTS, value, envoy_cluster_name=cluster, envoy_response_code="200")


@pytest.fixture(autouse=True)
def at_any_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "PAUSE", 0.0)


@pytest.fixture
def server() -> Server:
    made = Server()
    made.on("__name__", result(row(ALIVE, 7), *(of(f"shop_c{number}_8080", 10.0 * number) for number in range(100))))
    made.on(f"{ALIVE}[300s]", result(row(ALIVE, 5, 6, 7)))
    return made


def queries(server: Server) -> list[str]:
    return [request.url.params["query"] for request in server.asked]


def clusters(rows: list[Any]) -> list[str]:
    return [str(one["metric"].get("envoy_cluster_name", "")) for one in rows]


def test_each_gets_its_own_clusters_and_every_envoy(server: Server) -> None:
    hub = Hub(Prometheus("http://p.example", transport=server.transport))
    one, other = (Asked(NAMES, (f"shop_c{number}_8080", f"shop_c{number + 1}_8080"), 5.0) for number in (1, 5))
    hub.ranges(one, 60.0)
    hub.ranges(other, 60.0)
    server.asked.clear()
    assert clusters(hub.ranges(other, 60.0)) == ["", "shop_c5_8080", "shop_c6_8080"]
    assert clusters(hub.ranges(one, 60.0)) == ["", "shop_c1_8080", "shop_c2_8080"]
    assert len(server.asked) == 1


def test_a_query_names_no_more_clusters_than_fit_into_a_url(server: Server) -> None:
    hub = Hub(Prometheus("http://p.example", transport=server.transport))
    wanted = [Asked(NAMES, (f"shop_c{number}_8080", f"shop_c{number + 1}_8080"), 5.0) for number in range(0, 50, 2)]
    for one in wanted[:-1]:
        hub._shared._asked[one] = hub._shared._clock()
    hub.ranges(wanted[-1], 60.0)
    assert sorted(query.count("shop_") for query in queries(server)) == [50 - AT_ONCE, AT_ONCE]


def test_those_that_ask_for_other_names_or_windows_do_not_change_the_query_of_the_others(server: Server) -> None:
    hub = Hub(Prometheus("http://p.example", transport=server.transport))
    one, other = Asked(NAMES, ("shop_c1_8080",), 5.0), Asked((*NAMES, "more"), ("shop_c2_8080",), 47.0)
    hub.ranges(one, 60.0)
    hub.ranges(other, 60.0)
    assert sorted(queries(server)[-2:]) == sorted(selector(a.names, a.clusters, a.window) for a in (one, other))


def test_a_look_of_two_rollouts_is_one_query_and_says_what_each_would_read_alone(server: Server) -> None:
    sources = [PrometheusSource(Prometheus("http://p.example", None, server.transport), "shop") for _ in range(2)]
    hub = Hub(sources[0]._api)
    for source in sources:
        source._hub = hub
    sides = [(backend(f"{number}"), backend(f"{number + 1}")) for number in (1, 5)]
    names = [f"shop_{one.entry}_8080" for pair in sides for one in pair]
    rows = [one for name in names for one in (of(name, 10.0), row(ACTIVE, 1.0, envoy_cluster_name=name))]
    server.on("__name__", result(row(ALIVE, 7), *rows))
    for source, (new, old) in zip(sources, sides, strict=True):
        source.snapshot([ERRORS], new, old, 60.0)
    server.asked.clear()
    shared = [sources[n].snapshot([ERRORS], *sides[n], 60.0) for n in (1, 0)][::-1]
    assert len(server.asked) == 1
    assert shared == [source.snapshot([ERRORS], new, old) for source, (new, old) in zip(sources, sides, strict=True)]
    assert [list(found.traffic) for found in shared] == [[new.revision, old.revision] for new, old in sides]


def test_a_failure_is_that_of_every_look(server: Server) -> None:
    hub = Hub(Prometheus("http://p.example", transport=server.transport))
    one, other = (Asked(NAMES, (f"shop_c{number}_8080",), 5.0) for number in (1, 2))
    hub.ranges(one, 60.0)
    hub.ranges(other, 60.0)
    server.on("__name__", httpx2.ReadError("reset"))
    for asked in (other, one):
        with pytest.raises(ClusterError, match="cannot be reached"):
            hub.ranges(asked, 60.0)
    assert len(server.asked) == 3


def test_there_is_one_hub_for_those_that_ask_one_server_with_the_same_credentials() -> None:
    one, same = Prometheus("http://p.example", "/token"), Prometheus("http://p.example", "/token")
    assert hub_of(one) is hub_of(same)
    assert hub_of(one) is not hub_of(Prometheus("http://p.example"))
    assert hub_of(one) is not hub_of(Prometheus("http://q.example", "/token"))
