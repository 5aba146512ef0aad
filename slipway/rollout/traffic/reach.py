"""One request through the gateway before a first release is committed: its route has had no traffic yet."""

from __future__ import annotations

import httpx2

from slipway.release.errors import ClusterError
from slipway.release.manifest.route import Match
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
    match = next((one for one in wanted.route.matches or (Match(),) if one.method in SAFE), None)
    if match is None:
        return ""  # every match needs a method that may change something
    path = match.path
    headers = {one.name: one.value for one in match.headers} | {"Host": wanted.route.hostnames[0].removeprefix("*.")}
    before = _requests(adapters, wanted)
    try:
        with httpx2.Client(base_url=wanted.gateway_url or "", headers=headers, timeout=TIMEOUT) as client:
            status = client.get(path, follow_redirects=False).status_code
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
