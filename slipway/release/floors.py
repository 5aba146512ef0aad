"""How many ready replicas each version has while a rollout moves the traffic and autoscalers follow the load. Pure.

An autoscaler takes pods from a version that loses traffic, and gives none to one that has no traffic yet. So while a
rollout runs it is held: what serves keeps what it had at the beginning, for the way back, and the candidate has what
its share needs before it gets that share.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

from slipway.release.manifest.plan import PlannedStep
from slipway.release.rollout_inputs import Autoscaled, Backend
from slipway.release.units import Percent

SEEN_AFTER = 30.0
"""Seconds after which an autoscaler has looked twice at a load that has changed; Kubernetes looks every 15."""
SEEN_AT_LAST = 90.0
"""Seconds after which what it wants is by the new load, however late its metrics are."""
_ROUNDING = 1e-9


def needed_for(weight: Percent, before: int, bounds: Autoscaled) -> int:
    """Ready replicas for `weight` percent of traffic that `before` replicas carried alone, within what is declared."""
    return within(math.ceil(before * weight / 100 - _ROUNDING), bounds)


def within(replicas: int, bounds: Autoscaled) -> int:
    """The nearest number that the autoscaler may have as its minimum."""
    return min(max(replicas, bounds.minimum), bounds.maximum)


def with_floors(steps: Iterable[PlannedStep], before: int | None, bounds: Autoscaled | None) -> tuple[PlannedStep, ...]:
    """The steps with the replicas that each needs; as they are where nothing scales the candidate, or nothing served
    before."""
    if before is None or bounds is None:
        return tuple(steps)
    return tuple(replace(step, replicas=needed_for(_carried(step), before, bounds)) for step in steps)


def _carried(step: PlannedStep) -> Percent:
    """The part of the traffic that the candidate has to answer: copies are answered too."""
    return step.weight if step.mirror is None else step.mirror.percent


def needed_for_all(before: int | None, candidate: Backend) -> int:
    """Ready replicas of the candidate for all of the traffic; as declared where nothing served before."""
    bounds = candidate.autoscaled
    return candidate.replicas if before is None or bounds is None else needed_for(100.0, before, bounds)


def peak(before: int, candidate: Backend) -> int:
    """The most pods at one time: what serves keeps all of its own until the candidate has all the traffic."""
    return before + needed_for_all(before, candidate)


def shared_lines(candidate: Backend) -> tuple[str, ...]:
    """For the plan: what is not scaled by the load of its own version alone."""
    bounds = candidate.autoscaled
    if bounds is None:
        return ()
    return tuple(
        f"warning: {metric} counts all versions, so while two serve each is scaled for all of the traffic, up to "
        f"{bounds.maximum} pods; name the revision in it by {{revision}}"
        for metric in bounds.shared
    )


def may_fall(whole_for: float, *, wants_fewer: bool) -> bool:
    """Whether the version that has had all the traffic for `whole_for` seconds may be left to its autoscaler again:
    not while that may still go by the smaller load from before."""
    return whole_for >= SEEN_AT_LAST or (whole_for >= SEEN_AFTER and not wants_fewer)
