"""Scales candidate and old workload while a rolling rollout moves the traffic from one to the other."""

from __future__ import annotations

import math

from slipway.release.records.journal import Attempt
from slipway.release.rollout_inputs import Backend, RolloutInputs
from slipway.rollout.adapters import Adapters
from slipway.rollout.platforms.base import Workloads


def scale_candidate(workloads: Workloads, candidate: Backend, want: int) -> None:
    """Scale the candidate up to `want` replicas. One that is missing (0 replicas) is left to the readiness check."""
    if 0 < workloads.replicas(candidate) < want:
        workloads.scale(candidate, want)


def scale_down_old(workloads: Workloads, old: Backend, before: int, moved: float) -> None:
    """Of the `before` replicas of the old workload remove the share `moved` whose traffic has moved, all but one."""
    workloads.scale(old, max(1, before - math.floor(moved * before)))


def with_old_replicas(adapters: Adapters, attempt: Attempt, wanted: RolloutInputs, old: Backend | None) -> Attempt:
    """Record what the old workload is scaled back to, if this strategy scales it at all."""
    if old is None or attempt.kind != "forward" or wanted.strategy.kind != "rolling":
        return attempt
    if old.autoscaled is not None or old.external:
        return attempt  # What scales the old one would undo it: then its replicas stay until the end.
    return attempt.model_copy(update={"old_replicas": max(1, adapters.workloads.replicas(old))})
