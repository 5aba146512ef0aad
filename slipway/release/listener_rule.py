"""What a listener rule of an Application Load Balancer cannot say of a route, and what a target refuses of a release.

Limits: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html, those that cannot
be raised.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from slipway.release.errors import Problem
from slipway.release.function import refused_alias
from slipway.release.manifest.route import Match, Route
from slipway.release.manifest.strategy import BlueGreen, Canary, MirrorStep, Preview, Rolling
from slipway.release.revision import SHORT_LENGTH, TARGET_GROUP_LENGTH
from slipway.release.target import EcsTarget, LambdaTarget, Target

VALUES = 5
"""Of all conditions of a rule together."""
WILDCARDS = 5
"""In the values of a rule."""
SIGNS = ("*", "?")
"""Stand for other characters in the value of a condition."""
FINEST = 0.1
"""Percent: weights are integers, and 1000 is their sum."""
LONGEST_SERVICE = TARGET_GROUP_LENGTH - SHORT_LENGTH - 1
"""Characters."""


def refused_by(target: Target, service: str, route: Route, strategy: Canary | BlueGreen | Rolling) -> Iterator[Problem]:
    """What of a service this kind of target cannot do, with the place in its manifest or in the stack's settings."""
    if isinstance(target, LambdaTarget):
        yield from refused_alias(target, service, route, strategy)
        return
    if not isinstance(target, EcsTarget):
        if route.gateway is None:
            yield Problem("route.gateway", "is missing", "Write route: {gateway: {namespace: edge, name: public}, ...}")
        return
    yield from _names(target, service)
    if route.gateway is not None:
        message = "is the Gateway of a Kubernetes cluster, and the target is ECS behind the listener of releases:target"
        yield Problem("route.gateway", message, "Leave it out")
    preview = strategy.preview if isinstance(strategy, BlueGreen) else None
    yield from refusals(route, preview)
    if isinstance(strategy, Canary):
        for number, step in enumerate(strategy.steps):
            if isinstance(step, MirrorStep):
                message = "a listener rule of a load balancer cannot copy requests"
                yield Problem(f"strategy.steps[{number}].mirror", message, "Leave the mirror step out")
            elif step.weight < FINEST:
                message = f"is finer than the {FINEST:g}% of a listener rule"
                yield Problem(f"strategy.steps[{number}].weight", message, f"Write {FINEST:g} or more")


def _names(target: EcsTarget, service: str) -> Iterator[Problem]:
    if len(service) > LONGEST_SERVICE:
        message = (
            f"{service} has {len(service)} characters, and the name of a target group may have {TARGET_GROUP_LENGTH}, "
            f"{SHORT_LENGTH} of them from its revision and place"
        )
        yield Problem("service", message, f"Give it a name of at most {LONGEST_SERVICE} characters")
    if service not in target.rules:
        remedy = f"Write releases:target.rules.{service}: 110, which no other rule of the listener has, nor 109"
        yield Problem("target.rules", f"has no priority for {service}", remedy)


def refusals(route: Route, preview: Preview | None = None) -> Iterator[Problem]:
    """What of a route a rule cannot say; `preview` has a rule of its own with a condition more."""
    if route.rules is not None:
        message = "are of an HTTPRoute of Kubernetes, and a listener rule is one"
        yield Problem("route.rules", message, "Write route.matches")
    if route.timeout is not None:
        yield Problem("route.timeout", "a listener rule has no timeout", "Leave it out: the load balancer has one")
    if route.affinity is not None and route.affinity.cookie is not None:
        message = "a listener rule cannot draw clients by a cookie"
        yield Problem("route.affinity.cookie", message, "Leave it out, or name the header by which others do it")
    if len(route.matches) > 1 and any(one.method is not None or one.headers for one in route.matches):
        message = "a listener rule has one method and one set of headers: only the path of matches may differ"
        yield Problem("route.matches", message, "Write one match, or several with a path only")
    for path, value in _literals(route, preview):
        if any(sign in value for sign in SIGNS):
            message = f"{value!r} cannot be matched exactly: `*` and `?` are wildcards in a listener rule"
            yield Problem(path, message, "Write a value without them")
    values, wildcards = _counts(route, preview)
    if values > VALUES:
        message = f"needs {values} values of conditions, and a listener rule has {VALUES}"
        yield Problem("route", message, "Name fewer hosts, paths and headers; a path prefix counts twice")
    elif wildcards > WILDCARDS:
        message = f"needs {wildcards} wildcards, and a listener rule has {WILDCARDS}"
        yield Problem("route", message, "Name fewer hosts with `*.` and fewer path prefixes")


def paths_of(match: Match) -> list[str]:
    """The values of the condition on the path."""
    if match.path_type == "Exact":
        return [match.path]
    return [match.path.rstrip("/") or "/", f"{match.path.rstrip('/')}/*"]


def is_everything(match: Match) -> bool:
    """Whether it asks nothing of the path."""
    return match.path == "/" and match.path_type == "PathPrefix"


def has_paths(matches: Sequence[Match]) -> bool:
    """Whether there is a condition on the path."""
    return bool(matches) and not any(map(is_everything, matches))


def _literals(route: Route, preview: Preview | None) -> Iterator[tuple[str, str]]:
    for number, match in enumerate(route.matches):
        yield f"route.matches[{number}].path", match.path
        for place, header in enumerate(match.headers):
            yield f"route.matches[{number}].headers[{place}].value", header.value
    if preview is not None and preview.header is not None:
        yield "strategy.preview.header.value", preview.header.value


def _counts(route: Route, preview: Preview | None) -> tuple[int, int]:
    """Values and wildcards of the larger one of both rules."""
    paths = {path for one in route.matches for path in paths_of(one)} if has_paths(route.matches) else set()
    first = route.matches[0] if route.matches else Match()
    others = len(paths) + len(first.headers) + (first.method is not None)
    more = preview is not None and preview.header is not None
    hosts = sum(host.startswith("*") for host in route.hostnames)
    return len(route.hostnames) + others + more, hosts + sum("*" in path for path in paths)
