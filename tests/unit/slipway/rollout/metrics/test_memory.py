from __future__ import annotations

import pytest

from slipway.release.errors import ClusterError
from slipway.release.manifest.guardrails import AlertFiring, ErrorRatio, Latency
from slipway.rollout.analysis.types import Counts
from slipway.rollout.metrics.base import Series
from slipway.rollout.metrics.counters import deltas
from slipway.rollout.metrics.memory import EMITTER, MemorySource
from tests.unit.slipway.rollout.examples import backend

NEW, OLD = backend("new"), backend("old")
ERRORS = ErrorRatio(name="errors", kind="error-ratio")
LATENCY = Latency(name="latency", kind="latency", threshold=0.25)
ALERT = AlertFiring(name="alert", kind="alert", alert="Burning")


def test_what_is_fed_is_what_is_counted() -> None:
    source = MemorySource()
    source.feed("old", 1000, 1)
    before = source.snapshot([ERRORS, LATENCY, ALERT], NEW, OLD)
    source.feed("new", 50, bad=2, slow=5)
    source.feed("old", 100)
    source.firing.add("Burning")
    counts = deltas(before, source.snapshot([ERRORS, LATENCY, ALERT], NEW, OLD))
    assert (counts["errors"].candidate, counts["errors"].baseline) == (Counts(50, 2), Counts(100, 0))
    assert counts["latency"].candidate == Counts(50, 5, (0.25,), (5,))
    assert counts["alert"].firing is True
    assert source.snapshot([ERRORS], NEW, OLD).traffic == source.traffic((NEW, OLD))
    assert source.requests((NEW, OLD)) == {"new": 50, "old": 1100}


def test_a_restart_begins_at_zero_and_exact_series_can_be_set() -> None:
    source = MemorySource()
    source.feed("new", 50)
    source.restart("new")
    assert source.requests((NEW,)) == {"new": 0}
    source.set_series("new", "errors", Series(7, 3, {}))
    assert source.snapshot([ERRORS], NEW, None).readings["errors"].candidate == {EMITTER: Series(7, 3, {})}


def test_a_broken_source_says_so_per_guardrail_or_for_all() -> None:
    source = MemorySource()
    source.broken["errors"] = "no data"
    assert source.snapshot([ERRORS, LATENCY], NEW, OLD).errors == {"errors": "no data"}
    source.broken["*"] = "away"
    assert source.snapshot([], NEW, OLD).traffic_error is not None
    assert set(source.snapshot([ERRORS, LATENCY], NEW, OLD).errors) == {"errors", "latency"}
    with pytest.raises(ClusterError, match="away"):
        source.requests((NEW,))


def test_in_flight_is_told_once_there_was_a_later_look() -> None:
    source = MemorySource()
    source.set_in_flight("new", 4)
    source.at = 10.0
    assert source.in_flight(NEW) == 4
    assert source.in_flight(NEW, after=10.0) is None
    source.at = 11.0
    assert source.in_flight(NEW, after=10.0) == 4
