"""Which routes claim the same requests at a gateway. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from slipway.release.manifest.route import Route
from slipway.release.manifest.route_rules import RouteRule
from slipway.rollout.routers.parts import Json, matches
from slipway.rollout.routers.ruled import api_json


def share_a_match(spec: Mapping[str, Any], route: Route, wanted: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a live route's spec has a host name and a match of `route`, whose matches are `wanted`."""
    hosts = spec.get("hostnames") or []
    if not any(overlap(one, other) for one in hosts for other in route.hostnames):
        return False
    live = [match for rule in spec.get("rules") or [] for match in rule.get("matches") or []]
    return any(match in live for match in wanted)


def loses_to_methods(spec: Mapping[str, Any], namespace: str, route: Route) -> bool:
    """Whether a live route of `namespace`, told apart from `route` by headers or parameters alone, would lose requests
    to the same matches with a method: among equal host names and paths a method counts before both."""
    parents = {(one.get("namespace") or namespace, one.get("name")) for one in spec.get("parentRefs") or []}
    gateway = route.gateway
    if gateway is None or (gateway.namespace, gateway.name) not in parents:
        return False
    if not set(spec.get("hostnames") or []) & set(route.hostnames):
        return False
    live = [match for rule in spec.get("rules") or [] for match in rule.get("matches") or []]
    owned = matches(route) if route.rules is None else [one for rule in route.own_rules for one in _of(rule)]
    without = [own for own in owned if not own.get("method")]
    return any(_is_narrower(one, own) for one in live for own in without)


def claims(route: Route) -> list[Json]:
    """Every match of the route, in all of its rules."""
    return matches(route) if route.rules is None else [one for rule in route.rules for one in _of(rule)]


def _of(rule: RouteRule) -> list[Json]:
    return [api_json(match) for match in rule.matched]


def _is_narrower(live: Mapping[str, Any], own: Mapping[str, Any]) -> bool:
    path, ours = live.get("path") or {}, own["path"]
    if (path.get("type", "PathPrefix"), path.get("value", "/")) != (ours["type"], ours["value"]) or live.get("method"):
        return False
    for kind in ("headers", "queryParams"):
        wanted = {one["name"].lower(): one["value"] for one in own.get(kind) or [] if _is_exact(one)}
        exact = [one for one in live.get(kind) or [] if _is_exact(one)]
        if any(wanted.get(one["name"].lower(), one["value"]) != one["value"] for one in exact):
            return False  # No request has both.
    return _rank(live) > _rank(own)


def _is_exact(condition: Mapping[str, Any]) -> bool:
    return bool(condition.get("type", "Exact") == "Exact")


def _rank(match: Mapping[str, Any]) -> tuple[int, int]:
    return len(match.get("headers") or []), len(match.get("queryParams") or [])


def overlap(one: str, other: str) -> bool:
    """Whether two host names have one in common; `*.` stands for any label before it."""
    return covers(one, other) or covers(other, one)


def covers(pattern: str, host: str) -> bool:
    """Whether a host name is the other one, or below it."""
    return pattern == host or (pattern.startswith("*.") and host.endswith(pattern[1:]))
