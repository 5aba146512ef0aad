from __future__ import annotations

import json
import math

from slipway.rollout.measurement.snapshots import snapshot_from_json, snapshot_to_json
from slipway.rollout.metrics.base import Reading, Series, Snapshot
from slipway.rollout.metrics.counters import deltas
from slipway.rollout.metrics.emitters import Emitters

LEFT = Snapshot(
    100.0,
    {
        "errors": Reading(
            {"a": Series(9, 1, {0.1: 8.0, math.inf: 9.0}, 8.0, 100.0)}, {}, emitters=Emitters(50.0, {"a": 7.0})
        )
    },
    {},
)


def test_counters_are_read_back_as_they_were_left() -> None:
    assert snapshot_from_json(json.loads(json.dumps(snapshot_to_json(LEFT)))) == LEFT


def test_another_process_tells_a_proxy_that_is_seen_late_from_a_new_one() -> None:
    before = snapshot_from_json(snapshot_to_json(LEFT))
    seen = {"late": Series(5000, 400, {}, at=110.0), "new": Series(3, 2, {}, at=110.0)}
    now = Reading(seen, {}, emitters=Emitters(110.0, {"late": 20.0, "new": 60.0}))
    counted = deltas(before, Snapshot(110.0, {"errors": now}, {}))["errors"].candidate
    assert (counted.total, counted.bad) == (3, 2)


def test_counters_that_an_older_version_left_know_no_emitters() -> None:
    data = snapshot_to_json(LEFT)
    del data["readings"]["errors"]["emitters"]
    assert snapshot_from_json(data).readings["errors"].emitters == Emitters()
