"""Scaling of candidate and old workload during a rolling rollout."""

from __future__ import annotations

import pytest

from slipway.rollout.executor.replicas import scale_candidate, scale_down_old, with_old_replicas
from slipway.rollout.platforms.memory import MemoryWorkloads
from tests.unit.slipway.rollout.examples import attempt, backend, wanted
from tests.unit.slipway.rollout.simulation import Simulation


@pytest.mark.parametrize(("now", "want", "then"), [(1, 3, 3), (3, 3, 3), (5, 3, 5), (0, 3, 0)])
def test_the_candidate_only_grows_and_one_that_is_missing_is_not_scaled(now: int, want: int, then: int) -> None:
    workloads, candidate = MemoryWorkloads(), backend("bbbbbbbb")
    if now:
        workloads.put(candidate)
        workloads.scale(candidate, now)
    scale_candidate(workloads, candidate, want)
    assert workloads.replicas(candidate) == then


@pytest.mark.parametrize(("moved", "then"), [(0.0, 4), (0.25, 3), (0.3, 3), (0.5, 2), (0.99, 1), (1.0, 1)])
def test_the_old_replicas_whose_traffic_has_moved_go_and_one_stays(moved: float, then: int) -> None:
    workloads, old = MemoryWorkloads(), backend()
    workloads.put(old)
    scale_down_old(workloads, old, 4, moved)
    assert workloads.replicas(old) == then


@pytest.mark.parametrize(("external", "kept"), [(None, 3), (True, None)], ids=["own", "external"])
def test_no_replica_is_taken_from_what_something_else_declares(external: bool | None, kept: int | None) -> None:
    world, old = Simulation(), backend().model_copy(update={"external": external})
    world.workloads.put(old)
    rolling = wanted(strategy={"kind": "rolling", "batch": "50%", "bake": "10s"})
    assert with_old_replicas(world.world, attempt(), rolling, old).old_replicas == kept
