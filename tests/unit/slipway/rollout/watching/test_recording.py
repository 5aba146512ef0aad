"""What a watch counted is in its records, as the report tells it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from slipway.release.records.chain import lines_of
from slipway.release.records.kinds import WatchRecord
from slipway.release.records.release_record import read_kind
from slipway.release.records.store import MemoryRecords
from slipway.release.report.watched import watched
from slipway.rollout.recording import Recorder, ReleaseFacts
from slipway.rollout.watching.recording import collect
from tests.unit.slipway.rollout.watching.watched import Watched


def test_a_watch_that_held_keeps_what_it_counted() -> None:
    service, store = recorded()
    service.release()
    service.watcher().run()
    lines = lines_of(store.read())
    moments = [record.event for _, record in read_kind(lines, WatchRecord)]
    assert [one.phase for one in moments] == ["opened", "held"]
    (slo,) = moments[-1].counts
    assert slo.total > 1000
    assert slo.evidence is not None
    assert slo.threshold is not None
    assert slo.evidence < slo.threshold


def test_a_breach_keeps_the_evidence_that_decided_and_the_report_tells_it() -> None:
    service, store = recorded()
    service.release()
    service.fail_from(120.0)
    service.watcher().run()
    lines = lines_of(store.read())
    told = watched(lines, service.watch.rollout)
    assert told is not None
    assert told.phase == "breach"
    assert "all traffic went to" in told.status
    (slo,) = told.counts
    assert slo.evidence is not None
    assert slo.threshold is not None
    assert slo.evidence >= slo.threshold


def test_what_a_pod_recorded_reaches_a_chain_elsewhere_once() -> None:
    service, inside = recorded()
    service.release()
    service.world.clock.at(service.watch.opened - 1000.0 + 60.0, lambda: setattr(service.world.traffic, "down", "x"))
    service.watcher().run()
    chain = MemoryRecords()
    for _ in range(2):
        collect(inside, chain)
    moments = [record for _, record in read_kind(lines_of(chain.read()), WatchRecord)]
    assert moments == [record for _, record in read_kind(lines_of(inside.read()), WatchRecord)]
    assert [one.event.phase for one in moments] == ["opened", "silent", "unseen"]


@pytest.mark.parametrize("when", ["settle", "ended"])
def test_the_next_update_collects_what_pods_recorded(when: str) -> None:
    service, inside = recorded()
    service.release()
    service.watcher().run()
    chain = MemoryRecords()
    world = replace(service.world.world, records=chain, inside=inside)
    getattr(Recorder(world, service.inputs, "ci", lambda *_: ReleaseFacts(), lambda _: None), when)()
    moments = [record.event.phase for _, record in read_kind(lines_of(chain.read()), WatchRecord)]
    assert moments == ["opened", "held"]


def recorded() -> tuple[Watched, MemoryRecords]:
    service, store = Watched(), MemoryRecords()
    service.world.world = replace(service.world.world, records=store)
    return service, store
