from __future__ import annotations

import json

import numpy as np
import pytest

from release.errors import ClusterError
from rollout.analysis import Counts, Evidence, GuardrailCounts, Tick, observe
from rollout.measure import Measure
from rollout.metrics.memory import MemorySource
from tests.unit.rollout.examples import backend, wanted

OLD, NEW = backend("aaaaaaaa"), backend("bbbbbbbb")


def clustered(burst: int) -> list[list[tuple[int, int]]]:
    rng = np.random.default_rng(1)
    return [[(200, burst * int(rng.poisson(2.0 / burst))) for _ in range(360)] for _ in range(3)]


def looks(source: MemorySource, number: int = 4) -> tuple[Measure, list[dict[str, object]]]:
    measure = Measure(source, wanted(), OLD, now=0.0)
    found = []
    for index in range(number):
        source.at = float(index + 1)
        source.feed(OLD.revision, 300, index)
        source.feed(NEW.revision, 100, index // 2)
        record = measure.look(index + 1.0003, 25.0)
        if record is not None:
            found.append(record)
    return measure, found


def test_clustered_errors_of_what_serves_set_the_guard() -> None:
    source = MemorySource()
    source.past = {"errors": clustered(6)}
    measure, records = looks(source)
    assert dict(measure.evidence.settings.dispersion)["errors"] == pytest.approx(6.0, rel=0.3)
    assert "bad events come in clusters" in str(records[-1]["findings"])


def test_independent_errors_and_no_past_set_none() -> None:
    source = MemorySource()
    source.past = {"errors": clustered(1)}
    assert looks(source)[0].evidence.settings.dispersion == ()
    assert looks(MemorySource())[0].evidence.settings.dispersion == ()


def test_a_past_that_cannot_be_asked_stops_nothing() -> None:
    source = MemorySource()
    source.faults.next("history", ClusterError("Prometheus did not answer in time"))
    measure, records = looks(source)
    assert measure.evidence.settings.dispersion == ()
    assert measure.error is None
    assert len(records) == 3


def test_what_the_journal_holds_of_the_ticks_decides_again_exactly_the_same() -> None:
    source = MemorySource()
    source.past = {"errors": clustered(6)}
    first = Measure(source, wanted(), OLD, now=0.0)
    measure, records = looks(source, 8)
    stored = json.loads(json.dumps(records))
    evidence = Evidence.from_json({**first.evidence.to_json(), "dispersion": stored[0]["dispersion"]})
    for record in stored:
        seen = {
            name: GuardrailCounts(
                Counts(counts["candidate"]["total"], counts["candidate"]["bad"]),
                Counts(counts["baseline"]["total"], counts["baseline"]["bad"]),
            )
            for name, counts in record["counts"].items()
        }
        tick = Tick(record["at"], record["inStep"], record["length"], record["weight"], seen, record["errors"])
        evidence, decision = observe(evidence, tick)
        assert decision.statistic == record["statistic"]
        assert decision.verdict == record["verdict"]
    assert evidence == measure.evidence
