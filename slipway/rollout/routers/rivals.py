"""Which routes claim the same requests at a gateway. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from slipway.release.manifest.route import Route


def share_a_match(spec: Mapping[str, Any], route: Route, wanted: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a live route's spec has a host name and a match of `route`, whose matches are `wanted`."""
    hosts = spec.get("hostnames") or []
    if not any(overlap(one, other) for one in hosts for other in route.hostnames):
        return False
    live = [match for rule in spec.get("rules") or [] for match in rule.get("matches") or []]
    return any(match in live for match in wanted)


def overlap(one: str, other: str) -> bool:
    """Whether two host names have one in common; `*.` stands for any label before it."""
    return covers(one, other) or covers(other, one)


def covers(pattern: str, host: str) -> bool:
    """Whether a host name is the other one, or below it."""
    return pattern == host or (pattern.startswith("*.") and host.endswith(pattern[1:]))
