"""The sources of single clients' outcomes: one reader for each client-failures guardrail, all with one salt."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from slipway.release.errors import ClusterError
from slipway.release.manifest.guardrails import ClientFailures
from slipway.release.rollout_inputs import AccessLog, Backend
from slipway.rollout.metrics.access_log import AccessLogReader
from slipway.rollout.metrics.base import ClientEvents, Reading
from slipway.rollout.metrics.bitmaps import BitmapReader
from slipway.rollout.metrics.draft import Draft
from slipway.rollout.metrics.prometheus_api import Prometheus
from slipway.rollout.metrics.readers import ReadRequest
from slipway.rollout.metrics.salt import Salt
from slipway.rollout.process import clock


class ClientSources:
    """Holds the readers, which remember how far they have read. `now` is Unix seconds."""

    def __init__(
        self, api: Prometheus, namespace: str, access_log: AccessLog | None, now: Callable[[], float] = clock.now
    ) -> None:
        self._api = api
        self._namespace = namespace
        self._access_log = access_log
        self._now = now
        self._salt = Salt()
        self._logs: dict[str, AccessLogReader] = {}
        self._bitmaps: dict[str, BitmapReader] = {}
        self._left: Mapping[str, Any] = {}
        """How far another process had read, by guardrail."""

    def reached(self) -> dict[str, Any]:
        """How far each guardrail was read, and the salt of the keys."""
        readers: dict[str, AccessLogReader | BitmapReader] = {**self._logs, **self._bitmaps}
        return {"salt": self._salt.to_json(), "read": {name: one.reached() for name, one in readers.items()}}

    def go_on(self, reached: Mapping[str, Any]) -> None:
        """From where another process was. Raises KeyError, TypeError or ValueError."""
        self._salt, self._left = Salt(bytes.fromhex(reached["salt"])), dict(reached["read"])
        self._logs, self._bitmaps = {}, {}

    def read_all(self, guardrails: Sequence[ClientFailures], look: ReadRequest, draft: Draft) -> None:
        """Each of them."""
        for guardrail in guardrails:
            self.read(guardrail, look.candidate, look.baseline, draft)

    def read(self, guardrail: ClientFailures, candidate: Backend, baseline: Backend | None, draft: Draft) -> None:
        """Add what is new since the last look, or why it could not be read."""
        try:
            if guardrail.source == "bitmap":
                at, events = self._bitmap(guardrail).look(candidate, baseline)
                draft.seen(at)
            else:
                events = self._log(guardrail).look(candidate, baseline)
                if not draft.at:  # A log has no time of its own: where another source has one, that one counts.
                    draft.seen(self._now())
        except ClusterError as error:
            draft.fail([guardrail.name], error)
        else:
            draft.readings[guardrail.name] = reading_of(events)

    def _bitmap(self, guardrail: ClientFailures) -> BitmapReader:
        if guardrail.name not in self._bitmaps:
            self._bitmaps[guardrail.name] = reader = BitmapReader(self._api, guardrail, self._salt)
            if (left := self._left.get(guardrail.name)) is not None:
                reader.go_on(left)
        return self._bitmaps[guardrail.name]

    def _log(self, guardrail: ClientFailures) -> AccessLogReader:
        if guardrail.name in self._logs:
            return self._logs[guardrail.name]
        if guardrail.source is None or guardrail.key is None:
            raise ClusterError("it does not say where single clients' outcomes are read: write source and key")
        if self._access_log is None:
            raise ClusterError("the stack does not say where the access log is: write releases:metrics accessLog.path")
        reader = AccessLogReader(self._access_log, guardrail.key, self._namespace, self._salt)
        if (left := self._left.get(guardrail.name)) is not None:
            reader.go_on(left)
        self._logs[guardrail.name] = reader
        return reader


def reading_of(events: ClientEvents) -> Reading:
    """Events of clients as a reading."""
    return Reading({}, {}, clients=events)
