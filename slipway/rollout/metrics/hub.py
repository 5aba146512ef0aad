"""The counters of all rollouts that one Prometheus judges: one query for several of them, instead of one each."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from slipway.rollout.metrics.envoy import CLUSTER, selector
from slipway.rollout.metrics.prometheus_answer import Json
from slipway.rollout.metrics.prometheus_api import Prometheus
from slipway.rollout.process.sharing import Shared

AT_ONCE = 40
"""Clusters of one query: it travels in the URL, which proxies keep below 8 KiB."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What one rollout wants to know: series of these names and clusters within the last `window` seconds."""

    names: tuple[str, ...]
    clusters: tuple[str, ...]
    window: float


class Hub:
    """Answers `Asked` with the series that it names, and those of each Envoy that have no cluster."""

    def __init__(self, api: Prometheus) -> None:
        self._api = api
        self._shared: Shared[Asked, list[Json]] = Shared(self._fetch)

    def ranges(self, asked: Asked, max_age: float) -> list[Json]:
        """As they were at most `max_age` seconds ago: see slipway.rollout.process.sharing. Raises ClusterError."""
        return self._shared.get(asked, asked.clusters, max_age) or []

    def _fetch(self, wanted: Collection[Asked]) -> Mapping[Asked, list[Json]]:
        alike: dict[tuple[tuple[str, ...], float], list[Asked]] = defaultdict(list)
        for one in wanted:
            alike[one.names, one.window].append(one)
        found: dict[Asked, list[Json]] = {}
        for (names, window), several in alike.items():
            for some in _shards(several):
                rows = self._api.ranges(selector(names, [name for one in some for name in one.clusters], window))
                found.update(_parted(some, rows))
        return found


def _shards(wanted: list[Asked]) -> list[list[Asked]]:
    found: list[list[Asked]] = []
    room = 0
    for one in wanted:
        if len(one.clusters) > room:
            found.append([])
            room = AT_ONCE
        found[-1].append(one)
        room -= len(one.clusters)
    return found


def _parted(wanted: list[Asked], rows: list[Json]) -> dict[Asked, list[Json]]:
    by_cluster: dict[str, list[Json]] = defaultdict(list)
    for row in rows:
        by_cluster[row["metric"].get(CLUSTER) or ""].append(row)
    return {one: [row for name in ("", *one.clusters) for row in by_cluster[name]] for one in wanted}


_hubs: dict[str, Hub] = {}
_making = threading.Lock()


def hub_of(api: Prometheus) -> Hub:
    """The one of this process for this server and these credentials."""
    with _making:
        if api.key not in _hubs:
            _hubs[api.key] = Hub(api)  # It keeps the connections, so that their id stays theirs.
        return _hubs[api.key]
