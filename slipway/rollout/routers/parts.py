"""The building blocks of an HTTPRoute as plain JSON values. Pure.

Fields and defaults: https://gateway-api.sigs.k8s.io/reference/spec/ (v1). Everything that the API server would
default is written out, so that a route reads back as it was written.
"""

from __future__ import annotations

from typing import Any

from slipway.release.errors import ClusterError
from slipway.release.manifest.route import HeaderMatch, Match, Route
from slipway.release.rollout_inputs import Backend
from slipway.release.units import Percent
from slipway.rollout.routers.base import Split

WEIGHT_SUM = 10_000
"""Weights are integers; this sum makes one of them 0.01%."""
Json = dict[str, Any]


def weights(split: Split, total: int = WEIGHT_SUM) -> list[tuple[Backend, int]]:
    """Percent to integers that sum to `total`, by largest remainder; a backend with a share keeps at least the
    smallest, one with a share of 0 stands in the route without traffic. ValueError for a split that is none."""
    wanted = list(split.shares)
    names = {backend.entry for backend, _ in wanted}
    percents = [percent for _, percent in wanted]
    if len(names) != len(wanted) or min(percents, default=0) < 0 or abs(sum(percents) - 100) > 0.01:
        raise ValueError(f"shares must be those of different backends and sum to 100: {split.shares}")
    exact = [percent * total / 100 for percent in percents]
    whole = [max(1, int(value + 1e-6)) if value > 0 else 0 for value in exact]
    order = sorted((i for i in range(len(wanted)) if exact[i] > 0), key=lambda i: whole[i] - exact[i])
    for i in range(total - sum(whole)):
        whole[order[i % len(order)]] += 1
    while sum(whole) > total:
        whole[whole.index(max(whole))] -= 1
    return [(backend, weight) for (backend, _), weight in zip(wanted, whole, strict=True)]


def on_the_wire(percent: Percent) -> float:
    """As a weight of a route, before it is rounded."""
    return percent * WEIGHT_SUM / 100


def parent(route: Route) -> Json:
    """The Gateway that the route attaches to. Raises ClusterError when it names none."""
    gateway = route.gateway
    if gateway is None:
        raise ClusterError("route.gateway is missing: write the Gateway of the cluster")
    found: Json = {
        "group": "gateway.networking.k8s.io",
        "kind": "Gateway",
        "namespace": gateway.namespace,
        "name": gateway.name,
    }
    if gateway.section is not None:
        found["sectionName"] = gateway.section
    return found if gateway.port is None else {**found, "port": gateway.port}


def rule(matched: list[Json], backends: list[Json], timeout: float | None) -> Json:
    """What is matched goes to the backends; `timeout` in seconds."""
    found: Json = {"matches": matched, "backendRefs": backends}
    return found if timeout is None else {**found, "timeouts": {"request": duration(timeout)}}


def matches(route: Route, header: HeaderMatch | None = None) -> list[Json]:
    """Every match of the route; with `header` that one too: the more headers, the higher the precedence."""
    return [_match(match, header) for match in route.matches or (Match(),)]


def _match(match: Match, extra: HeaderMatch | None) -> Json:
    found: Json = {"path": {"type": match.path_type, "value": match.path}}
    if match.method is not None:
        found["method"] = match.method
    headers = [*match.headers, *([extra] if extra is not None else [])]
    if headers:
        found["headers"] = [{"type": "Exact", "name": header.name, "value": header.value} for header in headers]
    return found


def reference(backend: Backend, weight: int) -> Json:
    """One backend of a rule."""
    return {"group": "", "kind": "Service", "name": backend.entry, "port": backend.port, "weight": weight}


def duration(seconds: float) -> str:
    """A Duration as the Gateway API takes it (at most five digits a unit): `90.5` -> `1m30s500ms`."""
    rest, text = round(seconds * 1000), ""
    for unit, size in (("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)):
        count, rest = divmod(rest, size)
        text += f"{count}{unit}" if count else ""
    return text or "0s"
