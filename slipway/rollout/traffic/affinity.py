"""The draw of one rollout: which cookie keeps its clients, and what its steps cut the clients into. Pure."""

from __future__ import annotations

import hashlib
import math

from slipway.release.manifest.plan import PlannedStep
from slipway.release.records.journal import Attempt
from slipway.release.rollout_inputs import RolloutInputs
from slipway.rollout.routers.base import ClientAssignment

AT_LEAST = 86_400
"""Seconds that the cookie is kept: a rollout may be paused overnight."""
DIGITS = 10


def draw_for(wanted: RolloutInputs, attempt: Attempt, steps: tuple[PlannedStep, ...]) -> ClientAssignment | None:
    """None when the route does not keep clients (see slipway.release.manifest.route.Affinity) or nothing is split.

    The name comes from the attempt, whose id is random: every rollout draws afresh, also one that is tried again.
    The id itself is kept secret, because it identifies the holder of the Lease.
    """
    affinity = wanted.route.affinity
    bounds = tuple(step.weight for step in steps if step.mirror is None)
    if affinity is None or affinity.cookie is None or attempt.kind != "forward" or len(bounds) < 2:
        return None
    told = hashlib.sha256(f"{wanted.where.identity_of(wanted.service)}/{attempt.id}".encode()).hexdigest()[:DIGITS]
    longest = sum(max(step.bake, wanted.analysis.dwell) + wanted.analysis.horizon for step in steps)
    return ClientAssignment(
        f"{affinity.cookie}-{told}", wanted.candidate.entry, bounds, max(AT_LEAST, math.ceil(longest))
    )
