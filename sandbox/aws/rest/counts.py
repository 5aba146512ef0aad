"""What was asked of each version, as counters for Prometheus and as minutes of AWS/Lambda."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

NAMESPACE = "AWS/Lambda"
INVOCATIONS, ERRORS = "Invocations", "Errors"
Json = dict[str, Any]


class Way(NamedTuple):
    """How a version was reached. `alias` is empty where it was asked for by its number, `set` the name of the function
    with the last word of the version's description."""

    function: str
    alias: str
    version: str
    set: str


@dataclass
class Count:
    """Of one way."""

    invocations: int = 0
    errors: int = 0
    active: int = 0


@dataclass
class Counters:
    """Safe for several threads."""

    began: float = field(default_factory=time.time)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _counts: dict[Way, Count] = field(default_factory=dict)

    def begin(self, way: Way) -> None:
        """An invocation is under way."""
        with self._lock:
            self._counts.setdefault(way, Count()).active += 1

    def end(self, way: Way, *, failed: bool) -> None:
        """It is over. It counts now."""
        with self._lock:
            found = self._counts[way]
            found.active -= 1
            found.invocations += 1
            found.errors += failed

    def read(self) -> dict[str, int]:
        """What has ended, by metric and way."""
        with self._lock:
            pairs = [(way, (one.invocations, one.errors)) for way, one in self._counts.items()]
        return {
            f"{metric}:{way.function}:{way.alias}:{way.version}": value
            for way, values in pairs
            for metric, value in zip((INVOCATIONS, ERRORS), values, strict=True)
        }

    def text(self) -> str:
        """In the format of Prometheus. A status is that of an answer: 500 for an error of the function."""
        with self._lock:
            pairs = [(way, Count(one.invocations, one.errors, one.active)) for way, one in self._counts.items()]
        lines = ["# TYPE lambda_uptime_seconds gauge", f"lambda_uptime_seconds {time.time() - self.began:.3f}"]
        lines += ["# TYPE lambda_invocations_total counter"]
        for way, one in pairs:
            for status, value in (("200", one.invocations - one.errors), ("500", one.errors)):
                lines.append(f'lambda_invocations_total{{{_labels(way)},status="{status}"}} {value}')
        lines += ["# TYPE lambda_active gauge"]
        lines += [f"lambda_active{{{_labels(way)}}} {one.active}" for way, one in pairs]
        return "\n".join(lines) + "\n"


def points(counts: Mapping[str, int], minute: float) -> Iterator[Json]:
    """The metrics of the minute of each alias, and of each version that it led to. Errors are there with every count of
    invocations, 0 too."""
    whole: dict[tuple[str, str], list[int]] = {}
    for name, value in counts.items():
        metric, function, alias, version = name.split(":")
        if metric != INVOCATIONS or not value or not alias:
            continue
        both = [value, counts[f"{ERRORS}:{function}:{alias}:{version}"]]
        yield from _pair(function, alias, both, minute, version)
        total = whole.setdefault((function, alias), [0, 0])
        total[:] = [one + other for one, other in zip(total, both, strict=True)]
    for (function, alias), both in whole.items():
        yield from _pair(function, alias, both, minute)


def _pair(function: str, alias: str, both: list[int], minute: float, version: str = "") -> Iterator[Json]:
    named = {"FunctionName": function, "Resource": f"{function}:{alias}"}
    named |= {"ExecutedVersion": version} if version else {}
    dimensions = [{"Name": name, "Value": value} for name, value in named.items()]
    moment = datetime.fromtimestamp(minute, UTC)
    for metric, value in zip((INVOCATIONS, ERRORS), both, strict=True):
        point = {"Timestamp": moment, "Value": float(value), "Unit": "Count"}
        yield {"MetricName": metric, "Dimensions": dimensions, **point}


def _labels(way: Way) -> str:
    return f'function="{way.function}",alias="{way.alias}",version="{way.version}",set="{way.set}"'
