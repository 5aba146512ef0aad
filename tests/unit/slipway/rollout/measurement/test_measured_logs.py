"""From windows of logs to a verdict, and back again from the journal."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from slipway.release.manifest.guardrails import Guardrail
from slipway.release.rollout_inputs import Backend
from slipway.rollout.analysis import Verdict
from slipway.rollout.measurement.measure import Measure
from slipway.rollout.measurement.recorded import replay_records
from slipway.rollout.metrics.base import LogCounts, LogWindow, Reading, Snapshot
from slipway.rollout.metrics.memory import MemorySource
from tests.unit.slipway.rollout.examples import backend, wanted

OLD, NEW = backend("aaaaaaaa"), backend("bbbbbbbb")
GUARDRAILS = [
    {"name": "errors", "kind": "error-ratio"},
    {"name": "logs", "kind": "logs", "requests": 'revision:="{revision}"', "errors": "level:=error"},
]


class Logged(MemorySource):
    """Hands out `windows`, one a look."""

    def __init__(self) -> None:
        super().__init__()
        self.windows: list[LogWindow | None] = []

    def snapshot(
        self,
        guardrails: Sequence[Guardrail],
        candidate: Backend,
        baseline: Backend | None,
        max_age: float = 0.0,
        *,
        copied: bool = False,
    ) -> Snapshot:
        seen = super().snapshot(guardrails, candidate, baseline, max_age)
        window = self.windows.pop(0) if self.windows else None
        return replace(seen, readings={**seen.readings, "logs": Reading({}, {}, logs=window)})


def window(start: float, new: int) -> LogWindow:
    old = {"order <N> is unknown": 2}
    own = {**old, "cannot reach <IP4>": new} if new else old
    return LogWindow(start, start + 5, LogCounts(400, 2 + new, own), LogCounts(400, 2, old))


def looks(source: Logged, measure: Measure, times: Sequence[float]) -> list[dict[str, Any]]:
    found = []
    for at in times:
        source.at = at
        source.feed(OLD.revision, 400)
        source.feed(NEW.revision, 400)
        if (record := measure.look(at, 50.0)) is not None:
            found.append(record)
    return found


def test_a_new_error_in_the_logs_fails_though_the_gateway_sees_none_and_the_journal_says_which_windows() -> None:
    source = Logged()
    source.windows = [None, *(window(5.0 * n, 8) for n in range(6))]
    measure = Measure(source, wanted(guardrails=GUARDRAILS), OLD, now=0.0)
    first = measure.evidence
    records = looks(source, measure, [10.0 + 5 * n for n in range(7)])
    assert measure.decision is not None
    assert measure.decision.verdict is Verdict.FAIL
    assert "logs: " in measure.decision.reason
    assert "shown for the error 'cannot reach <IP4>'" in measure.decision.reason
    assert [record["windows"]["logs"] for record in records] == [[[5.0 * n, 5.0 * n + 5]] for n in range(6)]
    stored = json.loads(json.dumps(records))
    assert [decision.verdict for _, decision in replay_records(first, stored)][-1] is Verdict.FAIL


def test_a_window_that_came_while_no_tick_could_be_made_counts_in_the_next_one() -> None:
    source = Logged()
    source.windows = [None, window(0.0, 1), window(5.0, 2), window(10.0, 4)]
    measure = Measure(source, wanted(guardrails=GUARDRAILS), OLD, now=0.0)
    records = looks(source, measure, [10.0, 20.0])
    assert looks(source, measure, [20.0]) == []  # no later scrape
    records += looks(source, measure, [25.0])
    counted = [{text: own for text, own, _ in record["counts"]["logs"]["signatures"]} for record in records]
    assert [one["cannot reach <IP4>"] for one in counted] == [1, 6]
    assert records[-1]["windows"]["logs"] == [[5.0, 10.0], [10.0, 15.0]]


def test_after_a_change_of_the_weight_older_windows_count_for_nobody() -> None:
    source = Logged()
    source.windows = [None, window(0.0, 1), window(5.0, 1), window(17.0, 1)]
    measure = Measure(source, wanted(guardrails=GUARDRAILS), OLD, now=0.0)
    looks(source, measure, [10.0, 15.0])
    measure.next_step(16.0)
    records = looks(source, measure, [20.0, 25.0])
    assert [record.get("windows", {}) for record in records] == [{}, {"logs": [[17.0, 22.0]]}]
