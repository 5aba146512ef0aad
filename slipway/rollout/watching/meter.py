"""The looks of a watch: counters -> the counts of a window, and the counters that the next one is compared with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slipway.release.errors import ClusterError
from slipway.release.rollout_inputs import Backend, RolloutInputs
from slipway.release.units import Percent
from slipway.release.watch_inputs import WatchInputs
from slipway.rollout.analysis.clients import Memory
from slipway.rollout.analysis.sampling import ALL
from slipway.rollout.analysis.types import Tick
from slipway.rollout.measurement.log_ledger import LogLedger
from slipway.rollout.metrics.base import Meter, Resumable, Snapshot
from slipway.rollout.metrics.clients import KEPT_MOST, ClientLedger
from slipway.rollout.metrics.counters import carry, deltas, is_older

OBSERVED = 30.0
"""Seconds for which a client is observed before it counts as good or bad."""
NOTHING = Memory({}, ALL)


class WatchMeter:
    """Windows are in seconds since `opened`; all times here are of the clock that `look` is called with. `before` are
    the counters that the next look is compared with, as they were at `counted`; another process may have left them."""

    def __init__(
        self,
        source: Meter,
        wanted: RolloutInputs,
        watch: WatchInputs,
        baseline: Backend | None,
        opened: float,
    ) -> None:
        self._source = source
        self._wanted = wanted
        self._guardrails = watch.guardrails
        self._baseline = baseline
        self._opened = opened
        self.before: Snapshot | None = None
        self.counted = 0.0
        counting = [guardrail.name for guardrail in watch.guardrails if guardrail.nature.counts == "clients"]
        self._clients = {name: ClientLedger(OBSERVED, thins=True) for name in counting}
        self._logs = {one.name: LogLedger(opened) for one in watch.guardrails if one.nature.by_signature}

    def reached(self) -> dict[str, Any]:
        """What another process goes on with beside the counters, as plain JSON values of bounded size: how far what is
        handed on once was read, and the clients that are being observed."""
        most = KEPT_MOST // max(1, len(self._clients))
        found: dict[str, Any] = {"clients": {name: one.to_json(most) for name, one in self._clients.items()}}
        if isinstance(self._source, Resumable):
            found["source"] = self._source.reached()
            for name, ledger in self._logs.items():  # a window that no look has counted yet is read once more
                if ledger.waits_from is not None:
                    _read_again(found["source"], name, ledger.waits_from)
        return found

    def go_on(self, reached: Mapping[str, Any]) -> None:
        """From where another process was. Raises ValueError when it is something else."""
        source, clients = reached.get("source"), reached.get("clients", {})
        if source is None or not isinstance(self._source, Resumable):
            return
        self._source.go_on(source)
        for name, ledger in self._clients.items():
            if name in clients:
                ledger.go_on(clients[name])

    def forget(self) -> None:
        """The traffic was moved by others meanwhile: the next look is compared with none before it."""
        self.before, self.counted = None, 0.0

    def look(self, now: float, weight: Percent, known: Mapping[str, Memory]) -> Tick | None:
        """The window that ends now. None on the first look and while there is nothing new; one without counts when no
        source could be read. `known` is what the evidence says of single clients, by guardrail."""
        try:
            after = self._source.snapshot(self._guardrails, self._wanted.candidate, self._baseline)
        except ClusterError as error:
            return self._blind(str(error), weight)
        if after.traffic_error is not None:
            return self._blind(after.traffic_error, weight)
        self._take_once(after, now)
        before = self.before
        if before is not None and (after.at == before.at or is_older(after.at, before.at)):
            return self._failed(after.errors, weight) if after.errors else None
        began = self.counted
        self.before, self.counted = carry(before, after), now
        if before is None:
            return self._failed(after.errors, weight) if after.errors else None
        counts = {name: found for name, found in deltas(before, after).items() if name not in self._clients}
        for name, ledger in self._clients.items():
            if name in after.readings and name not in after.errors:
                clients, betting = known.get(name, NOTHING)
                counts[name] = ledger.counts(clients, weight, now, betting)
        for name, logs in self._logs.items():
            if name not in after.errors:
                counts[name] = logs.settle()[0]
        at, length = round(now - self._opened, 3), round(now - began, 3)
        return Tick(at, at, length, weight, counts, after.errors)

    def _take_once(self, after: Snapshot, now: float) -> None:
        for name, ledger in self._clients.items():
            reading = after.readings.get(name)
            if reading is not None and reading.clients is not None:
                ledger.take(reading.clients, now, now - self._opened)
        for name, logs in self._logs.items():
            reading = after.readings.get(name)
            if reading is not None:
                logs.take(reading.logs)

    def _blind(self, why: str, weight: Percent) -> Tick:
        return self._failed({guardrail.name: why for guardrail in self._guardrails}, weight)

    @staticmethod
    def _failed(errors: Mapping[str, str], weight: Percent) -> Tick:
        """At 0 s, so that it is no window: what is counted later covers this time."""
        return Tick(0.0, 0.0, 0.0, weight, {}, errors)


def _read_again(source: Mapping[str, Any], name: str, start: float) -> None:
    for kind in ("logs", "traces"):
        if name in source.get(kind, {}):
            source[kind][name]["end"] = start
