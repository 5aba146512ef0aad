"""Outcomes of single clients from Envoy's JSON access log. The format is in docs/sticky-clients.md.

A client failed when it got a 5xx or, status 0, no answer at all (a client that left before its answer counts too).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slipway.release.errors import ClusterError
from slipway.release.manifest.guardrails import ClientKey
from slipway.release.rollout_inputs import AccessLog, Backend
from slipway.release.units import show_share
from slipway.rollout.analysis.clients import COARSE
from slipway.rollout.analysis.sides import Sides
from slipway.rollout.metrics.base import ClientEvents
from slipway.rollout.metrics.envoy import cluster_name
from slipway.rollout.metrics.salt import Salt
from slipway.rollout.metrics.tail import Tails

TOO_MANY = 0.5
"""From this share of requests without a key, or of lines that are no records, the reading is an error."""
ENOUGH = 100
"""Of so few requests no share is judged."""
NO_VALUE = ("", "-")
NO_RECORD = (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError)
"""What parsing raises for a line that is no record."""


@dataclass(frozen=True, slots=True)
class Record:
    """One request: its side, whether it failed, and the client's raw key ('' when there is none)."""

    candidate: bool
    failed: bool
    key: str


class AccessLogReader:
    """The log as one guardrail reads it. The first look finds nothing: it marks where the rollout begins."""

    def __init__(self, log: AccessLog, key: ClientKey, namespace: str, salt: Salt) -> None:
        self._log = log
        self._key = key
        self._namespace = namespace
        self._salt = salt
        # Who sends one cookie back sends the route's too, and keeps its draw. Any other key may stand for clients
        # without a cookie jar, who are drawn anew with each request.
        self._prefix = "" if key.cookie is not None else COARSE
        self._tails = Tails(log.path)
        self._requests = {True: 0, False: 0}
        self._keyless = {True: 0, False: 0}
        self._malformed = 0

    def look(self, candidate: Backend, baseline: Backend | None) -> ClientEvents:
        """What was logged since the last look. Raises ClusterError when it cannot be read or cannot be trusted."""
        sides = {True: _names(self._namespace, candidate)}
        if baseline is not None:
            sides[False] = _names(self._namespace, baseline)
        seen: Sides[set[str]] = Sides(set(), set())
        failures: list[tuple[str, bool]] = []
        alive: set[bool] = set()
        for record in self._records(sides):
            alive.add(record.candidate)
            if not record.key:
                continue
            key = self._prefix + self._salt.hashed(record.key)
            seen.of(record.candidate).add(key)
            if record.failed:
                failures.append((key, record.candidate))
        self._trust()
        shown = Sides(*map(frozenset, seen))
        return ClientEvents(shown, tuple(failures), Sides(True in alive, False in alive), self._note())

    def reached(self) -> dict[str, Any]:
        """How far its files are read, and what was counted of them."""
        sides = [[self._requests[side], self._keyless[side]] for side in (True, False)]
        return {"files": self._tails.reached(), "sides": sides, "malformed": self._malformed + self._tails.overlong}

    def go_on(self, reached: Mapping[str, Any]) -> None:
        """From where another process was. Raises one of ValueError, TypeError and KeyError."""
        self._tails.go_on(reached["files"])
        for side, (requests, keyless) in zip((True, False), reached["sides"], strict=True):
            self._requests[side], self._keyless[side] = int(requests), int(keyless)
        self._malformed = int(reached["malformed"])

    def _records(self, sides: dict[bool, tuple[str, ...]]) -> list[Record]:
        # Other services' requests are the many: they are told apart before anything is parsed.
        marks = [name.encode() for names in sides.values() for name in names]
        found = []
        for line in self._tails.lines():
            if not any(mark in line for mark in marks):
                self._malformed += not line.startswith(b"{")
                continue
            try:
                record = self._record(json.loads(line), sides)
            except NO_RECORD:
                self._malformed += 1
                continue
            if record is not None:
                found.append(record)
                self._requests[record.candidate] += 1
                self._keyless[record.candidate] += not record.key
        return found

    def _record(self, line: dict[str, Any], sides: dict[bool, tuple[str, ...]]) -> Record | None:
        """None for a request to another service. Raises one of NO_RECORD for what is none."""
        cluster = line[self._log.cluster] or ""
        side = next((side for side, names in sides.items() if _is_of(cluster, names)), None)
        status = int(line[self._log.status])
        if side is None:
            return None
        return Record(side, status == 0 or status >= 500, self._key_of(line))

    def _key_of(self, line: dict[str, Any]) -> str:
        value = line.get(self._key.field)
        if value is None or value in NO_VALUE:
            return ""
        return str(value) if self._key.cookie is None else cookie(str(value), self._key.cookie)

    def _trust(self) -> None:
        malformed = self._malformed + self._tails.overlong
        if malformed >= ENOUGH and malformed >= TOO_MANY * (malformed + sum(self._requests.values())):
            raise ClusterError(
                f"{malformed:,} lines of the access log {self._log.path} are no JSON objects with the fields "
                f"{self._log.cluster} and {self._log.status}; log these, or name yours in releases:metrics accessLog"
            )
        # Each side by itself: a candidate without keys, at 5% of the traffic, would otherwise look like an idle one.
        for side, requests in self._requests.items():
            if requests >= ENOUGH and self._keyless[side] >= TOO_MANY * requests:
                where = f"the cookie {self._key.cookie} in {self._key.field}" if self._key.cookie else self._key.field
                raise ClusterError(
                    f"{show_share(self._keyless[side] / requests)} of {requests:,} requests of the "
                    f"{'candidate' if side else 'baseline'} carry no client key in the access log ({where}); log it, "
                    "or correct key of the guardrail"
                )

    def _note(self) -> str:
        parts = []
        if keyless := sum(self._keyless.values()):
            share = show_share(keyless / sum(self._requests.values()))
            parts.append(f"{share} of the requests carry no key and are not counted")
        if malformed := self._malformed + self._tails.overlong:
            parts.append(f"{malformed:,} lines of the access log are no records")
        return ", ".join(parts)


def cookie(header: str, name: str) -> str:
    """The value of one cookie of a Cookie header; '' when it is not there (RFC 6265, section 4.2)."""
    for pair in header.split(";"):
        found, equals, value = pair.strip().partition("=")
        if equals and found == name:
            return value.strip().strip('"')
    return ""


def _names(namespace: str, backend: Backend) -> tuple[str, ...]:
    """A cluster as Envoy's statistics name it, and as Contour does where the log has that name."""
    return cluster_name(namespace, backend), f"{namespace}/{backend.entry}/{backend.port}/"


def _is_of(cluster: str, names: Sequence[str]) -> bool:
    return cluster == names[0] or cluster.startswith(names[1])
