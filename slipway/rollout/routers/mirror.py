"""Copies of requests in pure Gateway API: a rule for some methods with the filter RequestMirror.

The rule repeats every match of the users' rule with a method more, and among equal paths the match with a method wins;
it sends to the same backends, so that users see no difference. The answers to the copies are thrown away
(https://gateway-api.sigs.k8s.io/guides/http-request-mirroring/). An Envoy-based gateway counts them at the cluster of
the Service that got them, refused connections and timeouts as 503 and 504.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any

from slipway.release.manifest.plan import Mirrored
from slipway.release.rollout_inputs import Backend
from slipway.release.units import Percent, percent_of
from slipway.rollout.routers.parts import Json

FILTER = "RequestMirror"
ALL = 100.0
PARTS = 10_000
"""The denominator of a share that is no whole percent."""


def copying_rule(users: Mapping[str, Any], backend: Backend, mirrored: Mirrored) -> Json:
    """The users' rule for these methods, with the filter. ValueError where no match can have any of them."""
    found = copying(users, backend, mirrored)
    if found is None:
        raise ValueError(f"no match of the route is of {', '.join(mirrored.methods)}")
    return found


def copying(users: Mapping[str, Any], backend: Backend, mirrored: Mirrored) -> Json | None:
    """The same; None where no match can have any of the methods."""
    found = copy.deepcopy(dict(users))
    wanted: list[Json] = []
    for match in found["matches"]:
        own = match.get("method")
        methods = mirrored.methods if own is None else [own] if own in mirrored.methods else []
        wanted += [{**match, "method": method} for method in methods]
    if not wanted:
        return None
    filters = [*found.get("filters", []), _filter(backend, mirrored.percent)]
    return {**found, "matches": wanted, "filters": filters}


def is_copying(rule: Mapping[str, Any]) -> bool:
    """Whether a live rule has the filter."""
    return any(one.get("type") == FILTER for one in rule.get("filters") or [])


def copies(rules: Iterable[Mapping[str, Any]]) -> dict[str, Percent]:
    """Percent of the requests of a rule whose copies a Service gets, by its name; the highest where several copy."""
    found: dict[str, Percent] = {}
    for rule in rules:
        for one in rule.get("filters") or []:
            if one.get("type") == FILTER:
                told = one.get("requestMirror") or {}
                name = str((told.get("backendRef") or {}).get("name", ""))
                found[name] = max(found.get(name, 0.0), _percent(told))
    return found


def _filter(backend: Backend, percent: Percent) -> Json:
    to = {"group": "", "kind": "Service", "name": backend.entry, "port": backend.port}
    found: Json = {"backendRef": to}
    # All is what is copied where nothing is said, also by gateways that know no percentage.
    if percent < ALL and percent == int(percent):
        found["percent"] = int(percent)
    elif percent < ALL:
        found["fraction"] = {"numerator": max(1, round(percent * PARTS / ALL)), "denominator": PARTS}
    return {"type": FILTER, "requestMirror": found}


def _percent(told: Mapping[str, Any]) -> Percent:
    if told.get("percent") is not None:
        return float(told["percent"])
    part = told.get("fraction")
    return ALL if part is None else percent_of(float(part["numerator"]), float(part.get("denominator", ALL)))
