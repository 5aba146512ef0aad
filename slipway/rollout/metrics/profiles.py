"""The counters of any data plane, in the names that Envoy has for them. Pure.

Everything behind this file knows one set of names (slipway.rollout.metrics.envoy). A profile says how another data
plane calls the same things; here the question is put in its names, and the answer is brought into Envoy's.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from slipway.release.data_plane import DataPlane, escaped, filled
from slipway.release.rollout_inputs import Backend
from slipway.rollout.metrics import envoy
from slipway.rollout.metrics.envoy import (
    ACTIVE,
    ALIVE,
    BOUND,
    CLUSTER,
    CODE,
    COPIES,
    MEMBERS,
    REQUESTS,
    SECONDS,
    cluster_name,
)

Row = Mapping[str, Any]
GOOD, BAD = "2", "5"
"""How the status of what a profile calls good or bad begins."""
SCRAPER = ("job", "instance", "prometheus", "prometheus_replica", "replica")
"""Labels of who scraped: series that differ in them are copies, not parts of one count."""


@dataclass(frozen=True, slots=True)
class Lens:
    """One data plane in one namespace, as `name`. `route` is the name of the HTTPRoute of the service."""

    name: str
    plane: DataPlane
    namespace: str
    route: str
    of_pages: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether the names are the ones that everything behind knows: then nothing is translated."""
        return self.name == "contour" and not self.of_pages

    def selector(
        self, names: Sequence[str], backends: Sequence[Backend], window: float, *, copied: bool = False
    ) -> str:
        """One range selector for the metrics that are Envoy's `names` (without what this data plane has not), of these
        backends and, where they are `copied`, of copies, and for who is alive."""
        if self.is_plain:
            return envoy.selector(names, [cluster_name(self.namespace, one) for one in backends], window)
        metrics = self.metrics(names)
        sides = self.sides(backends, copied=copied)
        labels = {label: [side[label] for side in sides] for label in self.plane.side}
        labels |= {label: [escaped(value)] for label, value in self.plane.where.items()}
        # The empty alternative lets the sign of life through where it has no such label.
        said = [f"{label}=~{_quoted('|'.join((*dict.fromkeys(values), '')))}" for label, values in labels.items()]
        return f'{{__name__=~"{"|".join(metrics)}",{",".join(said)}}}[{math.ceil(window)}s]'

    def metrics(self, names: Sequence[str]) -> tuple[str, ...]:
        """What this data plane has of Envoy's `names`, and who is alive."""
        return tuple(dict.fromkeys((self.plane.alive.metric, *(own for name in names for own in self._own(name)))))

    def reading_pages(self) -> Lens:
        """The same for pages of Envoy that leave out what was never used: what it may send to has endpoints."""
        return replace(self, plane=self.plane.model_copy(update={"known": self.plane.endpoints}), of_pages=True)

    def alive(self, window: float) -> str:
        """A range selector for who is alive."""
        labels = self._filled(self.plane.alive.where, None)
        said = ",".join(f"{label}=~{_quoted(value)}" for label, value in labels.items())
        return f"{self.plane.alive.metric}{said and f'{{{said}}}'}[{window:g}s]"

    def read(self, rows: Sequence[Row], backends: Sequence[Backend], copied: Backend | None = None) -> list[Row]:
        """The same rows in Envoy's names; what is neither of the backends nor of the copies that `copied` gets is left
        out."""
        if self.is_plain:
            return list(rows)
        living = [one for row in rows if (one := self._living(row)) is not None]
        sides = {cluster_name(self.namespace, one): self.side(one) for one in backends}
        to = None if copied is None else cluster_name(self.namespace, copied)
        found = [one for row in rows if (one := self._counted(row, sides, to)) is not None]
        return [*living, *_summed(found), *self._zeros(living, rows, sides)]

    # -- in its names ------------------------------------------------------------------------------------------

    def _own(self, name: str) -> tuple[str, ...]:
        plane = self.plane
        known = (plane.known,) if plane.known is not None else ()
        theirs: dict[str, tuple[str | None, ...]] = {
            REQUESTS: (plane.requests, *known),
            SECONDS: (None if plane.duration is None else f"{plane.duration.histogram}_bucket",),
            ACTIVE: (plane.in_flight, *known),
            MEMBERS: (plane.endpoints,),
        }
        return tuple(one for one in theirs[name] if one is not None)

    def _values(self, backend: Backend | None) -> dict[str, str]:
        mine = {} if backend is None else {"service": backend.entry, "port": str(backend.port)}
        return {"namespace": self.namespace, "route": self.route, "service": "", "port": "", **mine}

    def side(self, backend: Backend) -> dict[str, str]:
        """The labels of one backend, as regular expressions."""
        return self._filled(self.plane.side, backend)

    def sides(self, backends: Sequence[Backend], *, copied: bool = False) -> list[dict[str, str]]:
        """Those of each, and of the copies where these are counted elsewhere and wanted."""
        copies = [self._filled(self.plane.copies, None)] if copied and self.plane.copies else []
        return [*map(self.side, backends), *copies]

    def _filled(self, patterns: Mapping[str, str], backend: Backend | None) -> dict[str, str]:
        return {label: filled(pattern, self._values(backend)) for label, pattern in patterns.items()}

    # -- in Envoy's names --------------------------------------------------------------------------------------

    def _living(self, row: Row) -> Row | None:
        metric, alive = row["metric"], self.plane.alive
        where = self._filled(alive.where, None)
        if metric.get("__name__") != alive.metric or not _has(metric, where):
            return None
        values = [one for one in row.get("values") or [] if alive.uptime or float(one[1]) > 0]
        if not alive.uptime:  # no age, so no restart is told by it
            values = [[at, "1"] for at, _ in values]
        return {"metric": _without(metric, {"__name__": ALIVE}), "values": values} if values else None

    def _counted(self, row: Row, sides: Mapping[str, Mapping[str, str]], copied: str | None) -> Row | None:
        metric, plane = row["metric"], self.plane
        if not all(metric.get(label) == value for label, value in plane.where.items()):
            return None
        cluster = next((name for name, side in sides.items() if _has(metric, side)), None)
        if cluster is None and copied is not None and plane.copies and _has(metric, self._filled(plane.copies, None)):
            cluster = copied + COPIES + " ".join(metric[label] for label in sorted(plane.copies))
        changed = None if cluster is None else self._renamed(metric)
        if changed is None:
            return None
        return {"metric": {**_without(metric, changed), CLUSTER: cluster}, "values": row.get("values") or []}

    def _renamed(self, metric: Mapping[str, str]) -> dict[str, str] | None:
        plane, name = self.plane, metric.get("__name__")
        if name == plane.requests:
            return {"__name__": REQUESTS, CODE: self._code(metric)}
        if plane.duration is not None and name == f"{plane.duration.histogram}_bucket":
            bound = metric.get("le", "")
            return {"__name__": SECONDS, BOUND: bound if plane.duration.unit == "ms" else _milliseconds(bound)}
        gauges = {plane.in_flight: ACTIVE, plane.endpoints: MEMBERS}
        return {"__name__": gauges[name]} if name is not None and name in gauges else None

    def _code(self, metric: Mapping[str, str]) -> str:
        plane = self.plane
        status = next((metric[label] for label in plane.status if metric.get(label)), "")
        also = any(re.fullmatch(bad, metric.get(label, "")) for label, bad in plane.also_bad.items())
        return f"{BAD if also or re.fullmatch(plane.bad, status) else GOOD}:{status}"

    def _zeros(self, living: Sequence[Row], rows: Sequence[Row], sides: Mapping[str, Mapping[str, str]]) -> list[Row]:
        """For each side that an emitter knows: no request is under way there, unless its own gauge says otherwise."""
        if self.plane.known is not None:
            known = [row for row in rows if row["metric"].get("__name__") == self.plane.known and row.get("values")]
            return [
                _zero(row, row["values"][-1][0], name)
                for row in known
                for name, side in sides.items()
                if _has(row["metric"], side)
            ]
        return [_zero(row, row["values"][-1][0], name) for row in living for name in sides]


