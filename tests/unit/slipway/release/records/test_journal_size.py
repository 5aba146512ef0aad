"""What a day of ticks takes in the cluster: three latency guardrails at one tick a second."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from slipway.rollout import analysis
from slipway.rollout.analysis.types import Counts, GuardrailCounts, Tick
from slipway.rollout.measurement.recorded import Checkpoints, record_of
from slipway.rollout.platforms.kubernetes.journal_store import ConfigMapJournalStore
from slipway.rollout.platforms.kubernetes.records import FULL_CHUNKS
from slipway.rollout.platforms.lines import CHUNK_BYTES
from slipway.rollout.ticks import TickLog
from tests.unit.slipway.rollout.api import NAMESPACE, Api
from tests.unit.slipway.rollout.examples import wanted

HOURS = int(os.environ.get("JOURNAL_HOURS", "3"))
"""24 for the whole day, which takes a minute."""
MIB = 1024 * 1024
LIMIT = 10 * MIB
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
TEMPLATES = 200


def three_latencies() -> list[dict[str, Any]]:
    """Records as a rollout makes them, of its first minutes."""
    inputs = wanted(
        guardrails=[
            {"name": f"slow-{ms}", "kind": "latency", "threshold": f"{ms}ms", "negligible": "1%"}
            for ms in (100, 250, 1000)
        ],
        analysis={"tick": "1s", "dwell": "2s", "horizon": "24h", "error_grace": "5s"},
    )
    evidence, checkpoints, former = analysis.begin(inputs.guardrails, inputs.analysis), Checkpoints(), None
    made = []
    for index in range(TEMPLATES):
        slower = tuple(max(0, 950 - 80 * bound - index % 7) for bound in range(len(BOUNDS)))
        side = Counts(1000, 3 + index % 3, BOUNDS, slower)
        at = float(index + 1)
        both = {name.name: GuardrailCounts(side, side) for name in inputs.guardrails}
        before = evidence
        tick = Tick(at, at, 1.0, 5.0, both, {})
        evidence, decision = analysis.observe(before, tick)
        marks = checkpoints.mark(before, former, decision.verdict)
        former = decision.verdict
        made.append({**record_of(tick, decision), **marks})
    return made


def ticks(count: int, every: int) -> Iterator[dict[str, Any]]:
    """Records of so many ticks; the verdict changes each `every` ticks."""
    templates = three_latencies()
    states = templates[0]["before"]
    for n in range(count):
        record = {**templates[n % TEMPLATES], "at": float(n + 1), "inStep": float(n + 1)}
        record["verdict"] = "PASS" if n // every % 2 else "INCONCLUSIVE"
        for mark in ("before", "turn"):
            record.pop(mark, None)
        if n % every == 0:
            record |= {"before": states, "turn": "changed" if n else "first"}
        yield record


def written(count: int, every: int) -> tuple[Api, ConfigMapJournalStore]:
    api = Api()
    store = ConfigMapJournalStore(api.client(), NAMESPACE, "checkout")
    log = TickLog(store, "r1", 60.0, lambda: 0.0)
    for record in ticks(count, every):
        log.add(record)
        api.requests.clear()
    log.flush()
    return api, store


def check_that_nothing_is_lost(store: ConfigMapJournalStore, count: int, every: int) -> None:
    kept = store.records("r1")
    turns = {turn[0] for record in kept for turn in record.get("turns", ())}
    turns |= {record["at"] for record in kept if "turn" in record}
    assert turns == {float(n + 1) for n in range(0, count, every)}
    assert sum(record.get("ticks", 1) for record in kept) == count


def size_of(api: Api, part: str = "") -> int:
    return sum(len(json.dumps(found)) for path, found in api.objects.items() if part in path)


def check_the_size(api: Api) -> None:
    """Beside the archive, which grows evenly, there are at most so many full chunks, however long it takes."""
    assert size_of(api, ".old-") / HOURS * 24 + (FULL_CHUNKS + 1) * CHUNK_BYTES < LIMIT
    assert size_of(api) < LIMIT
    assert len(api.objects) < 100


@pytest.mark.parametrize("every", [3600, 1], ids=["a change an hour", "a change each tick"])
def test_a_day_of_ticks_stays_below_ten_mebibytes_and_loses_no_decision(
    every: int, monkeypatch: pytest.MonkeyPatch, record_property: Callable[[str, object], None]
) -> None:
    monkeypatch.setattr("slipway.rollout.ticks.HELD", 200)  # Fewer writes of the same records.
    api, store = written(HOURS * 3600, every)
    record_property("bytes", size_of(api))
    check_the_size(api)
    check_that_nothing_is_lost(store, HOURS * 3600, every)
