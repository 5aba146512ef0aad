"""A route that Slipway did not make: what a manifest says of it, what of it a manifest cannot say, and how it is kept
so that it can be given back. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from slipway.release.errors import ClusterError
from slipway.release.manifest.route import GatewayReference, HeaderMatch, Match, Route

FORMER_ANNOTATION = "slipway.dev/former-route"
"""What the route was before it was taken over: its spec and labels as JSON."""
GATEWAY_GROUP = "gateway.networking.k8s.io"
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_DURATION = re.compile(r"([0-9]+)(ms|h|m|s)")
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Target:
    """The one Service that a rule sends everything to."""

    service: str
    port: int

    def __str__(self) -> str:
        return f"{self.service}:{self.port}"


@dataclass(frozen=True, slots=True)
class ForeignRoute:
    """A live route as a manifest says it. `problems` is what it cannot say, each with its place in the spec; while
    there are any, `route` and `target` are what could be understood, or None."""

    route: Route | None
    target: Target | None
    problems: tuple[str, ...]


def read_foreign(spec: Mapping[str, Any], namespace: str) -> ForeignRoute:
    """Every field of the spec is either understood or a problem, so that nothing is lost by writing it anew."""
    problems: list[str] = [*_unknown(spec, {"parentRefs", "hostnames", "rules"}, "spec")]
    gateway = _gateway(spec.get("parentRefs") or [], namespace, problems)
    rule = _only_rule(spec.get("rules") or [], problems)
    matches = tuple(_matches(rule.get("matches") or [], problems))
    target = _target(rule.get("backendRefs") or [], namespace, problems)
    timeout = _timeout(rule.get("timeouts") or {}, problems)
    hostnames = tuple(spec.get("hostnames") or ())
    if not hostnames:
        problems.append(
            "spec.hostnames is empty: the route takes every host name of its listener; name those it serves"
        )
    route = None
    if gateway is not None and hostnames:
        plain = () if matches == (Match(),) else matches
        route = Route(gateway=gateway, hostnames=hostnames, matches=plain, timeout=timeout)
    return ForeignRoute(route, target, tuple(problems))


def former_of(found: Mapping[str, Any]) -> str:
    """What is kept of a route that is taken over."""
    kept = {"spec": found["spec"], "labels": found["metadata"].get("labels") or {}}
    return json.dumps(kept, sort_keys=True, separators=(",", ":"))


def read_former(text: str) -> tuple[Json, dict[str, str]]:
    """Spec and labels. Raises ClusterError for what cannot be understood."""
    try:
        found = json.loads(text)
        spec, labels = found["spec"], found["labels"]
    except (ValueError, KeyError, TypeError):
        raise ClusterError(
            f"the annotation {FORMER_ANNOTATION} of the route cannot be understood, so it cannot be given back"
        ) from None
    return dict(spec), {str(key): str(value) for key, value in labels.items()}


def former_target(text: str) -> str:
    """The Service that a route sent everything to before it was taken over; empty for one that was not."""
    if not text:
        return ""
    spec, _ = read_former(text)
    return next((str(one["name"]) for rule in spec.get("rules") or [] for one in rule.get("backendRefs") or []), "")


def refuse_unequal(spec: Mapping[str, Any], namespace: str, route: Route, target: Target) -> None:
    """Raises ClusterError where a live route says anything but what the manifest does: `route`, with all of the traffic
    at `target`."""
    found = read_foreign(spec, namespace)
    problems = list(found.problems)
    if found.target is not None and found.target != target:
        problems.append(f"it sends to {found.target}, not {target}")
    if found.route is not None:
        wanted, live = _comparable(route), _comparable(found.route)
        problems += [
            f"route.{name} is {live[name]!r} there, {wanted[name]!r} here"
            for name in live
            if live[name] != wanted[name]
        ]
    if problems:
        raise ClusterError(
            f"the live route cannot be taken over, since it would not stay as it is: {'; '.join(problems)}. "
            "Write the manifest anew with `slipway adopt`"
        )


def _comparable(route: Route) -> Json:
    found = route.model_dump(mode="json", by_alias=True)
    return {
        **found,
        "hostnames": sorted(found["hostnames"]),
        "matches": found["matches"] or [Match().model_dump(mode="json", by_alias=True)],
    }


def _gateway(parents: list[Json], namespace: str, problems: list[str]) -> GatewayReference | None:
    if len(parents) != 1:
        problems.append(f"spec.parentRefs names {len(parents)} parents, and a manifest names one Gateway")
        return None
    (parent,) = parents
    problems += _unknown(parent, {"group", "kind", "namespace", "name", "sectionName"}, "spec.parentRefs[0]")
    if parent.get("kind", "Gateway") != "Gateway" or parent.get("group", GATEWAY_GROUP) != GATEWAY_GROUP:
        problems.append(f"spec.parentRefs[0] is a {parent.get('kind')}, not a Gateway")
        return None
    return GatewayReference(
        namespace=parent.get("namespace") or namespace, name=parent["name"], section=parent.get("sectionName")
    )


def _only_rule(rules: list[Json], problems: list[str]) -> Json:
    if len(rules) != 1:
        problems.append(f"spec.rules has {len(rules)} rules, and Slipway writes one for the users")
        return {}
    (rule,) = rules
    problems += _unknown(rule, {"matches", "backendRefs", "timeouts"}, "spec.rules[0]")
    return dict(rule)


def _matches(matches: list[Json], problems: list[str]) -> Iterator[Match]:
    for index, match in enumerate(matches):
        place = f"spec.rules[0].matches[{index}]"
        problems += _unknown(match, {"path", "method", "headers"}, place)
        path = match.get("path") or {}
        headers = match.get("headers") or []
        inexact = [one for one in headers if one.get("type", "Exact") != "Exact"]
        if inexact:
            problems.append(f"{place}.headers has a {inexact[0].get('type')}, and a manifest says exact ones")
            continue
        if path.get("type", "PathPrefix") not in ("PathPrefix", "Exact"):
            problems.append(f"{place}.path is a {path['type']}, and a manifest says PathPrefix and Exact")
            continue
        try:
            yield Match(
                path=path.get("value", "/"),
                path_type=path.get("type", "PathPrefix"),
                method=match.get("method"),
                headers=tuple(HeaderMatch(name=one["name"], value=one["value"]) for one in headers),
            )
        except ValidationError as error:
            first = error.errors()[0]
            problems.append(f"{place}.{'.'.join(map(str, first['loc']))}: {first['msg']}")


def _target(backends: list[Json], namespace: str, problems: list[str]) -> Target | None:
    place = "spec.rules[0].backendRefs"
    if len(backends) != 1:
        problems.append(f"{place} names {len(backends)} backends: another writer may hold weights there; leave one")
        return None
    (backend,) = backends
    problems += _unknown(backend, {"group", "kind", "namespace", "name", "port", "weight"}, f"{place}[0]")
    if backend.get("kind", "Service") != "Service" or backend.get("group", "") != "":
        problems.append(f"{place}[0] is a {backend.get('kind')}, not a Service")
        return None
    if backend.get("namespace", namespace) != namespace:
        problems.append(f"{place}[0] is in the namespace {backend['namespace']}, and the route in {namespace}")
    if backend.get("weight", 1) == 0:
        problems.append(f"{place}[0] has the weight 0: nothing is served")
    return Target(str(backend["name"]), int(backend["port"]))


def _timeout(timeouts: Json, problems: list[str]) -> float | None:
    problems += _unknown(timeouts, {"request"}, "spec.rules[0].timeouts")
    text = timeouts.get("request")
    if text is None:
        return None
    seconds = sum(int(count) * _UNITS[unit] for count, unit in _DURATION.findall(text))
    if seconds == 0:
        problems.append("spec.rules[0].timeouts.request is 0, no timeout at all, which a manifest cannot say")
        return None
    return seconds


def _unknown(holder: Mapping[str, Any], known: set[str], place: str) -> list[str]:
    """Fields with something in them that a manifest cannot say."""
    extra = sorted(name for name in holder if name not in known and holder[name] not in (None, [], {}))
    return [f"{place}.{name} cannot be kept: a manifest has no such field" for name in extra]
