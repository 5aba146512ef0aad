"""Envoy's counters -> whole minutes in CloudWatch, as late as it is asked for."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import boto3  # type: ignore[import-untyped]
from botocore.config import Config  # type: ignore[import-untyped]
from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]

from sandbox.aws import REGION
from sandbox.aws.elb.view import View

NAMESPACE = "AWS/ApplicationELB"
PERIOD = 60.0
METRICS = {
    "upstream_rq_completed": "RequestCount",
    "upstream_rq_2xx": "HTTPCode_Target_2XX_Count",
    "upstream_rq_3xx": "HTTPCode_Target_3XX_Count",
    "upstream_rq_4xx": "HTTPCode_Target_4XX_Count",
    "upstream_rq_5xx": "HTTPCode_Target_5XX_Count",
}
"""Envoy's counter of a cluster -> the metric of a target group."""
BATCH = 500
Json = dict[str, Any]
Counts = Mapping[str, int]


@dataclass
class Minutes:
    """`look` is called several times a second; a minute is cut where the first look after its end falls."""

    send: Callable[[list[Json]], None]
    clock: Callable[[], float] = time.time
    _minute: float = 0.0
    _before: dict[str, int] = field(default_factory=dict)
    _waiting: list[tuple[float, list[Json]]] = field(default_factory=list)
    """What is to be sent, and when."""

    def look(self, view: View, read: Callable[[], Counts], lateness: float) -> None:
        """Cut a minute when one is over, and send what is due. Raises OSError when the counters cannot be read: what
        was counted then belongs to the minute in which they can be."""
        now = self.clock()
        minute = now // PERIOD * PERIOD
        if minute != self._minute:
            counted = dict(read())
            if self._minute:
                data = list(points(view, grown(self._before, counted), minute - PERIOD))
                self._waiting.append((minute + lateness, data))
            self._before, self._minute = counted, minute
        while self._waiting and self._waiting[0][0] <= now:
            data = self._waiting.pop(0)[1]
            for first in range(0, len(data), BATCH):
                self.send(data[first : first + BATCH])


def grown(before: Counts, now: Counts) -> dict[str, int]:
    """By how much each counter has grown; one that is smaller than it was began anew."""
    return {name: value - before.get(name, 0) if value >= before.get(name, 0) else value for name, value in now.items()}


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


def sender(endpoint: str) -> Callable[[list[Json]], None]:
    """Sends to CloudWatch; what it does not take is lost, with a line in the log."""
    patience = Config(retries={"total_max_attempts": 3}, connect_timeout=2, read_timeout=5)
    session = boto3.session.Session("test", "test", region_name=REGION)
    client = session.client("cloudwatch", endpoint_url=endpoint, config=patience)

    def send(data: list[Json]) -> None:
        try:
            client.put_metric_data(Namespace=NAMESPACE, MetricData=data)
        except (BotoCoreError, ClientError) as error:
            sys.stderr.write(f"elb: {len(data)} counts are lost: {error}\n")

    return send
