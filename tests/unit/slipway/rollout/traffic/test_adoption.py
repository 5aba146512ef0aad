"""The first update of an adopted service moves nothing, the next is an ordinary canary against what ran."""

from __future__ import annotations

from typing import Any

import pytest

from slipway.release.errors import ClusterError, ReleaseRefused, RolloutAborted
from slipway.release.records.journal import Outcome
from slipway.release.rollout_inputs import RolloutInputs
from slipway.rollout import operations
from slipway.rollout.platforms.base import Readiness
from slipway.rollout.removal import remove_all
from slipway.rollout.routers.base import Split
from slipway.rollout.traffic.adoption import caveat, external_problem
from slipway.rollout.update import Update
from tests.unit.slipway.rollout.examples import backend, wanted
from tests.unit.slipway.rollout.simulation import Simulation
from tests.unit.slipway.rollout.test_operations import NoGuard

OLD = backend("cccccccc").model_copy(update={"workload": "checkout", "entry": "checkout", "external": True})


@pytest.fixture(autouse=True)
def _no_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("slipway.rollout.update.guards", lambda: NoGuard)


def live_service(**state: Any) -> Simulation:
    """Another's route sends everything to `OLD`."""
    world = Simulation(wanted("cccccccc", candidate=OLD), first=True)
    world.workloads.put(
        OLD, Readiness(**{"desired": 3, "ready": 3, "endpoints_ready": 3, "restarts": 0, "image": OLD.image, **state})
    )
    world.workloads.put(backend("bbbbbbbb"))
    world.router.drift({"checkout": 100.0}, managed=False)
    return world


def update(world: Simulation, inputs: RolloutInputs | None = None) -> dict[str, Any]:
    return Update(inputs or world.wanted, world.world, {}, world.lines, world.cancelled).run()


def test_the_first_update_takes_the_route_over_and_writes_one_split_only() -> None:
    world = live_service()
    outputs = update(world)
    assert set(world.router.history) <= {Split.whole(OLD)}
    live = world.router.read()
    assert live is not None
    assert (live.managed, live.former, dict(live.shares)) == (True, "checkout", {"checkout": 100.0})
    assert world.head.serving is not None
    assert world.head.serving.backend == OLD
    assert world.head.has_completed("cccccccc")
    assert outputs["outcome"]["result"] == "committed"
    assert world.workloads.scaled == []


def test_a_process_that_died_before_the_journal_was_written_is_made_good_by_the_next_one() -> None:
    world = live_service()
    world.router.take_over(world.wanted.route, OLD)
    update(world)
    assert world.head.serving is not None


def test_a_journal_that_was_lost_later_is_no_reason_to_move_everything_back_at_once() -> None:
    world = live_service()
    update(world)
    outputs = update(world, wanted("bbbbbbbb"))
    world.journal.delete()
    world.router.history.clear()
    Update(world.wanted, world.world, outputs, world.lines, world.cancelled).run()
    shares = [{side.entry: share for side, share in split.shares} for split in world.router.history]
    assert {"checkout": 25.0, "checkout-bbbbbbbb": 75.0} in shares


def test_the_next_release_is_a_canary_against_it_and_scales_nothing_of_it() -> None:
    world = live_service()
    update(world)
    world.router.history.clear()
    update(world, wanted("bbbbbbbb"))
    shares = [{side.entry: share for side, share in split.shares} for split in world.router.history]
    assert {"checkout": 75.0, "checkout-bbbbbbbb": 25.0} in shares
    assert world.head.attempt is not None
    assert world.head.attempt.kind == "forward"
    assert world.workloads.scaled == []


def test_a_bad_release_returns_the_traffic_to_what_ran_before() -> None:
    world = live_service()
    update(world)
    world.traffic.bad["checkout-bbbbbbbb"] = 1.0
    with pytest.raises(RolloutAborted):
        update(world, wanted("bbbbbbbb"))
    live = world.router.read()
    assert live is not None
    assert live.shares["checkout"] == 100.0
    assert world.head.attempt is not None
    assert world.head.attempt.outcome is Outcome.ABORTED


def test_a_way_back_to_it_is_a_rollback() -> None:
    world = live_service()
    update(world)
    update(world, wanted("bbbbbbbb"))
    update(world)
    assert world.head.attempt is not None
    assert world.head.attempt.kind == "rollback"
    assert world.head.serving is not None
    assert world.head.serving.backend == OLD


