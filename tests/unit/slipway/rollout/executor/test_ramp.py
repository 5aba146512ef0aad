"""The writes of one attempt's weights."""

from __future__ import annotations

import pytest

from slipway.release.errors import ClusterError, Conflict
from slipway.release.manifest.plan import PlannedStep
from slipway.rollout.routers.base import Split
from tests.unit.slipway.rollout.examples import backend
from tests.unit.slipway.rollout.executor.parts import parts
from tests.unit.slipway.rollout.simulation import Simulation

CANDIDATE = "checkout-bbbbbbbb"


def weights(split: Split) -> dict[str, float]:
    return {side.entry: share for side, share in split.shares}


def test_both_sides_and_what_an_earlier_rollout_left_stay_in_the_route() -> None:
    ramp = parts(Simulation(), leaving=(backend("cccccccc"), backend("aaaaaaaa"), backend("bbbbbbbb"))).ramp
    assert weights(ramp.split(25.0)) == {"checkout-aaaaaaaa": 75.0, CANDIDATE: 25.0, "checkout-cccccccc": 0.0}
    assert [one.revision for one in ramp.known()] == ["aaaaaaaa", "bbbbbbbb", "cccccccc"]


def test_a_first_release_has_all_the_traffic_at_any_weight() -> None:
    ramp = parts(Simulation(first=True), "first").ramp
    assert weights(ramp.split(5.0)) == {CANDIDATE: 100.0}


def test_a_weight_whose_answer_was_lost_is_not_written_twice() -> None:
    sim = Simulation()
    ramp = parts(sim).ramp
    ramp.watch.foreign()
    ramp.join(PlannedStep(25.0, 0.0))
    sim.router.faults.after("apply", ClusterError("no answer"))
    with pytest.raises(ClusterError, match="no answer"):
        ramp.write(0, PlannedStep(25.0, 0.0))
    assert (ramp.weight, ramp.shifted) == (0.0, -1)
    written = len(sim.router.history)
    assert ramp.watch.foreign() is None
    ramp.write(0, PlannedStep(25.0, 0.0))
    assert (ramp.weight, ramp.shifted, len(sim.router.history)) == (25.0, 0, written)


def test_a_route_that_another_has_written_is_not_written_over() -> None:
    sim = Simulation()
    ramp = parts(sim).ramp
    ramp.watch.foreign()
    ramp.join(PlannedStep(25.0, 0.0))
    sim.router.drift({sim.old.entry: 40.0, CANDIDATE: 60.0})
    with pytest.raises(Conflict, match="changed the weights"):
        ramp.write(0, PlannedStep(25.0, 0.0))
    live = sim.router.read()
    assert live is not None
    assert live.shares[CANDIDATE] == 60.0


def test_a_weight_whose_write_was_not_answered_counts_as_in_force_on_the_way_back() -> None:
    ramp = parts(Simulation()).ramp
    ramp.watch.writing(ramp.split(25.0))
    ramp.assume_tried()
    assert ramp.weight == 25.0


def test_an_interruption_ends_the_join_at_once() -> None:
    sim = Simulation()
    sim.traffic.unknown.add(CANDIDATE)
    ramp = parts(sim).ramp
    ramp.watch.foreign()
    sim.cancelled.set()
    with pytest.raises(ClusterError):
        ramp.join(PlannedStep(25.0, 0.0))
    assert ramp.weight == 0.0
