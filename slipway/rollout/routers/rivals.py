"""Which routes claim the same requests at a gateway. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from slipway.release.manifest.route import Match, Route


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
    without = [own for own in route.matches or (Match(),) if own.method is None]
    return any(_is_narrower(one, own) for one in live for own in without)


def _is_narrower(live: Mapping[str, Any], own: Match) -> bool:
    path = live.get("path") or {}
    if (path.get("type", "PathPrefix"), path.get("value", "/")) != (own.path_type, own.path) or live.get("method"):
        return False
    headers, wanted = live.get("headers") or [], {header.name.lower(): header.value for header in own.headers}
    exact = [one for one in headers if one.get("type", "Exact") == "Exact"]
    if any(wanted.get(one["name"].lower(), one["value"]) != one["value"] for one in exact):
        return False  # No request has both.
    return (len(headers), len(live.get("queryParams") or [])) > (len(wanted), 0)


def overlap(one: str, other: str) -> bool:
    """Whether two host names have one in common; `*.` stands for any label before it."""
    return covers(one, other) or covers(other, one)


def covers(pattern: str, host: str) -> bool:
    """Whether a host name is the other one, or below it."""
    return pattern == host or (pattern.startswith("*.") and host.endswith(pattern[1:]))
