"""Services of one stack that would fight over the same requests at a gateway."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence

from slipway.release.errors import Problem
from slipway.release.manifest.release import Release
from slipway.release.manifest.route import HeaderMatch, Match
from slipway.release.manifest.route_rules import RouteMatch
from slipway.release.manifest.strategy import BlueGreen

Claim = tuple[str, str]
"""A host name and a match, as JSON."""


def collisions(releases: Sequence[Release]) -> Iterator[Problem]:
    """One problem for each pair of services that claim the same host name and match of one gateway. Different
    matches of one host name, or a wildcard beside a full name, are no collision: the more specific one wins."""
    for first, second in itertools.combinations(releases, 2):
        if not _same_listener(first, second):
            continue
        shared = sorted({host for host, _ in _claims(first) & _claims(second)})
        if shared:
            yield Problem(
                f"services.{second.service}",
                f"claims {', '.join(shared)} at the gateway as {first.service} does, with the same match",
                "Give each service host names or route.matches of its own",
            )


def _same_listener(first: Release, second: Release) -> bool:
    one, two = first.route.gateway, second.route.gateway
    if one is None or two is None:  # all services of a stack have one listener then
        return one is two
    if (one.namespace, one.name) != (two.namespace, two.name):
        return False
    return one.section is None or two.section is None or one.section == two.section


def _claims(release: Release) -> set[Claim]:
    route, strategy = release.route, release.strategy
    if route.rules is not None:
        return _claims_of_rules(release)
    matches = route.matches or (Match(),)
    claims = {(host, _normal(match)) for host in route.hostnames for match in matches}
    preview = strategy.preview if isinstance(strategy, BlueGreen) else None
    if preview is not None and preview.host is not None:
        claims |= {(preview.host, _normal(match)) for match in matches}
    if preview is not None and preview.header is not None:
        claims |= {(host, _normal(match, preview.header)) for host in route.hostnames for match in matches}
    return claims


def _claims_of_rules(release: Release) -> set[Claim]:
    route, strategy = release.route, release.strategy
    every = [match for rule in route.rules or () for match in rule.matched]
    claims = {(host, _normal_of_rule(match)) for host in route.hostnames for match in every}
    preview = strategy.preview if isinstance(strategy, BlueGreen) else None
    if preview is not None and preview.host is not None:
        claims |= {(preview.host, _normal_of_rule(match)) for match in every}
    if preview is not None and preview.header is not None:
        own = [match for rule in route.own_rules for match in rule.matched]
        claims |= {(host, _normal_of_rule(match, preview.header)) for host in route.hostnames for match in own}
    return claims


def _normal_of_rule(match: RouteMatch, header: HeaderMatch | None = None) -> str:
    """As `_normal`; regular expressions and parameters are added where there are any."""
    exact = {one.name: one.value for one in match.headers if one.type == "Exact"}
    more = sorted(f" {one.name.lower()}~{one.value}" for one in match.headers if one.type != "Exact")
    more += sorted(f" ?{one.name} {one.type} {one.value}" for one in match.query_params)
    return _text(match.path.type, match.path.value, match.method, exact, header) + "".join(more)


def _normal(match: Match, header: HeaderMatch | None = None) -> str:
    """Equal texts for matches that match the same requests: header names have no case, a prefix no last slash."""
    headers = {each.name: each.value for each in match.headers}
    return _text(match.path_type, match.path, match.method, headers, header)


def _text(kind: str, path: str, method: str | None, headers: Mapping[str, str], more: HeaderMatch | None) -> str:
    pairs = [(name.lower(), value) for name, value in headers.items()]
    pairs += [(more.name.lower(), more.value)] if more is not None else []
    path = path.rstrip("/") or "/" if kind == "PathPrefix" else path
    return f"{kind} {path} {method} {sorted(pairs)}"
