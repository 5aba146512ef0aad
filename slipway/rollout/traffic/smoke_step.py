"""The step at 0%: open the preview route, run the smoke checks, and make sure that the candidate answered."""

from __future__ import annotations

import threading

from slipway.release.errors import ClusterError
from slipway.release.rollout_inputs import RolloutInputs
from slipway.rollout.adapters import Adapters
from slipway.rollout.routers.base import LiveRoute, Split
from slipway.rollout.traffic.smoke import preview_headers, run_checks
from slipway.rollout.traffic.transition import move

POLL = 0.25
COUNTED_WITHIN = 10.0
"""Seconds within which the data plane's counters must show the smoke requests at the candidate."""
ROUNDS = 3
"""So often all checks are run: a preview that was accepted may still be on its way to the data plane, as the rules of a
load balancer are for some seconds, and then what served before has answered."""


def open_preview(adapters: Adapters, wanted: RolloutInputs, split: Split, cancelled: threading.Event) -> LiveRoute:
    """Write the split with its preview route; the route as the gateway accepted it."""
    return move(adapters, wanted.route, split, [side for side, _ in split.shares], cancelled.wait)


def smoke(adapters: Adapters, wanted: RolloutInputs, cancelled: threading.Event) -> str:
    """Empty when every check passed at the candidate itself, by the preview that is open; otherwise what failed, in one
    line. A check that fails is final once the candidate has been seen to answer all that was asked: what failed may
    otherwise have been the answer of what served before."""
    strategy = wanted.strategy
    if adapters.invoked is not None and strategy.kind == "blue-green":
        return adapters.invoked.run_checks(wanted.candidate, wanted.route, strategy.smoke)
    if strategy.kind != "blue-green" or strategy.preview is None:
        return "smoke checks need a preview route"
    if wanted.gateway_url is None:
        return "smoke checks need the stack setting gatewayUrl"
    headers, problem = preview_headers(wanted.route, strategy.preview), ""
    for _ in range(ROUNDS):
        before = _requests(adapters, wanted)
        problem, sent = run_checks(wanted.gateway_url, headers, strategy.smoke)
        reached = _await_counted(adapters, wanted, before, sent, cancelled)
        if not reached and not problem:
            problem = f"the {sent} smoke request(s) passed, but the data plane did not count them at the candidate"
        if reached or cancelled.is_set():
            break
    return problem


def _await_counted(
    adapters: Adapters, wanted: RolloutInputs, before: float, sent: int, cancelled: threading.Event
) -> bool:
    deadline = adapters.now() + COUNTED_WITHIN + wanted.metrics.delay
    while adapters.now() < deadline and not cancelled.is_set():
        if _requests(adapters, wanted) - before >= sent:
            return True
        cancelled.wait(POLL)
    return False


def _requests(adapters: Adapters, wanted: RolloutInputs) -> float:
    if adapters.source is None:
        raise ClusterError("smoke checks need a metrics source")
    return adapters.source.requests((wanted.candidate,)).get(wanted.candidate.revision, 0.0)
