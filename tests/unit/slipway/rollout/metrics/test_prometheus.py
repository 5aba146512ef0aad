"""The source as a whole; what each counter means is in test_envoy, real servers are in the integration tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx2
import pytest

from slipway.release.errors import ClusterError
from slipway.release.manifest.guardrails import (
    AlertFiring,
    ClientFailures,
    ClientKey,
    Custom,
    ErrorRatio,
    Guardrail,
    Latency,
    Slo,
)
from slipway.release.rollout_inputs import AccessLog
from slipway.rollout.analysis.dispersion import estimate
from slipway.rollout.metrics.base import Reading, Series
from slipway.rollout.metrics.counters import deltas
from slipway.rollout.metrics.envoy import ACTIVE, ALIVE, MEMBERS, REQUESTS, SECONDS
from slipway.rollout.metrics.prometheus import PrometheusSource
from slipway.rollout.metrics.prometheus_api import Prometheus
from tests.unit.slipway.rollout.examples import backend
from tests.unit.slipway.rollout.metrics.server import Server, result

NEW, OLD = backend("new"), backend("old")
ERRORS = ErrorRatio(name="errors", kind="error-ratio")
LATENCY = Latency(name="latency", kind="latency", threshold=0.25)


def row(name: str, value: float, *more: float, at: float = 100.0, **labels: Any) -> dict[str, Any]:
    metric = {"__name__": name, "pod": "p", **labels}
    values = [value, *more]
    return {"metric": metric, "values": [[at - len(values) + 1 + n, str(each)] for n, each in enumerate(values)]}


def of(revision: str, name: str, value: float, **labels: Any) -> dict[str, Any]:
    return row(name, value, envoy_cluster_name=f"shop_checkout-{revision}_8080", **labels)


FRAME = result(
    row(ALIVE, 7),
    of("new", REQUESTS, 90, envoy_response_code="200"),
    of("new", REQUESTS, 10, envoy_response_code="503"),
    of("old", REQUESTS, 500, envoy_response_code="200"),
    of("new", SECONDS, 80, le="250"),
    of("new", SECONDS, 100, le="+Inf"),
    of("new", ACTIVE, 3),
)


@pytest.fixture
def server() -> Server:
    made = Server()
    made.on("__name__", FRAME)
    made.on(f"{ALIVE}[300s]", result(row(ALIVE, 5, 6, 7)))
    return made


@pytest.fixture
def source(server: Server) -> PrometheusSource:
    return PrometheusSource(Prometheus("http://prometheus.example:9090", None, server.transport), "shop")


def queries(server: Server) -> list[str]:
    return [request.url.params.get("query", request.url.path) for request in server.asked]


def test_all_counters_of_both_sides_come_in_one_query_a_tick(server: Server, source: PrometheusSource) -> None:
    slo = Slo(name="slo", kind="slo", of="latency", threshold=0.25, objective=0.01)
    guardrails: list[Guardrail] = [ERRORS, LATENCY, slo, Slo(name="plain", kind="slo", objective=0.01)]
    source.snapshot(guardrails, NEW, OLD)
    server.asked.clear()
    found = source.snapshot(guardrails, NEW, OLD)
    assert len(server.asked) == 1
    assert queries(server)[0].endswith("[5s]")
    assert (found.at, found.errors) == (100.0, {})
    assert found.readings["errors"].candidate == {"p": Series(100, 10, {})}
    assert found.readings["errors"].baseline == {"p": Series(500, 0, {})}
    assert found.readings["plain"] == found.readings["errors"]
    assert found.readings["latency"].candidate["p"].bad == 20
    assert found.readings["slo"] == found.readings["latency"]


def test_the_share_is_measured_on_the_samples_that_are_judged(server: Server, source: PrometheusSource) -> None:
    source.requests((NEW,))
    server.asked.clear()
    found = source.snapshot([ERRORS], NEW, OLD)
    assert len(server.asked) == 1
    assert found.traffic == {"new": found.readings["errors"].candidate, "old": found.readings["errors"].baseline}
    assert (found.traffic, found.traffic_error) == (source.traffic((NEW, OLD)), None)


def test_without_a_latency_no_histogram_is_asked_for(server: Server, source: PrometheusSource) -> None:
    source.snapshot([ERRORS], NEW, OLD)
    assert not any(SECONDS in query for query in queries(server))
    source.snapshot([ERRORS, LATENCY], NEW, OLD)
    assert SECONDS in queries(server)[-1]


def test_a_share_that_cannot_be_read_is_said_whatever_the_guardrails_count(
    server: Server, source: PrometheusSource
) -> None:
    source.requests((NEW,))
    server.on("__name__", result())
    firing = {"metric": {"__name__": "ALERTS", "alertname": "A"}, "value": [321.0, "1"]}
    server.on("ALERTS", result(firing))
    found = source.snapshot([AlertFiring(name="a", kind="alert", alert="A")], NEW, OLD)
    assert (found.errors, found.traffic) == ({}, {})
    assert "stale data" in (found.traffic_error or "")


def test_a_first_release_has_no_baseline(source: PrometheusSource) -> None:
    assert source.snapshot([ERRORS], NEW, None).readings["errors"].baseline == {}


def test_the_window_follows_the_scrape_interval(server: Server, source: PrometheusSource) -> None:
    intervals = {"metric": {"__name__": ALIVE}, "values": [[0, "1"], [15, "2"], [30, "3"]]}
    server.on(f"{ALIVE}[300s]", result(intervals))
    source.requests((NEW,))
    assert queries(server)[-1].endswith("[47s]")


def test_stale_data_is_an_error_of_every_counter_and_the_interval_is_learned_anew(
    server: Server, source: PrometheusSource
) -> None:
    source.requests((NEW,))
    server.on("__name__", result())
    found = source.snapshot([ERRORS, LATENCY], NEW, OLD)
    assert set(found.errors) == {"errors", "latency"}
    assert "stale data: no Envoy was scraped within 5s, the scrape interval being 1s" in found.errors["errors"]
    assert (found.at, found.readings) == (0.0, {})
    with pytest.raises(ClusterError, match="stale"):
        source.requests((NEW,))
    assert sum(query == f"{ALIVE}[300s]" for query in queries(server)) == 2
    server.on("__name__", FRAME)
    assert source.snapshot([ERRORS], NEW, OLD).errors == {}


def test_a_prometheus_that_scrapes_no_envoy_is_told(server: Server, source: PrometheusSource) -> None:
    server.on(f"{ALIVE}[300s]", result())
    found = source.snapshot([ERRORS], NEW, OLD)
    assert "has no two samples of envoy_server_uptime within 5m" in found.errors["errors"]
    assert "check that it scrapes the gateway's Envoy" in found.errors["errors"]


def test_a_failing_guardrail_leaves_the_others_alone(source: PrometheusSource) -> None:
    low = Latency(name="low", kind="latency", threshold=0.01)
    clients = ClientFailures(name="clients", kind="client-failures")
    found = source.snapshot([ERRORS, low, clients], NEW, OLD)
    assert set(found.readings) == {"errors"}
    assert "cannot be read from the data plane's histogram" in found.errors["low"]
    assert "does not say where single clients' outcomes are read" in found.errors["clients"]


def test_an_access_log_that_the_stack_does_not_name_is_an_error_with_its_remedy(source: PrometheusSource) -> None:
    clients = ClientFailures(name="clients", kind="client-failures", source="access-log", key=ClientKey(field="client"))
    found = source.snapshot([ERRORS, clients], NEW, OLD)
    assert "write releases:metrics accessLog.path" in found.errors["clients"]


def test_clients_come_from_the_access_log_and_the_time_from_the_counters(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "access.jsonl"
    path.write_text("")
    log = AccessLog(path=str(path))
    source = PrometheusSource(Prometheus("http://p.example", None, server.transport), "shop", access_log=log)
    clients = ClientFailures(name="clients", kind="client-failures", source="access-log", key=ClientKey(field="client"))
    source.snapshot([ERRORS, clients], NEW, OLD)
    path.write_text('{"upstream_cluster":"shop_checkout-new_8080","response_code":500,"client":"ann"}\n')
    found = source.snapshot([clients, ERRORS], NEW, OLD)
    events = found.readings["clients"].clients
    assert events is not None
    assert [on_candidate for _, on_candidate in events.failures] == [True]
    assert found.at == 100.0


def test_a_server_that_is_away_is_an_error_of_every_guardrail_and_never_an_exception(
    server: Server, source: PrometheusSource
) -> None:
    server.on("", httpx2.ConnectError("refused"))
    custom = Custom(name="custom", kind="custom", good="g", total="t")
    alert = AlertFiring(name="alert", kind="alert", alert="A")
    found = source.snapshot([ERRORS, custom, alert], NEW, OLD)
    assert set(found.errors) == {"errors", "custom", "alert"}
    assert all("cannot be reached" in error for error in found.errors.values())
    assert found.readings == {}


def test_requests_are_summed_over_the_proxies_and_zero_for_what_was_never_seen(source: PrometheusSource) -> None:
    found = source.requests((NEW, OLD, backend("none")))
    assert found == {"new": 100.0, "old": 500.0, "none": 0.0}


def test_in_flight_after_an_instant_waits_for_a_scrape_of_every_proxy(server: Server, source: PrometheusSource) -> None:
    server.on("__name__", result(row(ALIVE, 7), of("new", ACTIVE, 3), row(ALIVE, 7, at=98.0, pod="q")))
    assert source.in_flight(NEW) == 3
    assert source.in_flight(NEW, after=97.0) == 3
    assert source.in_flight(NEW, after=98.0) is None
    assert source.in_flight(backend("none"), after=97.0) == 0


def test_a_backend_is_known_when_every_proxy_that_serves_the_other_has_endpoints_of_it(
    server: Server, source: PrometheusSource
) -> None:
    def seen(*rows: dict[str, Any]) -> bool | None:
        server.on("__name__", result(row(ALIVE, 7), row(ALIVE, 7, pod="q"), of("old", ACTIVE, 0), *rows))
        return source.knows(NEW, OLD, after=90.0)

    assert seen() is False
    assert seen(of("new", ACTIVE, 0)) is True  # the other proxy serves neither
    assert seen(of("new", ACTIVE, 0), of("old", ACTIVE, 0, pod="q")) is False
    assert seen(of("new", ACTIVE, 0), of("new", MEMBERS, 0)) is False
    assert seen(of("new", ACTIVE, 0), of("new", MEMBERS, 2)) is True


def test_a_proxy_that_was_not_scraped_since_cannot_tell_what_it_knows(server: Server, source: PrometheusSource) -> None:
    server.on("__name__", result(row(ALIVE, 7), row(ALIVE, 7, at=98.0, pod="q"), of("new", ACTIVE, 0)))
    assert source.knows(NEW, OLD, after=97.0) is True
    assert source.knows(NEW, OLD, after=98.0) is None


def test_custom_guardrails_ask_once_each_for_all_parts_at_one_instant(server: Server, source: PrometheusSource) -> None:
    def part(name: str, value: str, **labels: str) -> dict[str, Any]:
        return {"metric": {"slipway_part": name, **labels}, "value": [123.5, value]}

    server.on(
        "label_replace",
        result(
            part("candidate_total", "100", pod="a"),
            part("candidate_good", "90", pod="a"),
            part("candidate_total", "7", pod="b"),
            part("baseline_total", "50", pod="c"),
            part("baseline_good", "50", pod="c"),
        ),
    )
    custom = Custom(name="custom", kind="custom", good='g{r="{revision}"}', total='t{s="{service}"}')
    found = source.snapshot([custom], NEW, OLD)
    assert (found.at, found.errors) == (123.5, {})
    assert found.readings["custom"] == Reading(
        {'{"pod": "a"}': Series(100, 10, {}, 90), '{"pod": "b"}': Series(7, 7, {}, 0)},
        {'{"pod": "c"}': Series(50, 0, {}, 50)},
    )
    assert [query for query in queries(server) if "envoy" not in query] == [
        'label_replace(t{s="checkout-new"},"slipway_part","candidate_total","","") or '
        'label_replace(g{r="new"},"slipway_part","candidate_good","","") or '
        'label_replace(t{s="checkout-old"},"slipway_part","baseline_total","","") or '
        'label_replace(g{r="old"},"slipway_part","baseline_good","","")'
    ]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([], "gave no series for either side"),
        ([{"metric": {"slipway_part": "candidate_total"}, "value": [1, "NaN"]}], "gave nan, which is no count"),
        ([{"metric": {"slipway_part": "candidate_total"}, "value": [1, "-4"]}], "gave -4.0, which is no count"),
        ([{"metric": {"slipway_part": "candidate_good"}, "value": [1, "4"]}], "give different labels"),
    ],
)
def test_custom_queries_that_count_nothing_sensible_are_errors(
    server: Server, source: PrometheusSource, rows: list[dict[str, Any]], words: str
) -> None:
    server.on("label_replace", result(*rows))
    found = source.snapshot([Custom(name="custom", kind="custom", good="g", total="t")], NEW, OLD)
    assert words in found.errors["custom"]
    assert found.readings == {}


def test_a_baseline_that_counts_nothing_is_an_error_unless_an_objective_judges(
    server: Server, source: PrometheusSource
) -> None:
    server.on("label_replace", result({"metric": {"slipway_part": "candidate_total"}, "value": [1, "4"]}))
    alone = Custom(name="custom", kind="custom", good="g", total="t")
    judged = alone.model_copy(update={"objective": 0.02})
    assert "no series of the baseline" in source.snapshot([alone], NEW, OLD).errors["custom"]
    assert source.snapshot([alone], NEW, None).errors == {}
    assert source.snapshot([judged], NEW, OLD).errors == {}


CLOCK = {"metric": {}, "value": [321.0, "321"]}


def rules(*found: dict[str, Any]) -> httpx2.Response:
    return httpx2.Response(200, json={"status": "success", "data": {"groups": [{"rules": list(found)}]}})


def test_alerts_fire_by_name_and_labels_and_must_be_evaluated_when_they_do_not(
    server: Server, source: PrometheusSource
) -> None:
    firing = {"metric": {"__name__": "ALERTS", "alertname": "A", "team": 'o"ps'}, "value": [321.0, "1"]}
    server.on("ALERTS", result(firing, CLOCK))
    server.on("/rules", rules({"name": "A", "health": "ok"}, {"name": "B", "health": "err", "lastError": "no b"}))
    wanted = [
        AlertFiring(name="mine", kind="alert", alert="A", labels={"team": 'o"ps'}),
        AlertFiring(name="other", kind="alert", alert="A", labels={"team": "else"}),
        AlertFiring(name="sick", kind="alert", alert="B"),
        AlertFiring(name="absent", kind="alert", alert="C"),
    ]
    found = source.snapshot(wanted, NEW, OLD)
    assert found.at == 321.0
    assert {name: reading.firing for name, reading in found.readings.items()} == {"mine": True, "other": False}
    assert found.errors["sick"].endswith("the alerting rule B is not evaluated: no b")
    assert found.errors["absent"].endswith("there is no alerting rule C; check the name in the guardrail")
    assert 'ALERTS{alertname="A",alertstate="firing",team="o\\"ps"}' in queries(server)[2]


def test_an_alert_of_another_objective_says_nothing_of_this_one(server: Server, source: PrometheusSource) -> None:
    server.on("ALERTS", result(CLOCK))
    mine = {"name": "SloBurnRatePage", "health": "ok", "labels": {"slo": "mine"}}
    broken = {"name": "SloBurnRatePage", "health": "err", "lastError": "no b", "labels": {"slo": "broken"}}
    server.on("/rules", rules(broken, mine))
    wanted = [
        AlertFiring(name=slo, kind="alert", alert="SloBurnRatePage", labels={"slo": slo})
        for slo in ("mine", "broken", "absent")
    ]
    found = source.snapshot(wanted, NEW, OLD)
    assert {name: reading.firing for name, reading in found.readings.items()} == {"mine": False}
    assert found.errors["broken"].endswith("is not evaluated: no b")
    assert "no alerting rule SloBurnRatePage has the labels of the guardrail" in found.errors["absent"]


def test_when_every_alert_fires_nobody_is_asked_for_rules(server: Server, source: PrometheusSource) -> None:
    server.on("ALERTS", result({"metric": {"alertname": "A"}, "value": [321.0, "1"]}, CLOCK))
    found = source.snapshot([AlertFiring(name="a", kind="alert", alert="A")], NEW, OLD)
    assert found.readings["a"].firing is True
    assert not any("rules" in query for query in queries(server))


def test_the_past_of_what_serves_is_one_query_of_raw_counters(server: Server, source: PrometheusSource) -> None:
    rows = [of("old", REQUESTS, 10, envoy_response_code="200"), of("old", REQUESTS, 1, envoy_response_code="503")]
    for one, later in zip(rows, (30, 4), strict=True):
        one["values"].append([101.0, str(later)])
    slow = [of("old", SECONDS, 5, le="250"), of("old", SECONDS, 9, le="+Inf")]
    for one, later in zip(slow, (20, 30), strict=True):
        one["values"].append([101.0, str(later)])
    server.on("[3600s]", result(*rows, *slow))
    past = source.history([ERRORS, LATENCY], OLD, 3600.0, 2.0)
    assert past == {"errors": [[(23, 3)]], "latency": [[(21, 6)]]}
    assert len(queries(server)) == 1
    assert "rate" not in queries(server)[0]


def test_the_past_of_errors_alone_asks_for_no_histogram(server: Server, source: PrometheusSource) -> None:
    server.on("[3600s]", result())
    assert source.history([ERRORS], OLD, 3600.0, 2.0) == {"errors": []}
    assert SECONDS not in queries(server)[0]


def counter(what: str, *values: tuple[float, float], pod: str = "a") -> dict[str, Any]:
    metric = {"slipway_part": f"candidate_{what}", "pod": pod}
    return {"metric": metric, "values": [[at, str(value)] for at, value in values]}


def test_the_past_of_a_custom_guardrail_is_that_of_its_own_queries(server: Server, source: PrometheusSource) -> None:
    checkouts = Custom(name="checkouts", kind="custom", good='g{r="{revision}"}', total="t")
    server.on(
        "[3600s:5000ms]",
        result(
            counter("total", (100, 50), (105, 60), (110, 4), (115, 9)),
            counter("good", (100, 45), (105, 52), (110, 3), (115, 8)),
            counter("total", (110, 1000), (115, 1007), pod="late"),
            counter("good", (110, 990), (115, 997), pod="late"),
        ),
    )
    past = source.history([checkouts], OLD, 3600.0, 2.0)
    assert past == {"checkouts": [[(0, 0), (10, 3), (4, 1), (5, 0)], [(0, 0), (0, 0), (0, 0), (7, 0)]]}
    assert queries(server) == [
        '(label_replace(t,"slipway_part","candidate_total","","") or '
        'label_replace(g{r="old"},"slipway_part","candidate_good","",""))[3600s:5000ms]'
    ]
    estimate(past["checkouts"])


def test_a_past_that_cannot_be_asked_for_leaves_the_others(server: Server, source: PrometheusSource) -> None:
    server.on("[3600s]", result())
    server.on("[3600s:", httpx2.Response(422, json={"status": "error", "error": "too many samples"}))
    checkouts = Custom(name="checkouts", kind="custom", good="g", total="t")
    assert source.history([ERRORS, checkouts], OLD, 3600.0, 2.0) == {"errors": []}


def test_guardrails_that_the_gateway_does_not_count_have_no_past(server: Server, source: PrometheusSource) -> None:
    alert = AlertFiring(name="burn", kind="alert", alert="HighBurnRate")
    assert source.history([alert], OLD, 3600.0, 2.0) == {}
    assert queries(server) == []


def test_two_envoys_under_one_label_are_an_error_and_no_restarts(server: Server, source: PrometheusSource) -> None:
    first: dict[str, Any] = {"job": "a"}
    second: dict[str, Any] = {"job": "b"}
    rows = [row(ALIVE, 98, 99, 100, **first), row(ALIVE, 48, 49, 50, at=100.4, **second)]
    for count, labels, at in (((100, 200, 300), first, 100.0), ((10, 20, 30), second, 100.4)):
        where: dict[str, Any] = {"envoy_cluster_name": "shop_checkout-new_8080", "envoy_response_code": "200", **labels}
        rows.append(row(REQUESTS, *count, at=at, **where))
    server.on("__name__", result(*rows))
    found = source.snapshot([ERRORS], NEW, OLD)
    assert "two Envoys have the label pod='p'" in found.errors["errors"]
    with pytest.raises(ClusterError, match="honor_labels"):
        source.traffic((NEW, OLD))


@pytest.mark.parametrize(("age", "counted"), [(4000, 0), (20, 40)])
def test_an_envoy_that_is_scraped_late_counts_only_if_it_began_after_the_first_look(
    server: Server, source: PrometheusSource, age: float, counted: int
) -> None:
    """Without a query of its own: its age comes with every scrape."""
    before = source.snapshot([ERRORS], NEW, OLD)
    late = (row(ALIVE, age, at=130.0, pod="q"), {**of("new", REQUESTS, 40, envoy_response_code="503", pod="q")})
    late[1]["values"] = [[130.0, "40"]]
    server.on("__name__", result(row(ALIVE, 37, at=130.0), *late))
    found = deltas(before, source.snapshot([ERRORS], NEW, OLD))["errors"].candidate
    assert (found.total, found.bad) == (counted, counted)
