"""Every kind of record tells what happened, in full words."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from slipway.release.records.chain import Anchor
from slipway.release.records.kinds import ClosedPoint, ClosureEvent, ClosureRecord, WatchCount
from slipway.release.records.release_record import RecordBase
from slipway.release.report.told import Told, told
from tests.unit.slipway.release.records.test_kinds import (
    OF_SERVICE,
    RECORDS,
    SHA,
    drill,
    flag,
    refusal,
    rollout,
    watch,
)

ANCHOR = Anchor(seq=7, hash=SHA)
CLOSED = ClosureRecord(
    **OF_SERVICE,
    event=ClosureEvent(rollout="r1", checklist=(ClosedPoint(name="review done", found="2 items"),), note="all well"),
)
COUNT = WatchCount(name="errors", bad=5, total=100, baseline_bad=0, baseline_total=4, evidence=3.0, threshold=6.0)


def text_of(found: Told) -> str:
    return "\n".join([found.headline, *(f"{name} {value}" for name, value in found.facts), *found.lines])


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (rollout(), ["checkout 1.0 completed", "gates unknown"]),
        (CLOSED, ["checkout 1.0 was closed", "review done: 2 items", "note all well"]),
        (
            drill(outcome="failed", problem="a request failed", requests=9, failed_requests=1),
            ["a drill of a rollback failed in 4s", "1 of 9 requests", "Why: a request failed", f"sha256:{SHA}"],
        ),
        (drill(), ["probe not sent"]),
        (drill(procedure="kill", flag="pay"), ["a drill of the kill of pay completed"]),
        (refusal("tests", "scan"), ["The gates refused checkout 1.0: 2 finding(s)", "scan/missing evidence: nothing"]),
        (
            watch(phase="breach", reason="errors", moved=True, standby="0.9", safe_after=3.0, counts=(COUNT,)),
            ["breach: errors; all traffic to 0.9 within 3s", "5 of 100 events (5%); hold-back 0 of 4", "3, limit 6"],
        ),
        (
            watch(phase="held", counts=(COUNT.model_copy(update={"sampled": 0.25, "betting": 0.5}),)),
            ["3, limit 6; in the end about 0.25 of the clients were counted, about 0.5 of them were evidence"],
        ),
        (flag(reason="it fails"), ["kill of the flag pay in the set flags, change 1", "reason it fails", "true"]),
    ],
    ids=["rollout", "closure", "failed drill", "drill", "kill drill", "refusal", "watch", "sample", "flag"],
)
def test_what_happened_is_told(record: Any, said: list[str]) -> None:
    text = text_of(told(ANCHOR, record))
    assert [words for words in said if words not in text] == []
    assert f"record 7, {SHA}" in text
    assert "by ada@host" in text


@given(RECORDS)
def test_no_record_is_too_odd_to_be_told(record: RecordBase) -> None:
    assert told(ANCHOR, record).headline
