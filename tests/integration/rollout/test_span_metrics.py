"""The guardrail on traces of docs/analysis.md, on the counts of a real OpenTelemetry Collector in a real Prometheus."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from sandbox import toolchain
from sandbox.paths import PROJECT
from sandbox.progress import SilentReporter
from sandbox.toolchain import debian
from sandbox.toolchain.catalog import otel_collector
from slipway.release.manifest.guardrails import Custom
from slipway.rollout.analysis import Counts, Tick, Verdict, observe
from slipway.rollout.metrics.base import Snapshot
from slipway.rollout.metrics.counters import deltas
from slipway.rollout.metrics.prometheus import PrometheusSource
from slipway.rollout.metrics.prometheus_api import Prometheus
from tests.integration.rollout.own_collector import OwnCollector
from tests.integration.rollout.own_prometheus import OwnPrometheus
from tests.integration.rollout.stage import eventually
from tests.unit.slipway.rollout.analysis.examples import fresh
from tests.unit.slipway.rollout.examples import backend

NEW, OLD = backend("bbbbbbbb"), backend("aaaaaaaa")


def documented() -> Custom:
    """The guardrail as the page has it."""
    page = (PROJECT / "docs" / "analysis.md").read_text(encoding="utf-8").partition("## Traces")[2]
    (text,) = re.findall(r"```yaml\n(  - name: spans\n    kind: custom\n.*?)```", page, re.DOTALL)
    return Custom.model_validate(yaml.safe_load(text)[0])


GUARDRAIL = documented()


class Traced:
    """A collector, the Prometheus that scrapes it, and the source that a rollout reads."""

    def __init__(self, collector: OwnCollector, source: PrometheusSource) -> None:
        self.collector, self.source = collector, source

    def send(self, version: str, good: int, bad: int) -> None:
        for name in ("GET /cart", "POST /order"):
            self.collector.send("checkout", version, name, good // 2, bad // 2)

    def snapshot(self) -> Snapshot:
        return self.source.snapshot([GUARDRAIL], NEW, OLD)

    def counted(self) -> tuple[float, float, float, float]:
        """Total and bad of the candidate, then of the baseline."""
        reading = self.snapshot().readings.get("spans")
        sides = [] if reading is None else [reading.candidate.values(), reading.baseline.values()]
        sums = [(sum(one.total for one in side), sum(one.bad for one in side)) for side in sides]
        return (*sums[0], *sums[1]) if sums else (0.0, 0.0, 0.0, 0.0)


@pytest.fixture
def traced(tmp_path: Path) -> Iterator[Traced]:
    binary = toolchain.build_module(otel_collector(), SilentReporter()) / "bin" / "otel-collector"
    prometheus = debian.unpack(toolchain.store(), SilentReporter()) / "usr" / "bin" / "prometheus"
    with OwnCollector(binary, tmp_path) as collector, OwnPrometheus(prometheus, tmp_path, [collector], []) as server:
        yield Traced(collector, PrometheusSource(Prometheus(server.url), "shop"))


def test_spans_of_both_sides_are_counted_by_the_version_of_their_service(traced: Traced) -> None:
    traced.send(NEW.revision, good=36, bad=4)
    traced.send(OLD.revision, good=100, bad=2)
    eventually(traced.counted, lambda found: found == (40, 4, 102, 2))


def test_a_candidate_of_which_every_span_fails_has_no_good_ones(traced: Traced) -> None:
    traced.send(NEW.revision, good=0, bad=20)
    traced.send(OLD.revision, good=20, bad=0)
    eventually(traced.counted, lambda found: found == (20, 20, 20, 0))


def test_errors_in_its_spans_abort_a_candidate(traced: Traced) -> None:
    for revision in (NEW.revision, OLD.revision):
        traced.send(revision, good=20, bad=2)
    eventually(traced.counted, lambda found: found == (22, 2, 22, 2))
    before = traced.snapshot()
    traced.send(NEW.revision, good=120, bad=80)
    traced.send(OLD.revision, good=800, bad=8)
    eventually(traced.counted, lambda found: found == (222, 82, 830, 10))
    counts = deltas(before, traced.snapshot())
    assert (counts["spans"].candidate, counts["spans"].baseline) == (Counts(200, 80), Counts(808, 8))
    _, decision = observe(fresh(GUARDRAIL), Tick(10.0, 10.0, 10.0, 20.0, counts, {}))
    assert decision.verdict is Verdict.FAIL
