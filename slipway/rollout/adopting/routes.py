"""What stands in the way of taking a live route over, and how a manifest says it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from slipway.release.manifest.route import Route
from slipway.rollout.adopting.live import Json, Live
from slipway.rollout.adopting.obstacle import Obstacle
from slipway.rollout.routers.foreign import ForeignRoute, read_foreign
from slipway.rollout.routers.httproute import acceptance
from slipway.rollout.routers.rivals import share_a_match


def read_route(live: Live) -> ForeignRoute:
    """As a manifest says it, with the Service that is adopted."""
    return read_foreign(live.route["spec"], live.namespace, _named(live.service))


def route_obstacles(live: Live) -> Iterator[Obstacle]:
    """Everything at once."""
    yield from _route(live)
    yield from _gateway(live)
    yield from _rivals(live)
    yield from _elsewhere(live)


def route_notes(live: Live) -> Iterator[str]:
    """What stays with other backends."""
    route = read_route(live).route
    for index, rule in enumerate((route.rules if route is not None else None) or ()):
        others = ", ".join(one.key for one in rule.others if one.weight > 0)
        if rule.own is not None and others:
            yield f"spec.rules[{index}] sends to {others} too: that keeps its weight, and releases share the rest"


def written(route: Route) -> Json:
    """As a manifest says it: without defaults, but for the weight of each backend beside others."""
    found: Json = route.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True)
    for rule in found.get("rules", []):
        if "backendRefs" in rule:
            rule["backendRefs"] = [{**one, "weight": one.get("weight", 1)} for one in rule["backendRefs"]]
    return found


def _route(live: Live) -> Iterator[Obstacle]:
    read = read_route(live)
    for problem in read.problems:
        yield Obstacle("route", problem, "Slipway writes the whole route and would lose it: simplify the route first")
    service = _named(live.service)
    if read.target is not None and read.target.service != service:
        what = f"the route sends to the Service {read.target.service}, not {service}"
        yield Obstacle("route", what, f"Name --service {read.target.service}")


def _gateway(live: Live) -> Iterator[Obstacle]:
    problem = acceptance(live.route, any_generation=True)
    if problem:
        yield Obstacle("gateway", f"the route is not in force: {problem}", "Let the gateway accept it first")


def _rivals(live: Live) -> Iterator[Obstacle]:
    read = read_route(live)
    if read.route is None:
        return
    wanted = [match for rule in live.route["spec"].get("rules") or [] for match in rule.get("matches") or []]
    for other in live.routes:
        if _named(other) != _named(live.route) and share_a_match(other["spec"], read.route, wanted):
            remedy = "Leave the host name and path to one of the two: of equal matches the older route wins"
            yield Obstacle("rival", f"the route {_named(other)} has the same host name and match", remedy)


def _elsewhere(live: Live) -> Iterator[Obstacle]:
    """A release moves the traffic of one route."""
    service = _named(live.service)
    for other in live.routes:
        if _named(other) != _named(live.route) and _names(other["spec"], service, live.namespace):
            what = f"the route {_named(other)} sends to the Service {service} too: no release would move that"
            remedy = (
                "Put its rules into this route where they have the same host names, or give it a Service of its own"
            )
            yield Obstacle("elsewhere", what, remedy)


def _names(spec: Mapping[str, Any], service: str, namespace: str) -> bool:
    """Whether a rule of a route sends to a Service."""
    backends = (one for rule in spec.get("rules") or [] for one in rule.get("backendRefs") or [])
    kinds = ("", "Service", namespace, service)
    return any(
        (one.get("group", ""), one.get("kind", "Service"), one.get("namespace") or namespace, one.get("name")) == kinds
        for one in backends
    )


def _named(found: Json) -> str:
    return str(found["metadata"]["name"])
