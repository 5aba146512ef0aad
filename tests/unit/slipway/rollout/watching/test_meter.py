"""What a process that takes a watch over is told beside the counters."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from slipway.release.manifest.guardrails import Guardrail
from slipway.release.records.watch import WatchPhase
from slipway.release.rollout_inputs import Backend
from slipway.rollout.metrics.base import LogCounts, LogWindow, Reading, Snapshot
from slipway.rollout.metrics.prometheus import PrometheusSource
from slipway.rollout.metrics.prometheus_api import Prometheus
from slipway.rollout.watching.document import read_document
from slipway.rollout.watching.meter import WatchMeter
from tests.unit.slipway.rollout.examples import backend, wanted
from tests.unit.slipway.rollout.watching.watched import WATCH, Watched

LOGS = {"name": "logs", "kind": "logs", "requests": 'r:="{revision}"', "errors": "level:=error", "requestId": "id"}
NONE = LogCounts(0, 0, {})


class Logged:
    """A source of one guardrail of logs; `fails` is what it says of its counters."""

    def __init__(self) -> None:
        self.end, self.now = 1000.0, 1000.0
        self.fails: str | None = None

    def snapshot(
        self,
        guardrails: Sequence[Guardrail],
        candidate: Backend,
        baseline: Backend | None,
        max_age: float = 0.0,
        *,
        copied: bool = False,
    ) -> Snapshot:
        window = LogWindow(self.end, self.now, LogCounts(int(self.now - self.end), 0, {}), NONE)
        self.end = self.now
        return Snapshot(self.now, {"logs": Reading({}, {}, logs=window)}, {"slo": self.fails} if self.fails else {})

    def begin_afresh(self) -> bool:
        return False

    def history(self, *_: object) -> Mapping[str, Sequence[Sequence[tuple[int, int]]]]:
        return {}

    def reached(self) -> dict[str, Any]:
        return {"logs": {"logs": {"sides": [], "end": self.end}}}

    def go_on(self, reached: Mapping[str, Any]) -> None:
        self.end = reached["logs"]["logs"]["end"]


def meter_of(source: Logged) -> WatchMeter:
    inputs = wanted(watch={**WATCH, "holdback": 0.02, "guardrails": [LOGS]}, standby=backend())
    assert inputs.watch is not None
    return WatchMeter(source, inputs, inputs.watch, inputs.standby, 1000.0)


def test_each_request_in_the_logs_counts_once_also_where_no_look_has_counted_its_window() -> None:
    source = Logged()
    meter, counted = meter_of(source), 0
    for number in range(1, 9):
        source.now = 1000.0 + 10 * number
        tick = meter.look(source.now, 98.0, {})  # the first has no counters to compare with, and counts nothing
        counted += tick.counts["logs"].candidate.total if tick is not None and "logs" in tick.counts else 0
        if number in {1, 4}:
            left, before = json.loads(json.dumps(meter.reached())), meter.before
            source, died_at = Logged(), meter.counted
            meter = meter_of(source)
            meter.go_on(left)
            meter.before, meter.counted = before, died_at
    assert counted == 80


def test_what_tells_clients_apart_is_kept_while_the_watch_is_open_and_no_longer() -> None:
    service = Watched(holdback=0.02)
    kept: list[object] = []
    went_on: list[object] = []
    for name, found in (("reached", lambda: {"salt": "s"}), ("go_on", went_on.append)):
        setattr(service.world.traffic, name, found)

    def look() -> None:
        document = read_document(service.document.read())
        assert document is not None
        kept.append(document.reached)

    service.release()
    service.world.clock.at(service.watch.opened - 1000.0 + 60.0, look)
    service.watcher().run()
    look()
    assert kept == [{"clients": {}, "source": {"salt": "s"}}, None]
    assert went_on == [{"salt": "s"}]


def test_the_salt_of_a_watch_goes_with_the_release_that_ends_it() -> None:
    service = Watched(holdback=0.02)
    setattr(service.world.traffic, "reached", lambda: {"salt": "s"})  # noqa: B010 - the stand-in's own have none
    setattr(service.world.traffic, "go_on", lambda _: None)  # noqa: B010
    service.release()
    left = read_document(service.document.read())
    assert left is not None
    assert left.reached == {"source": {"salt": "s"}}
    service.release_next("cccccccc")
    assert service.watch.phase is WatchPhase.SUPERSEDED
    found = read_document(service.document.read())
    assert found == left.model_copy(update={"reached": None})


@pytest.mark.parametrize("reached", [{"source": {}}, {"source": {"clients": {}}}])
def test_what_cannot_be_read_is_said_as_such(reached: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="not how far a source was read"):
        PrometheusSource(Prometheus("http://p.example"), "shop").go_on(reached["source"])