def _zero(row: Row, at: float, cluster: str) -> Row:
    return {"metric": _without(row["metric"], {"__name__": ACTIVE, CLUSTER: cluster}), "values": [[at, "0"]]}


def _without(metric: Mapping[str, str], changed: Mapping[str, str]) -> dict[str, str]:
    """The labels of emitter and scraper, and the changed ones."""
    kept = {label: value for label, value in metric.items() if label == "pod" or label in SCRAPER}
    return {**kept, **changed}


def _has(metric: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    return all(re.fullmatch(pattern, metric.get(label, "")) for label, pattern in wanted.items())


def _milliseconds(bound: str) -> str:
    try:
        return bound if bound == "+Inf" else repr(float(bound) * 1000)
    except ValueError:
        return bound  # its reader says that it is no number


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _summed(rows: Iterable[Row]) -> list[Row]:
    """One row for all series that agree in what is left of their labels, where they are of the same scrapes: then they
    are parts of one emitter's count. Those of other scrapes are copies, and stay rows of their own."""
    alike: dict[tuple[tuple[str, str], ...], list[Row]] = defaultdict(list)
    for row in rows:
        if row["values"]:
            alike[tuple(sorted(row["metric"].items()))].append(row)
    return [_sum(parts) for several in alike.values() for parts in _by_scraper(several)]


def _by_scraper(rows: Sequence[Row]) -> list[list[Row]]:
    """Two series of one scrape have its time in common; two scrapers never do, to the millisecond."""
    found: list[tuple[set[float], list[Row]]] = []
    for row in sorted(rows, key=lambda one: -len(one["values"])):
        times = {float(at) for at, _ in row["values"]}
        group = next((one for one in found if not one[0].isdisjoint(times)), None)
        if group is None:
            found.append((times, [row]))
        else:
            group[0].update(times)
            group[1].append(row)
    return [parts for _, parts in found]


def _sum(parts: Sequence[Row]) -> Row:
    """A part that began later was zero before; a counter that vanished stays what it was, so that no restart is seen
    where there was none."""
    if len(parts) == 1:
        return parts[0]
    times = sorted({float(at) for part in parts for at, _ in part["values"]})
    gauge = parts[0]["metric"]["__name__"] in (ACTIVE, MEMBERS)
    if gauge:
        parts = [part for part in parts if float(part["values"][-1][0]) == times[-1]]
    steps = [[(float(at), float(value)) for at, value in part["values"]] for part in parts]
    values, places, seen = [], [0] * len(steps), [0.0] * len(steps)
    for at in times:
        for number, own in enumerate(steps):
            while places[number] < len(own) and own[places[number]][0] <= at:
                seen[number] = own[places[number]][1]
                places[number] += 1
        values.append([at, repr(sum(seen))])
    return {"metric": parts[0]["metric"], "values": values}
