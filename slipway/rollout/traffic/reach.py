"""One request through the gateway before a first release is committed: its route has had no traffic yet."""

from __future__ import annotations

from typing import NamedTuple

import httpx2

from slipway.release.errors import ClusterError
from slipway.release.manifest.route import Match, Route
from slipway.release.manifest.route_rules import RouteMatch
from slipway.release.rollout_inputs import RolloutInputs
from slipway.rollout.adapters import Adapters

TIMEOUT = 5.0
SAFE = (None, "GET")
UNREACHED = (404, 502, 503, 504)
"""What a gateway itself answers while it has no route; a service may answer 404 too, so its counters decide then."""
COUNTED_WITHIN = 10.0
POLL = 0.5


def reach(adapters: Adapters, wanted: RolloutInputs) -> str:
    """Empty when the candidate answered a request through the gateway, whatever its answer; otherwise what came."""
    asked = _request(wanted.route)
    if asked is None:
        return ""  # every match needs a method that may change something, or cannot be met by looking at it
    path, headers = asked.path, asked.headers | {"Host": wanted.route.hostnames[0].removeprefix("*.")}
    before = _requests(adapters, wanted)
    try:
        with httpx2.Client(base_url=wanted.gateway_url or "", headers=headers, timeout=TIMEOUT) as client:
            status = client.get(path, params=asked.parameters or None, follow_redirects=False).status_code
    except httpx2.HTTPError as error:
        return f"GET {path} gave no answer ({type(error).__name__})"
    if status not in UNREACHED:
        return ""
    deadline = adapters.now() + COUNTED_WITHIN + wanted.metrics.delay
    while status == UNREACHED[0] and before is not None and adapters.now() < deadline:
        now = _requests(adapters, wanted)
        if now is not None and now > before:
            return ""
        adapters.pause(POLL)
    return f"GET {path} answered {status}"


class _Request(NamedTuple):
    path: str
    headers: dict[str, str]
    parameters: dict[str, str]


def _request(route: Route) -> _Request | None:
    """A request that goes to the service, and to nothing else; None where there is none to think of."""
    if route.rules is not None:
        alone = [rule for rule in route.own_rules if not rule.others]
        return next((one for rule in alone for match in rule.matched if (one := _of_rule(match)) is not None), None)
    match = next((one for one in route.matches or (Match(),) if one.method in SAFE), None)
    return None if match is None else _Request(match.path, {one.name: one.value for one in match.headers}, {})


def _of_rule(match: RouteMatch) -> _Request | None:
    types = {match.path.type, *(one.type for one in match.headers), *(one.type for one in match.query_params)}
    if match.method not in SAFE or "RegularExpression" in types:
        return None
    headers = {one.name: one.value for one in match.headers}
    return _Request(match.path.value, headers, {one.name: one.value for one in match.query_params})


def _requests(adapters: Adapters, wanted: RolloutInputs) -> float | None:
    """Requests of the candidate at the data plane; None when the metrics cannot tell."""

    try:
        return (
            adapters.source.requests((wanted.candidate,)).get(wanted.candidate.revision, 0.0)
            if adapters.source
            else None
        )
    except ClusterError:
        return None
