"""An HTTPRoute of the Gateway API as plain JSON values: what is wanted, and what a live one says. Pure.

Fields and defaults: https://gateway-api.sigs.k8s.io/reference/spec/ (v1). Everything that the API server would
default is written out, so that a route reads back as it was written.
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from release.errors import ClusterError
from release.manifest.route import HeaderMatch, Match, Route
from release.manifest.strategy import Preview
from release.rollout_inputs import Backend
from rollout.routers.base import Split

WEIGHT_SUM = 10_000
"""Weights are integers; this sum makes one of them 0.01%."""
Json = dict[str, Any]


def spec_of(route: Route, split: Split) -> Json:
    """The spec of the service's route."""
    return _spec(route, split.preview, [_reference(backend, weight) for backend, weight in weights(split)])


def wanted_body(route: Route, preview: tuple[Backend, Preview] | None) -> str:
    """The `body_of` of what `spec_of` and `preview_spec_of` give, whoever gets the traffic."""
    return body_of(_spec(route, preview, []), preview_spec_of(route, preview))


def preview_spec_of(route: Route, preview: tuple[Backend, Preview] | None) -> Json | None:
    """The spec of the second route, when the preview has a host name of its own: the API binds host names to a
    whole route, so that this cannot be a rule of the first one."""
    if preview is None or preview[1].host is None:
        return None
    rule = _rule(_matches(route), [_reference(preview[0], 1)], route.timeout)
    return {"parentRefs": [_parent(route)], "hostnames": [preview[1].host], "rules": [rule]}


def weights(split: Split) -> list[tuple[Backend, int]]:
    """Percent to integers that sum to WEIGHT_SUM, by largest remainder; a backend with a share keeps at least the
    smallest, one with a share of 0 stands in the route without traffic. ValueError for a split that is none."""
    wanted = list(split.shares)
    names = {backend.service for backend, _ in wanted}
    percents = [percent for _, percent in wanted]
    if len(names) != len(wanted) or min(percents, default=0) < 0 or abs(sum(percents) - 100) > 0.01:
        raise ValueError(f"shares must be those of different backends and sum to 100: {split.shares}")
    exact = [percent * WEIGHT_SUM / 100 for percent in percents]
    whole = [max(1, int(value + 1e-6)) if value > 0 else 0 for value in exact]
    order = sorted((i for i in range(len(wanted)) if exact[i] > 0), key=lambda i: whole[i] - exact[i])
    for i in range(WEIGHT_SUM - sum(whole)):
        whole[order[i % len(order)]] += 1
    while sum(whole) > WEIGHT_SUM:
        whole[whole.index(max(whole))] -= 1
    return [(backend, weight) for (backend, _), weight in zip(wanted, whole, strict=True)]


def shares_of(spec: Mapping[str, Any]) -> dict[str, float]:
    """Percent per Service name of the users' rule; 0 for those that stand in it without traffic."""
    rules = spec.get("rules") or []
    found: dict[str, float] = {}
    for reference in (rules[-1].get("backendRefs") or []) if rules else []:
        weight = reference.get("weight", 1)
        found[reference["name"]] = found.get(reference["name"], 0.0) + weight
    total = sum(found.values())
    return {name: round(100.0 * weight / total, 4) if total else 0.0 for name, weight in found.items()}


def body_of(spec: Mapping[str, Any], preview: Mapping[str, Any] | None) -> str:
    """Hash of everything but who gets the users' traffic, and how much of it."""
    rest = copy.deepcopy(dict(spec))
    for rule in (rest.get("rules") or [])[-1:]:
        rule.pop("backendRefs", None)
    text = json.dumps([rest, preview], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def acceptance(live: Mapping[str, Any]) -> str:
    """Empty when the gateway has accepted this generation with all references resolved, otherwise why not."""
    generation = live["metadata"].get("generation")
    namespace = live["metadata"]["namespace"]
    problems = []
    for parent in live["spec"].get("parentRefs") or []:
        entries = [
            entry.get("conditions") or []
            for entry in (live.get("status") or {}).get("parents") or []
            if _key(entry.get("parentRef") or {}, namespace) == _key(parent, namespace)
        ]
        problem = _judged(entries, generation)
        if problem:
            gateway = f"{parent.get('namespace') or namespace}/{parent['name']}"
            problems.append(f"Gateway {gateway}: {problem}")
    return "; ".join(problems)


def _judged(entries: Sequence[Sequence[Mapping[str, Any]]], generation: int | None) -> str:
    current = [
        {c["type"]: c for c in conditions if c.get("observedGeneration") == generation} for conditions in entries
    ]
    for conditions in current:
        for name in ("Accepted", "ResolvedRefs"):
            found = conditions.get(name)
            if found is not None and found.get("status") != "True":
                text = " ".join(str(found.get("message") or "no message").split())
                return f"{name} is {found.get('status')}: {found.get('reason')}: {text}"
    if any("Accepted" in conditions and "ResolvedRefs" in conditions for conditions in current):
        return ""
    return (
        f"has not judged generation {generation} of the route yet; if it stays so, check that the Gateway exists, "
        "that its controller runs and that a listener admits this namespace"
    )


def _spec(route: Route, preview: tuple[Backend, Preview] | None, references: list[Json]) -> Json:
    """The preview by header comes first, the users' rule last."""
    rules = []
    if preview is not None and preview[1].header is not None:
        rules.append(_rule(_matches(route, preview[1].header), [_reference(preview[0], 1)], route.timeout))
    rules.append(_rule(_matches(route), references, route.timeout))
    return {"parentRefs": [_parent(route)], "hostnames": list(route.hostnames), "rules": rules}


def _key(parent: Mapping[str, Any], namespace: str) -> tuple[Any, ...]:
    return (
        parent.get("kind") or "Gateway",
        parent.get("namespace") or namespace,
        parent.get("name"),
        parent.get("sectionName") or None,
        parent.get("port"),
    )


def _parent(route: Route) -> Json:
    gateway = route.gateway
    parent = {
        "group": "gateway.networking.k8s.io",
        "kind": "Gateway",
        "namespace": gateway.namespace,
        "name": gateway.name,
    }
    return parent if gateway.section is None else {**parent, "sectionName": gateway.section}


def _rule(matches: list[Json], backends: list[Json], timeout: float | None) -> Json:
    rule: Json = {"matches": matches, "backendRefs": backends}
    return rule if timeout is None else {**rule, "timeouts": {"request": duration(timeout)}}


def _matches(route: Route, header: HeaderMatch | None = None) -> list[Json]:
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


def _reference(backend: Backend, weight: int) -> Json:
    return {"group": "", "kind": "Service", "name": backend.service, "port": backend.port, "weight": weight}


def duration(seconds: float) -> str:
    """A Duration as the Gateway API takes it (at most five digits a unit): `90.5` -> `1m30s500ms`."""
    rest, text = round(seconds * 1000), ""
    for unit, size in (("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)):
        count, rest = divmod(rest, size)
        text += f"{count}{unit}" if count else ""
    return text or "0s"


def check_preview(preview: tuple[Backend, Preview] | None) -> None:
    """A preview that nobody can reach is an error."""
    if preview is not None and preview[1].header is None and preview[1].host is None:
        raise ClusterError(
            f"the preview of {preview[0].service} needs strategy.preview.header or strategy.preview.host"
        )
