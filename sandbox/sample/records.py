"""What the load generator writes, one JSON object a line, read while it is still being written.

Instants named ``at``, ``first``, ``last``, ``start`` and ``end`` are seconds of the machine's monotonic clock, the one
of ``time.monotonic()``; ``wall`` is seconds since the epoch.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

ANY = None
"""In place of a version: every version."""

NOT_SENT = "not-sent"
"""The status of a request for which the generator itself was too late."""

NO_VERSION = "none"
"""The version of what did not come from the service: a proxy's own answer, or no answer."""


@dataclass(frozen=True)
class Failure:
    """One request that did not get a 2xx or 3xx response. ``status`` is the HTTP code or the client's own word for what
    happened: timeout, refused, reset, broken, not-sent, error."""

    at: float
    sent: float
    wall: float
    version: str
    status: str
    client: str = ""
    detail: str = ""


@dataclass(frozen=True)
class Cell:
    """Responses of one version and status: how many, when the first and the last of them ended."""

    count: int
    first: float
    last: float

    def plus(self, other: Cell) -> Cell:
        return Cell(self.count + other.count, min(self.first, other.first), max(self.last, other.last))


@dataclass(frozen=True)
class Interval:
    """The responses that ended between two instants. ``latency_ms`` holds p50, p99 and max of the successful ones by
    version; ``late_ms`` is how late the generator itself was at worst, which tells an overloaded machine."""

    start: float
    end: float
    sent: int
    late_ms: float
    responses: Mapping[str, Mapping[str, Cell]]
    latency_ms: Mapping[str, Mapping[str, float]]

    def count(self, version: str | None = ANY) -> int:
        return sum(cell.count for _, cell in _cells(self.responses, version))


@dataclass(frozen=True)
class Counts:
    """All that is known at one instant. The responses lag behind by up to one interval, the failures do not."""

    responses: Mapping[str, Mapping[str, Cell]] = field(default_factory=dict)
    failures: tuple[Failure, ...] = ()
    intervals: tuple[Interval, ...] = ()
    sent: int = 0
    finished: bool = False
    cpu_seconds: float = 0.0

    @property
    def by_version(self) -> dict[str, dict[str, int]]:
        """Number of responses by version, then by status."""
        return {name: {status: cell.count for status, cell in cells.items()} for name, cells in self.responses.items()}

    def count(self, version: str | None = ANY, status: str | None = None) -> int:
        """How many responses had this version and this status."""
        found = _cells(self.responses, version)
        return sum(cell.count for code, cell in found if status is None or code == status)

    def failed(self, version: str | None = ANY) -> int:
        """How many requests failed."""
        return sum(failure.version == version or version is ANY for failure in self.failures)

    def failures_between(self, start: float, end: float, version: str | None = ANY) -> tuple[Failure, ...]:
        """The failures whose end lies in ``[start, end)``."""
        return tuple(
            failure
            for failure in self.failures
            if start <= failure.at < end and (version is ANY or failure.version == version)
        )

    def first_failure(self, version: str | None = ANY) -> float | None:
        """When the first request failed; None when none did."""
        return min((one.at for one in self.failures if version is ANY or one.version == version), default=None)

    def fault_of(self, version: str, *, named: bool = True) -> tuple[float | None, float | None]:
        """When a version failed first, and when it last had traffic. Unless failures are `named`, they do not say which
        version failed: then all are this one's, but for requests that were never sent."""
        if named:
            return self.first_failure(version), self.last_response(version)
        failed = [one.at for one in self.failures if one.status != NOT_SENT]
        last = self.last_response(version)
        return min(failed, default=None), max([*failed, *(() if last is None else (last,))], default=None)

    def first_response(self, version: str) -> float | None:
        """When the first response of this version came, whatever its status."""
        return min((cell.first for _, cell in _cells(self.responses, version)), default=None)

    def last_response(self, version: str) -> float | None:
        """When the latest response of this version came, whatever its status."""
        return max((cell.last for _, cell in _cells(self.responses, version)), default=None)


class Reader:
    """Takes the records in pieces as they come, and keeps a half-written last line until its rest arrives.

    Unknown kinds of record and a line that is no JSON raise ``ValueError``: counts that skip what they cannot read
    would look like health.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._responses: dict[str, dict[str, Cell]] = {}
        self._failures: list[Failure] = []
        self._intervals: list[Interval] = []
        self._sent = 0
        self._cpu_seconds = 0.0
        self.started = False
        self.finished = False

    def feed(self, piece: bytes) -> None:
        *lines, self._rest = (self._rest + piece).split(b"\n")
        for line in lines:
            self._take(json.loads(line))

    def counts(self) -> Counts:
        return Counts(
            responses={version: dict(cells) for version, cells in self._responses.items()},
            failures=tuple(self._failures),
            intervals=tuple(self._intervals),
            sent=self._sent,
            finished=self.finished,
            cpu_seconds=self._cpu_seconds,
        )

    def _take(self, record: Mapping[str, Any]) -> None:
        match record["kind"]:
            case "start":
                self.started = True
            case "failure":
                self._failures.append(Failure(**{key: value for key, value in record.items() if key != "kind"}))
            case "interval":
                self._take_interval(_interval(record))
            case "total":
                self._check_total(record)
                self.finished, self._cpu_seconds = True, record["cpuSeconds"]
            case unknown:
                raise ValueError(f"unknown kind of load record: {unknown}")

    def _take_interval(self, interval: Interval) -> None:
        self._intervals.append(interval)
        self._sent += interval.sent
        for version, cells in interval.responses.items():
            sums = self._responses.setdefault(version, {})
            for status, cell in cells.items():
                sums[status] = sums[status].plus(cell) if status in sums else cell

    def _check_total(self, record: Mapping[str, Any]) -> None:
        if _parse_cells(record["responses"]) != self._responses:
            raise ValueError("the load generator's total differs from the sum of its intervals: records are missing")


def _interval(record: Mapping[str, Any]) -> Interval:
    return Interval(
        start=record["from"],
        end=record["to"],
        sent=record["sent"],
        late_ms=record["lateMs"],
        responses=_parse_cells(record["responses"]),
        latency_ms=record["latencyMs"],
    )


def _parse_cells(responses: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Cell]]:
    return {
        version: {status: Cell(cell["n"], cell["first"], cell["last"]) for status, cell in cells.items()}
        for version, cells in responses.items()
    }


def _cells(responses: Mapping[str, Mapping[str, Cell]], version: str | None) -> Iterable[tuple[str, Cell]]:
    for name, cells in responses.items():
        if version is ANY or name == version:
            yield from cells.items()
