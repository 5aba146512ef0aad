"""A real Prometheus whose targets fail, restart, vanish and come back; real alerting rules."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox import toolchain
from sandbox.progress import SilentReporter
from slipway.release.manifest.guardrails import AlertFiring, Custom, ErrorRatio, Guardrail
from slipway.release.rollout_inputs import Backend
from slipway.rollout.metrics.base import Snapshot
from slipway.rollout.metrics.counters import carry, deltas
from slipway.rollout.metrics.prometheus import PrometheusSource
from slipway.rollout.metrics.prometheus_api import Prometheus
from tests.integration.rollout.own_prometheus import Emitter, OwnPrometheus
from tests.integration.rollout.stage import eventually
from tests.unit.slipway.rollout.examples import backend

NEW, OLD = backend("new"), backend("old")
ERRORS = ErrorRatio(name="errors", kind="error-ratio")
RULES: list[dict[str, Any]] = [
    {"alert": "Burning", "expr": "vector(1)", "labels": {"team": "shop"}},
    {"alert": "Calm", "expr": "vector(1) > 2"},
    {"alert": "Sick", "expr": 'label_replace(vector(1), "no-label", "x", "", "")'},
]


@pytest.fixture
def emitters() -> Iterator[list[Emitter]]:
    made = [Emitter(), Emitter()]
    for emitter in made:
        emitter.text = exposition(0, 0, 0)
    yield made
    for emitter in made:
        emitter.close()


@pytest.fixture
def source(emitters: list[Emitter], tmp_path: Path) -> Iterator[PrometheusSource]:
    binary = toolchain.ensure(SilentReporter()).daemon("prometheus")
    with OwnPrometheus(binary, tmp_path, emitters, RULES) as server:
        made = PrometheusSource(Prometheus(server.url), "shop")
        eventually(lambda: emitters_seen(made), lambda seen: seen == 2)
        yield made


def exposition(uptime: int, good: int, bad: int) -> str:
    """Of an Envoy that sent `good` and `bad` answers of the candidate."""
    cluster = f'envoy_cluster_name="shop_{NEW.entry}_8080"'
    return (
        f"envoy_server_uptime {uptime}\n"
        f"envoy_cluster_upstream_rq_active{{{cluster}}} 0\n"
        f'envoy_cluster_upstream_rq{{{cluster},envoy_response_code="200"}} {good}\n'
        f'envoy_cluster_upstream_rq{{{cluster},envoy_response_code="503"}} {bad}\n'
    )


def look(source: PrometheusSource, *guardrails: Guardrail) -> Snapshot:
    return source.snapshot(guardrails or (ERRORS,), NEW, OLD)


def emitters_seen(source: PrometheusSource) -> int:
    found = look(source).readings.get("errors")
    return 0 if found is None else len(found.candidate)


def totals(source: PrometheusSource, backend: Backend = NEW) -> float:
    return source.requests((backend,))[backend.revision]


def test_a_restart_and_a_gap_of_one_proxy_lose_and_invent_nothing(
    source: PrometheusSource, emitters: list[Emitter]
) -> None:
    emitters[0].text, emitters[1].text = exposition(100, 1000, 10), exposition(100, 500, 5)
    eventually(lambda: totals(source), lambda seen: seen == 1515)
    before = look(source)
    emitters[0].text, emitters[1].up = exposition(1, 40, 2), False
    eventually(lambda: emitters_seen(source), lambda seen: seen == 1)
    after = eventually(lambda: look(source), lambda seen: totals(source) == 42)
    counts = deltas(before, after)["errors"]
    assert (counts.candidate.total, counts.candidate.bad) == (42, 2)
    kept = carry(before, after)
    emitters[1].text, emitters[1].up = exposition(110, 600, 6), True
    again = eventually(lambda: look(source), lambda seen: len(seen.readings["errors"].candidate) == 2)
    counts = deltas(kept, again)["errors"]
    assert (counts.candidate.total, counts.candidate.bad) == (101, 1)


def test_data_that_nobody_scrapes_any_more_is_an_error_and_not_zero(
    source: PrometheusSource, emitters: list[Emitter]
) -> None:
    fresh = look(source)
    for emitter in emitters:
        emitter.up = False
    stale = eventually(lambda: look(source), lambda seen: bool(seen.errors))
    assert "stale data: no Envoy was scraped within 3s" in stale.errors["errors"]
    assert stale.readings == {}
    assert stale.at == 0.0 < fresh.at
    for emitter in emitters:
        emitter.up = True
    back = eventually(lambda: look(source), lambda seen: not seen.errors)
    assert back.at > fresh.at


def test_a_cluster_that_left_the_proxy_has_nothing_in_flight(source: PrometheusSource, emitters: list[Emitter]) -> None:
    emitters[0].text = exposition(5, 1, 0).replace("rq_active{", "rq_active {").replace("} 0", "} 7", 1)
    assert eventually(lambda: source.in_flight(NEW), lambda seen: seen == 7) == 7
    emitters[0].text = "envoy_server_uptime 6\n"
    assert eventually(lambda: source.in_flight(NEW), lambda seen: seen == 0) == 0


def test_an_alert_fires_or_not_but_one_that_nobody_evaluates_is_an_error(source: PrometheusSource) -> None:
    wanted = [
        AlertFiring(name="burning", kind="alert", alert="Burning", labels={"team": "shop"}),
        AlertFiring(name="others", kind="alert", alert="Burning", labels={"team": "else"}),
        AlertFiring(name="calm", kind="alert", alert="Calm"),
        AlertFiring(name="sick", kind="alert", alert="Sick"),
        AlertFiring(name="absent", kind="alert", alert="Absent"),
    ]
    found = eventually(
        lambda: look(source, *wanted),
        lambda seen: "burning" in seen.readings and "calm" in seen.readings and bool(seen.readings["burning"].firing),
    )
    assert {name: reading.firing for name, reading in found.readings.items()} == {
        "burning": True,
        "calm": False,
    }
    assert "there is no alerting rule Absent" in found.errors["absent"]
    assert "no alerting rule Burning has the labels of the guardrail" in found.errors["others"]
    assert "is not evaluated: " in found.errors["sick"]
    assert found.at > 0


def test_custom_queries_that_cannot_be_used_are_errors(source: PrometheusSource) -> None:
    wanted = [
        Custom(name="syntax", kind="custom", good="sum(", total="up"),
        Custom(name="nothing", kind="custom", good="nowhere_total", total="nowhere_total"),
        Custom(name="labels", kind="custom", good="sum(up)", total="up"),
        Custom(name="infinite", kind="custom", good="up", total="up / 0"),
    ]
    found = look(source, *wanted)
    assert "parse error" in found.errors["syntax"]
    assert "gave no series" in found.errors["nothing"]
    assert "different labels" in found.errors["labels"]
    assert "no count" in found.errors["infinite"]


def test_the_past_of_what_serves_is_read_by_proxy_through_restarts(
    source: PrometheusSource, emitters: list[Emitter]
) -> None:
    for one, (good, bad) in zip(emitters, ((100, 3), (50, 0)), strict=True):
        one.text = exposition(100, good, bad)
    eventually(lambda: totals(source), lambda seen: seen == 153)
    emitters[0].text = exposition(1, 30, 2)  # began anew
    eventually(lambda: totals(source), lambda seen: seen == 82)
    past = source.history([ERRORS], NEW, 3600.0, 1.0)["errors"]
    sums = sorted((sum(total for total, _ in ticks), sum(bad for _, bad in ticks)) for ticks in past)
    assert sums == [(50, 0), (135, 5)]
    assert len({len(ticks) for ticks in past}) == 1
