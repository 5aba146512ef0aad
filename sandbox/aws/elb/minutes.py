"""Envoy's counters of a minute -> the metrics of AWS/ApplicationELB."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from sandbox.aws.elb.view import View

NAMESPACE = "AWS/ApplicationELB"
METRICS = {
    "upstream_rq_completed": "RequestCount",
    "upstream_rq_2xx": "HTTPCode_Target_2XX_Count",
    "upstream_rq_3xx": "HTTPCode_Target_3XX_Count",
    "upstream_rq_4xx": "HTTPCode_Target_4XX_Count",
    "upstream_rq_5xx": "HTTPCode_Target_5XX_Count",
}
"""Envoy's counter of a cluster -> the metric of a target group."""
Json = dict[str, Any]
Counts = Mapping[str, int]


def points(view: View, counts: Counts, minute: float) -> Iterator[Json]:
    """The metrics of a minute: only where there were requests, and a code only where it was answered."""
    for group in view.groups.values():
        for balancer in view.users(group.arn):
            dimensions = [
                {"Name": "LoadBalancer", "Value": balancer.partition("loadbalancer/")[2]},
                {"Name": "TargetGroup", "Value": group.arn.rpartition(":")[2]},
            ]
            for counter, metric in METRICS.items():
                if value := counts.get(f"cluster.{group.name}.{counter}", 0):
                    moment = datetime.fromtimestamp(minute, UTC)
                    point = {"Timestamp": moment, "Value": float(value), "Unit": "Count"}
                    yield {"MetricName": metric, "Dimensions": dimensions, **point}
