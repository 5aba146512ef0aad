from __future__ import annotations

import math
from typing import Any

import pytest

from sandbox import cluster, probes


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        ({"status": {"conditions": [{"type": "Ready", "status": "True"}]}}, True),
        ({"status": {"conditions": [{"type": "Ready", "status": "False"}]}}, False),
        ({"status": {"conditions": [{"type": "Other", "status": "True"}]}}, False),
        ({"status": None}, False),
        ({}, False),
    ],
)
def test_only_a_true_condition_of_that_kind_counts(resource: dict[str, Any], expected: bool) -> None:
    assert probes.condition(resource, "Ready") is expected


def test_a_nodes_heartbeat_is_its_latest_report() -> None:
    conditions = [{"lastHeartbeatTime": "2026-11-23T16:00:00Z"}, {"lastHeartbeatTime": "2026-11-23T16:00:05Z"}, {}]
    assert cluster.heartbeat({"status": {"conditions": conditions}}) == 1_795_449_605.0
    assert cluster.heartbeat({}) == 0.0
    assert math.isfinite(cluster.heartbeat({"status": {}}))


def test_a_closed_port_is_not_ready() -> None:
    assert not probes.http_ok("http://127.0.0.1:1/")
