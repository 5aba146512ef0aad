"""Counters -> whole minutes in CloudWatch, as late as it is asked for."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import boto3  # type: ignore[import-untyped]
from botocore.config import Config  # type: ignore[import-untyped]
from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]

from sandbox.aws import REGION

PERIOD = 60.0
BATCH = 500
Json = dict[str, Any]
Counts = Mapping[str, int]
Points = Callable[[Counts, float], Iterable[Json]]
"""The metrics of what was counted in the minute that began then."""


@dataclass
class Minutes:
    """`look` is called several times a second; a minute is cut where the first look after its end falls."""

    send: Callable[[list[Json]], None]
    clock: Callable[[], float] = time.time
    _minute: float = 0.0
    _before: dict[str, int] = field(default_factory=dict)
    _waiting: list[tuple[float, list[Json]]] = field(default_factory=list)
    """What is to be sent, and when."""

    def look(self, points: Points, read: Callable[[], Counts], lateness: float) -> None:
        """Cut a minute when one is over, and send what is due. Raises OSError when the counters cannot be read: what
        was counted then belongs to the minute in which they can be."""
        now = self.clock()
        minute = now // PERIOD * PERIOD
        if minute != self._minute:
            counted = dict(read())
            if self._minute:
                data = list(points(grown(self._before, counted), minute - PERIOD))
                self._waiting.append((minute + lateness, data))
            self._before, self._minute = counted, minute
        while self._waiting and self._waiting[0][0] <= now:
            data = self._waiting.pop(0)[1]
            for first in range(0, len(data), BATCH):
                self.send(data[first : first + BATCH])


def grown(before: Counts, now: Counts) -> dict[str, int]:
    """By how much each counter has grown; one that is smaller than it was began anew."""
    return {name: value - before.get(name, 0) if value >= before.get(name, 0) else value for name, value in now.items()}


def sender(endpoint: str, namespace: str) -> Callable[[list[Json]], None]:
    """Sends to CloudWatch; what it does not take is lost, with a line in the log."""
    patience = Config(retries={"total_max_attempts": 3}, connect_timeout=2, read_timeout=5)
    session = boto3.session.Session("test", "test", region_name=REGION)
    client = session.client("cloudwatch", endpoint_url=endpoint, config=patience)

    def send(data: list[Json]) -> None:
        try:
            client.put_metric_data(Namespace=namespace, MetricData=data)
        except (BotoCoreError, ClientError) as error:
            sys.stderr.write(f"{namespace}: {len(data)} counts are lost: {error}\n")

    return send