@pytest.mark.parametrize(
    ("state", "why"),
    [
        ({"endpoints_ready": 1}, "replicas ready"),
        ({"image": f"registry.example/checkout@sha256:{'f' * 64}"}, "the manifest says"),
        ({"image": None}, "workload.external.container"),
    ],
    ids=["not-ready", "another-image", "no-container"],
)
def test_a_workload_that_is_not_as_declared_is_not_taken_over(state: dict[str, Any], why: str) -> None:
    world = live_service(**state)
    with pytest.raises(ReleaseRefused, match=why):
        update(world)
    live = world.router.read()
    assert live is not None
    assert not live.managed
    assert world.journal.load() is None


def test_nothing_is_taken_over_whose_requests_are_not_counted() -> None:
    world = live_service()
    world.traffic.hidden = "no request of it was ever counted"
    with pytest.raises(ReleaseRefused, match="ever counted"):
        update(world)


def test_a_route_that_sends_elsewhere_is_not_taken_over() -> None:
    world = live_service()
    world.router.drift({"checkout": 90.0, "other": 10.0}, managed=False)
    with pytest.raises(ClusterError, match="would not stay as it is"):
        update(world)


def test_a_workload_of_slipways_own_takes_no_foreign_route_over() -> None:
    world = live_service()
    with pytest.raises(ClusterError, match="not made by Slipway"):
        update(world, wanted("bbbbbbbb"))


def test_the_plan_says_that_no_weight_changes_and_what_is_not_promised() -> None:
    world = live_service()
    assert "no weight changes" in operations.plan(world.wanted, world.world, {})
    assert operations.forecast(world.wanted, world.world, {}) == (caveat(OLD),)
    assert "keep them warm" in caveat(OLD)
    world.router.drift({"other": 100.0}, managed=False)
    assert "nothing will be taken over" in operations.plan(world.wanted, world.world, {})


def test_a_new_external_version_gets_no_replicas_from_slipway() -> None:
    world = live_service()
    update(world)
    new = backend("dddddddd").model_copy(update={"workload": "checkout-d", "entry": "checkout-d", "external": True})
    world.workloads.put(new, Readiness(desired=1, ready=1, endpoints_ready=1, restarts=0, image=new.image))
    with pytest.raises(RolloutAborted, match="1 of 3 replicas ready"):
        update(world, wanted("dddddddd", candidate=new))
    assert world.workloads.scaled == []


def test_an_external_version_that_comes_after_the_update_began_is_looked_at_before_it_has_traffic() -> None:
    world = live_service()
    update(world)
    world.router.history.clear()
    new = backend("dddddddd").model_copy(update={"workload": "checkout-d", "entry": "checkout-d", "external": True})

    def come() -> None:
        world.workloads.put(new, Readiness(desired=3, ready=3, endpoints_ready=3, restarts=0, image=new.image))
        world.workloads.overlapping = "Service shop/checkout selects the pods of checkout-d too"

    world.clock.at(world.clock.now() - 1000.0 + 5.0, come)
    with pytest.raises(RolloutAborted, match="selects the pods"):
        update(world, wanted("dddddddd", candidate=new))
    assert {side.entry for split in world.router.history for side, share in split.shares if share} <= {"checkout"}


def test_two_versions_of_one_service_object_are_refused() -> None:
    patched = OLD.model_copy(update={"revision": "dddddddd"})
    problem = external_problem(live_service().world, patched, OLD)
    assert problem is not None
    assert "{version}" in problem


def test_a_service_that_selects_the_other_versions_pods_moves_nothing() -> None:
    world = live_service()
    update(world)
    world.router.history.clear()
    world.workloads.overlapping = "Service shop/checkout selects the pods of checkout-bbbbbbbb too"
    with pytest.raises(ReleaseRefused, match="selects the pods"):
        update(world, wanted("bbbbbbbb"))
    assert world.router.history == []


def test_the_end_of_the_service_gives_the_route_back_and_deletes_none() -> None:
    world = live_service()
    update(world)
    remove_all(world.world, lambda _: None, world.cancelled)
    live = world.router.read()
    assert live is not None
    assert not live.managed
    assert world.journal.load() is None
    remove_all(world.world, lambda _: None, world.cancelled)
    assert world.router.read() is not None, "what is another's again is left alone"


def test_the_route_is_not_given_back_while_another_version_has_traffic() -> None:
    world = live_service()
    update(world)
    update(world, wanted("bbbbbbbb"))
    with pytest.raises(ReleaseRefused, match="slipway rollback"):
        remove_all(world.world, lambda _: None, world.cancelled)
    live = world.router.read()
    assert live is not None
    assert live.managed
    assert world.journal.load() is not None
