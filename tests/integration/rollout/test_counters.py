"""Prometheus' counters of real traffic through the real gateway against what the client itself counted."""

from __future__ import annotations

import itertools
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest
from lightkube import Client

from slipway.release.manifest.guardrails import Custom, ErrorRatio, Guardrail, Latency
from slipway.release.manifest.route import Route
from slipway.release.rollout_inputs import Backend
from slipway.rollout.analysis.types import GuardrailCounts
from slipway.rollout.metrics.base import Snapshot
from slipway.rollout.metrics.counters import deltas
from slipway.rollout.metrics.prometheus import PrometheusSource
from slipway.rollout.metrics.prometheus_api import Prometheus
from slipway.rollout.routers.base import Split
from slipway.rollout.routers.gateway_api import GatewayApiRouter
from tests.integration.rollout.stage import SERVICE, Stage, eventually

RATE = 100.0
CODE = 'envoy_cluster_name=~".*_{service}_8080"'
GUARDRAILS: tuple[Guardrail, ...] = (
    ErrorRatio(name="errors", kind="error-ratio"),
    Latency(name="latency", kind="latency", threshold=0.25),
    Custom(
        name="custom",
        kind="custom",
        total=f"sum by (pod) (envoy_cluster_upstream_rq{{{CODE}}})",
        good=f'sum by (pod) (envoy_cluster_upstream_rq{{{CODE},envoy_response_code!~"5.."}})',
    ),
)


@pytest.fixture(scope="module")
def source(stage: Stage, variables: Mapping[str, str]) -> PrometheusSource:
    return PrometheusSource(Prometheus(variables["SLIPWAY_PROMETHEUS_URL"]), stage.namespace)


@pytest.fixture(scope="module")
def slow(stage: Stage, images: Mapping[str, str]) -> Backend:
    return stage.ready(stage.deploy("slow", images["slow"], replicas=1))


@pytest.fixture(scope="module")
def failing(stage: Stage, images: Mapping[str, str]) -> Backend:
    return stage.ready(stage.deploy("failing", images["errors-5"], replicas=1))


@pytest.fixture(scope="module")
def router(client: Client, stage: Stage) -> GatewayApiRouter:
    """One route for all tests: without a route the data plane forgets its counters."""
    return GatewayApiRouter(client, stage.namespace, SERVICE)


def send(url: str, host: str, requests: int) -> Counter[tuple[str, int]]:
    """(version, status) of each answer, at a bounded rate."""

    def one(at: float) -> tuple[str, int]:
        time.sleep(max(0.0, at - time.monotonic()))
        answer = http.get("/")
        return answer.headers.get("x-sample-version", "none"), answer.status_code

    began = time.monotonic()
    with (
        httpx2.Client(base_url=url, headers={"Host": host}, timeout=5.0) as http,
        ThreadPoolExecutor(50) as pool,
    ):
        return Counter(pool.map(one, (began + n / RATE for n in range(requests))))


def settled(router: GatewayApiRouter, route: Route, split: Split) -> None:
    live = router.read()
    router.apply(route, split, live.version if live is not None else None)
    eventually(router.read, lambda seen: seen is not None and seen.accepted)


