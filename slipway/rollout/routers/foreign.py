"""A route that Slipway did not make: what a manifest says of it, what of it a manifest cannot say, and how it is kept
so that it can be given back. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slipway.release.errors import ClusterError
from slipway.release.manifest.route import GatewayReference, Match, Route
from slipway.release.manifest.route_rules import RouteMatch, RouteRule, RuleTimeouts
from slipway.rollout.routers.changes import describe_changes
from slipway.rollout.routers.foreign_rules import Target, read_rules
from slipway.rollout.routers.httproute import wanted_settings
from slipway.rollout.routers.ruled import api_json

FORMER_ANNOTATION = "slipway.dev/former-route"
"""What the route was before it was taken over: its spec and labels as JSON."""
GATEWAY_GROUP = "gateway.networking.k8s.io"
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ForeignRoute:
    """A live route as a manifest says it. `problems` is what it cannot say, each with its place in the spec; while
    there are any, `route` and `target` are what could be understood, or None."""

    route: Route | None
    target: Target | None
    problems: tuple[str, ...]


def read_foreign(spec: Mapping[str, Any], namespace: str, service: str, *, plainly: bool = True) -> ForeignRoute:
    """Every field of the spec is either understood or a problem, so that nothing is lost by writing it anew. `service`
    is the Service that is to be released; where the rules name one other alone, that is the target. A route with one
    rule that has matches and a timeout alone is said without `rules`, where `plainly`."""
    problems: list[str] = [*_unknown(spec, {"parentRefs", "hostnames", "rules"}, "spec")]
    gateway = _gateway(spec.get("parentRefs") or [], namespace, problems)
    hostnames = tuple(spec.get("hostnames") or ())
    if not hostnames:
        problems.append(
            "spec.hostnames is empty: the route takes every host name of its listener; name those it serves"
        )
    read = read_rules(spec.get("rules") or [], namespace, _served(spec, service))
    problems += read.problems
    route = None
    if gateway is not None and hostnames and read.rules:
        plain = _plain(read.rules) if plainly else None
        said: Json = {"rules": read.rules} if plain is None else plain
        route = Route(gateway=gateway, hostnames=hostnames, **said)
    return ForeignRoute(route, read.target, tuple(problems))


def target_of(spec: Mapping[str, Any], namespace: str) -> Target | None:
    """Where a route with one plain rule sends everything; None for any other."""
    return read_rules(spec.get("rules") or [], namespace, _served(spec, "")).target


def _served(spec: Mapping[str, Any], service: str) -> str:
    named = {str(one["name"]) for rule in spec.get("rules") or [] for one in rule.get("backendRefs") or []}
    return named.pop() if len(named) == 1 else service


def _plain(rules: Sequence[RouteRule]) -> Json | None:
    """`matches` and `timeout` of one rule that has nothing else; None where there is more to say."""
    rule, timeout = rules[0], rules[0].request_timeout
    kept = RouteRule(
        matches=rule.matches,
        timeouts=None if timeout is None or rule.timeouts is None else RuleTimeouts(request=rule.timeouts.request),
    )
    if len(rules) != 1 or kept != rule:
        return None
    try:
        matches = tuple(_plain_match(one) for one in rule.matched)
    except ValueError:  # a regular expression, or another word that matches without rules do not know
        return None
    return {"matches": () if matches == (Match(),) else matches, "timeout": timeout}


def _plain_match(match: RouteMatch) -> Match:
    found = api_json(match)
    if match.query_params or any(one.type != "Exact" for one in match.headers):
        raise ValueError(match)
    return Match.model_validate(
        {
            "path": match.path.value,
            "pathType": match.path.type,
            "method": match.method,
            "headers": [{"name": one["name"], "value": one["value"]} for one in found.get("headers", [])],
        }
    )


def former_of(found: Mapping[str, Any], service: str) -> str:
    """What is kept of a route that is taken over, and of which Service."""
    kept = {"spec": found["spec"], "labels": found["metadata"].get("labels") or {}, "service": service}
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
    """The Service that had the traffic of a route before it was taken over; empty for one that was not."""
    if not text:
        return ""
    spec, _ = read_former(text)
    first = next((str(one["name"]) for rule in spec.get("rules") or [] for one in rule.get("backendRefs") or []), "")
    return str(json.loads(text).get("service", first))


def refuse_unequal(spec: Mapping[str, Any], namespace: str, route: Route, target: Target) -> None:
    """Raises ClusterError where a live route says anything but what the manifest does: `route`, with all of the
    service's traffic at `target`."""
    found = read_foreign(spec, namespace, target.service, plainly=route.rules is None)
    problems = list(found.problems)
    if found.target is not None and found.target != target:
        problems.append(f"it sends to {found.target}, not {target}")
    if found.route is not None and not found.problems:
        problems += _differences(route, found.route)
    if problems:
        raise ClusterError(
            f"the live route cannot be taken over, since it would not stay as it is: {'; '.join(problems)}. "
            "Write the manifest anew with `slipway adopt`"
        )


def _differences(wanted: Route, live: Route) -> list[str]:
    if wanted.rules is None and live.rules is not None:
        return ["route.rules is missing here, and the route has more there than matches and a timeout"]
    here, there = _comparable(wanted), _comparable(live)
    found = [
        f"route.{name} is {there[name]!r} there, {here[name]!r} here" for name in there if there[name] != here[name]
    ]
    rules = describe_changes(_rules(wanted), _rules(live))
    return [*found, *([f"in route.rules {rules}"] if rules else [])]


def _rules(route: Route) -> list[Json]:
    found: list[Json] = [] if route.rules is None else wanted_settings(route)["rules"]
    return found


def _comparable(route: Route) -> Json:
    found = route.model_dump(mode="json", by_alias=True, exclude={"rules"})
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
    known = {"group", "kind", "namespace", "name", "sectionName", "port"}
    problems += _unknown(parent, known, "spec.parentRefs[0]")
    if parent.get("kind", "Gateway") != "Gateway" or parent.get("group", GATEWAY_GROUP) != GATEWAY_GROUP:
        problems.append(f"spec.parentRefs[0] is a {parent.get('kind')}, not a Gateway")
        return None
    return GatewayReference(
        namespace=parent.get("namespace") or namespace,
        name=parent["name"],
        section=parent.get("sectionName"),
        port=parent.get("port"),
    )


def _unknown(holder: Mapping[str, Any], known: set[str], place: str) -> list[str]:
    """Fields with something in them that a manifest cannot say."""
    extra = sorted(name for name in holder if name not in known and holder[name] not in (None, [], {}))
    return [f"{place}.{name} cannot be kept: a manifest has no such field" for name in extra]