def test_counts_match_the_clients_own(
    source: PrometheusSource,
    router: GatewayApiRouter,
    route: Route,
    host: str,
    slow: Backend,
    failing: Backend,
    variables: Mapping[str, str],
) -> None:
    settled(router, route, Split(((slow, 50.0), (failing, 50.0))))
    start = sum(source.requests((slow, failing)).values())
    send(variables["SLIPWAY_GATEWAY_URL"], host, 20)
    eventually(lambda: source.requests((slow, failing)), lambda seen: sum(seen.values()) == start + 20)
    # Histograms are merged every five seconds, later than the counters.
    before = eventually(
        lambda: source.snapshot(GUARDRAILS, failing, slow),
        lambda seen: (
            sum(s.total for s in seen.readings["latency"].baseline.values())
            == sum(s.total for s in seen.readings["errors"].baseline.values())
        ),
    )
    sent = send(variables["SLIPWAY_GATEWAY_URL"], host, 400)
    by_version = {name: sum(n for (version, _), n in sent.items() if version == name) for name in ("slow", "errors-5")}
    failed = sent[("errors-5", 500)]
    assert sum(by_version.values()) == 400
    assert failed > 0

    def look() -> tuple[Snapshot, dict[str, GuardrailCounts]]:
        after = source.snapshot(GUARDRAILS, failing, slow)
        return after, deltas(before, after)

    after, counts = eventually(look, lambda seen: seen[1]["latency"].baseline.total >= by_version["slow"])
    assert after.errors == {}
    assert after.at > before.at
    errors, latency = counts["errors"], counts["latency"]
    assert (errors.candidate.total, errors.candidate.bad) == (by_version["errors-5"], failed)
    assert (errors.baseline.total, errors.baseline.bad) == (by_version["slow"], 0)
    assert counts["custom"].candidate == errors.candidate
    assert counts["custom"].baseline == errors.baseline
    assert (latency.baseline.total, latency.baseline.bad) == (by_version["slow"], by_version["slow"])
    assert latency.candidate.bad < 0.1 * latency.candidate.total
    assert 0.25 in latency.baseline.bounds
    assert latency.baseline.slower[latency.baseline.bounds.index(0.25)] == latency.baseline.bad


def test_counts_go_on_over_a_change_of_weights(
    source: PrometheusSource,
    router: GatewayApiRouter,
    route: Route,
    host: str,
    slow: Backend,
    failing: Backend,
    variables: Mapping[str, str],
) -> None:
    settled(router, route, Split(((slow, 40.0), (failing, 60.0))))
    before = dict(source.requests((slow, failing)))
    sent = 0
    for share in (10.0, 90.0, 60.0):
        send(variables["SLIPWAY_GATEWAY_URL"], host, 30)
        settled(router, route, Split(((slow, share), (failing, 100.0 - share))))
        sent += 30
    eventually(
        lambda: source.requests((slow, failing)),
        lambda seen: sum(seen[revision] - count for revision, count in before.items()) == sent,
    )


def test_requests_in_flight_are_seen_until_they_end_and_only_by_a_later_scrape(
    source: PrometheusSource,
    router: GatewayApiRouter,
    route: Route,
    host: str,
    slow: Backend,
    failing: Backend,
    variables: Mapping[str, str],
) -> None:
    settled(router, route, Split.whole(slow))
    with ThreadPoolExecutor(1) as pool:
        traffic = pool.submit(send, variables["SLIPWAY_GATEWAY_URL"], host, 300)
        eventually(lambda: source.in_flight(slow), lambda count: (count or 0) > 0)
        traffic.result()
    settled(router, route, Split.whole(failing))
    at = source.snapshot(GUARDRAILS[:1], failing, slow).at
    answers = list(itertools.islice(_answers(source, slow, at), 2000))
    assert answers[0] is None
    assert answers[-1] == 0
    assert set(answers) == {None, 0}


def _answers(source: PrometheusSource, backend: Backend, after: float) -> Iterator[int | None]:
    """Until it can tell; a scrape comes every second."""
    while True:
        answer = source.in_flight(backend, after)
        yield answer
        if answer is not None:
            return
        time.sleep(0.02)


def test_what_nobody_has_ever_sent_anything_to_has_no_emitter_and_no_error(
    source: PrometheusSource, stage: Stage
) -> None:
    found = source.snapshot(GUARDRAILS[:2], stage.backend("nobody"), None)
    assert found.errors == {}
    assert all(reading.candidate == {} == reading.baseline for reading in found.readings.values())
    assert source.requests((stage.backend("nobody"),)) == {"nobody": 0.0}
    assert source.in_flight(stage.backend("nobody")) == 0
