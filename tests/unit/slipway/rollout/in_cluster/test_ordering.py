"""`pulumi up` whose rollout runs in a Job: what it orders, shows and answers, and every way in which a Job ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from slipway.release.errors import (
    ClusterAway,
    ClusterError,
    InputError,
    LeaseHeld,
    ReleaseRefused,
    RolloutAborted,
    SlipwayError,
)
from slipway.release.records import journal
from slipway.release.records.journal import Outcome
from slipway.release.run_order import RunOrder
from slipway.rollout.in_cluster import following
from slipway.rollout.in_cluster.ordering import OrderedUpdate, order_removal, where_it_runs
from slipway.rollout.in_cluster.report import RunReport
from slipway.rollout.outputs import outputs_of
from slipway.rollout.platforms.runs import RunState
from slipway.rollout.process.drilling import DRILL
from slipway.rollout.routers.base import Split
from slipway.rollout.status import Progress
from tests.unit.slipway.rollout.examples import attempt, backend, head
from tests.unit.slipway.rollout.in_cluster.job import RUN, InCluster


def begun(world: InCluster, order: RunOrder) -> None:
    """A Job's process has reported, moved traffic, and is there no more."""
    world.runs.states[order.id] = RunState("running", pods=1)
    world.runs.reports[order.id] = {"by": "p1", "changes": 1, "lines": [{"number": 1, "text": "25% to it"}]}
    mine = attempt().model_copy(update={"id": order.attempt_of("p1")})
    stored = world.journal.load()
    assert stored is not None
    world.journal.save(head(stack="releases/test", attempt=mine).to_json(), stored.version)
    live = world.router.read()
    assert live is not None
    world.router.apply(world.wanted.route, Split(((world.old, 75.0), (world.wanted.candidate, 25.0))), live.version)


def test_it_orders_a_job_shows_its_lines_and_gives_the_outputs_of_a_rollout_on_the_host() -> None:
    world = InCluster()
    world.when_started(world.job)
    outputs = world.up()
    assert outputs == outputs_of(world.wanted, world.head, world.router.read())
    assert outputs["weights"] == {"checkout-bbbbbbbb": 100.0}
    assert sum("25% to" in line for line in world.lines.lines) == 1
    (order,) = world.runs.orders.values()
    assert (order.stack, order.wanted, order.task) == ("releases/test", world.wanted, "update")


def test_a_drill_is_one_in_the_job_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DRILL, "deploy")
    world = InCluster()
    world.when_started(world.job)
    world.up()
    assert world.head.attempt is not None
    assert world.head.attempt.drill == "deploy"


def test_the_progress_of_the_job_is_shown_as_that_of_a_rollout_on_the_host() -> None:
    world = InCluster()
    progress = Progress("checkout", 1, 2, 25.0, None, "holding", 3.0)

    def reports(order: RunOrder) -> None:
        begun(world, order)
        world.runs.reports[order.id] |= RunReport(changes=2).with_status("", progress).to_document()
        world.clock.at(3.0, lambda: world.job(order))

    world.when_started(reports)
    world.up()
    assert progress.line() in world.lines.lines


def test_an_abort_in_the_job_fails_the_update_in_the_same_words_and_kind() -> None:
    world = InCluster()
    world.traffic.bad["checkout-bbbbbbbb"] = 0.3
    world.when_started(world.job)
    with pytest.raises(RolloutAborted, match="all traffic is on v-aaaaaaaa") as error:
        world.up()
    assert error.value.quarantined


def test_where_everything_is_as_declared_no_job_is_made() -> None:
    world = InCluster()
    world.when_started(world.job)
    world.up()
    before = dict(world.runs.orders)
    outputs = world.up()
    assert world.runs.orders == before
    assert outputs["weights"] == {"checkout-bbbbbbbb": 100.0}


def test_a_job_of_the_same_release_is_followed_and_no_second_one_is_made() -> None:
    world = InCluster()
    order = world.order()
    world.runs.start(order)
    world.clock.at(2.0, lambda: world.job(order))
    world.up()
    assert list(world.runs.orders) == ["order1"]
    assert any("it is followed" in line for line in world.lines.lines)


def test_a_job_of_another_release_refuses_this_one() -> None:
    world = InCluster()
    other = world.order().model_copy(
        update={"wanted": world.wanted.model_copy(update={"candidate": backend("cccccccc")})}
    )
    world.runs.start(other)
    with pytest.raises(ReleaseRefused, match=r"v-cccccccc.*slipway abort checkout"):
        world.up()
    assert world.router.history == []


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (RunState("waiting", "pod x: ErrImagePull: not found", pods=1), "within 60s or 1m: pod x: ErrImagePull"),
        (RunState("waiting", "exceeded quota: pods"), "exceeded quota: pods"),
    ],
)
def test_a_job_that_does_not_start_is_deleted_and_its_reason_is_the_updates(state: RunState, said: str) -> None:
    world = InCluster()

    def never(order: RunOrder) -> None:
        world.runs.states[order.id] = state

    world.when_started(never)
    began = world.clock.now()
    with pytest.raises(ClusterError, match="nothing was moved") as error:
        world.up()
    assert said.rpartition(": ")[2] in str(error.value)
    assert 60 <= world.clock.now() - began < 62
    assert len(world.runs.deleted) == 1
    assert world.router.history == []


def test_an_image_whose_name_is_none_is_not_waited_for() -> None:
    world = InCluster()
    bad = RunState("waiting", "pod x: InvalidImageName", fatal=True, pods=1)
    world.when_started(lambda order: world.runs.states.update({order.id: bad}))
    began = world.clock.now()
    with pytest.raises(ClusterError, match="InvalidImageName"):
        world.up()
    assert world.clock.now() - began < 5


def test_a_job_that_the_cluster_refuses_is_none() -> None:
    world = InCluster()
    world.runs.faults.next("start", ClusterError("jobs is forbidden"))
    with pytest.raises(ClusterError, match="forbidden"):
        world.up()


def test_ctrl_c_before_the_pod_runs_deletes_the_job() -> None:
    world = InCluster()
    world.clock.at(3.0, world.cancelled.set)
    with pytest.raises(ReleaseRefused, match="cancelled before anything moved"):
        world.up()
    assert len(world.runs.deleted) == 1


def test_ctrl_c_during_the_rollout_is_the_word_to_end_and_its_end_is_awaited() -> None:
    world = InCluster()
    world.when_started(lambda order: begun(world, order))
    world.clock.at(3.0, world.cancelled.set)

    def obey() -> None:
        intent = world.intents.read()
        (order,) = world.runs.orders.values()
        assert intent is not None
        assert (intent.action, intent.rollout_id) == ("cancel", order.id)
        world.runs.reports[order.id]["end"] = {"kind": "RolloutAborted", "text": "checkout interrupted"}

    world.clock.at(5.0, obey)
    with pytest.raises(RolloutAborted, match="interrupted"):
        world.up()
    assert world.runs.deleted == []


def test_an_engine_that_is_gone_is_no_word_to_end() -> None:
    world = InCluster()
    world.when_started(lambda order: begun(world, order))
    world.clock.at(3.0, world.cancelled.set)
    update = OrderedUpdate(world.wanted, world.world, {}, world.lines, world.cancelled, lambda: True)
    with pytest.raises(ClusterError, match="goes on in the cluster"):
        update.run()
    assert (world.intents.read(), world.runs.deleted) == (None, [])


@pytest.mark.parametrize(
    ("state", "how"),
    [
        (RunState("failed", "BackoffLimitExceeded: too often"), "BackoffLimitExceeded"),
        (RunState("gone"), "was deleted"),
    ],
)
def test_a_job_that_is_over_without_an_end_has_its_traffic_put_back(state: RunState, how: str) -> None:
    world = InCluster()
    world.when_started(lambda order: begun(world, order))
    world.clock.at(8.0, lambda: world.runs.states.update(dict.fromkeys(world.runs.orders, state)))
    with pytest.raises(RolloutAborted, match=how):
        world.up()
    assert world.shares() == [25.0, 0.0]
    assert world.head.attempt is not None
    assert (world.head.attempt.outcome, world.head.attempt.by) == (Outcome.INTERRUPTED, "follower")


def test_while_a_pod_that_goes_still_has_the_lease_its_end_is_awaited(monkeypatch: pytest.MonkeyPatch) -> None:
    world = InCluster()
    asked: list[object] = []

    def held(*about: object) -> None:
        asked.append(about)
        raise LeaseHeld("the pod renews it")

    def ending(order: RunOrder) -> None:
        begun(world, order)
        world.runs.states[order.id] = RunState("gone", pods=1)

    def ended() -> None:
        stored = world.journal.load()
        assert stored is not None
        world.journal.save(journal.interrupted(world.head, "interrupted", "executor", 1.0).to_json(), stored.version)

    monkeypatch.setattr(following, "rescue_once", held)
    world.when_started(ending)
    world.clock.at(30.0, ended)
    with pytest.raises(RolloutAborted, match="interrupted"):
        world.up()
    assert len(asked) > 10


def lost(world: InCluster, put_back: Callable[[RunOrder], object]) -> None:
    """The Job of the rollout fails for good, and who follows it may not move traffic; `put_back` is what becomes of
    the Job that is ordered then."""

    def start(order: RunOrder) -> None:
        if order.task == "update":
            begun(world, order)
            return
        world.lease.faults = type(world.lease.faults)()  # of the pod's account
        put_back(order)

    world.when_started(start)
    world.clock.at(8.0, lambda: world.runs.states.update(dict.fromkeys(world.runs.orders, RunState("failed"))))
    world.clock.at(8.0, lambda: world.lease.faults.next("acquire", ClusterError("leases is forbidden"), 100))


def test_a_follower_without_the_right_to_move_traffic_has_a_job_do_it() -> None:
    world = InCluster()
    lost(world, world.job)
    with pytest.raises(RolloutAborted, match=r"interrupted: .*; Job .* put the traffic back"):
        world.up()
    assert world.shares() == [25.0, 0.0]
    assert world.head.attempt is not None
    assert (world.head.attempt.outcome, world.head.attempt.by) == (Outcome.INTERRUPTED, "follower")
    assert [order.task for order in world.runs.orders.values()] == ["update", "put-back"]


def test_where_that_job_fails_too_it_is_said_who_will() -> None:
    world = InCluster()
    lost(world, lambda order: world.runs.states.update({order.id: RunState("failed", "ImagePullBackOff")}))
    with pytest.raises(ClusterError, match=r"forbidden; Job .* could not do it: .*; the next pulumi up makes a Job"):
        world.up()
    assert world.shares() == [25.0]


def test_a_job_that_puts_back_waits_for_the_lease_of_the_process_that_died() -> None:
    world = InCluster()
    holder = world.order().attempt_of("dead")

    def start(order: RunOrder) -> None:
        if order.task == "put-back":
            world.lease.faults = type(world.lease.faults)()
            world.lease.faults.next("acquire", LeaseHeld(f"{holder} has it"), 5)
            world.job(order)
        else:
            begun(world, order)

    lost(world, lambda _: None)
    world.when_started(start)
    with pytest.raises(RolloutAborted, match="put the traffic back"):
        world.up()
    assert world.shares() == [25.0, 0.0]


def test_an_api_server_that_is_away_for_minutes_ends_nothing() -> None:
    world = InCluster()
    world.when_started(lambda order: begun(world, order))
    world.clock.at(3.0, lambda: world.runs.faults.next("read_report", ClusterAway("away"), 400))

    def back() -> None:
        (order,) = world.runs.orders.values()
        world.runs.faults = type(world.runs.faults)()
        world.job(order)

    world.clock.at(200.0, back)
    world.up()
    assert any("goes on unseen" in line for line in world.lines.lines)


def test_one_that_stays_away_ends_the_update_but_not_the_job() -> None:
    world = InCluster()
    world.when_started(lambda order: begun(world, order))
    world.clock.at(3.0, lambda: world.runs.faults.next("read_report", ClusterAway("away"), 10_000))
    with pytest.raises(SlipwayError, match="the next pulumi up follows it"):
        world.up()
    assert world.runs.deleted == []


def test_a_sign_of_life_is_given_where_a_lost_follower_aborts() -> None:
    quiet, loud = InCluster(), InCluster(run={**RUN, "onLostFollower": "abort"})
    for world in (quiet, loud):
        world.when_started(lambda order, world=world: begun(world, order))  # type: ignore[misc]
        world.clock.at(25.0, world.cancelled.set)
        world.clock.at(26.0, lambda world=world: world.job(next(iter(world.runs.orders.values()))))  # type: ignore[misc]
        world.pod_cancelled.set()
        with pytest.raises(SlipwayError):
            world.up()
    assert quiet.runs.beats == {}
    assert len(loud.runs.faults.calls) > 0
    assert loud.runs.faults.calls.count("write_beat") == 3


def test_what_a_pod_cannot_reach_is_refused_before_anything_is_ordered() -> None:
    world = InCluster(metrics={"kind": "prometheus", "url": "http://127.0.0.1:9090"})
    with pytest.raises(InputError, match=r"metrics\.url"):
        world.up()
    assert world.runs.orders == {}


def test_a_preview_says_where_the_rollout_runs_and_what_runs_already() -> None:
    world = InCluster()
    (line,) = where_it_runs(world.wanted, world.world)
    assert "Job of the cluster (registry.example/slipway@sha256:bbbb" in line
    assert "goes on when this process is lost" in line
    world.runs.start(world.order())
    assert "already: pulumi up follows it" in where_it_runs(world.wanted, world.world)[1]
    other = InCluster("cccccccc")
    other.runs.start(world.order())
    assert "is refused until it has ended" in where_it_runs(other.wanted, other.world)[1]
    assert where_it_runs(other.wanted.model_copy(update={"run": None}), other.world) == ()


def test_the_end_of_a_service_is_a_job_too_and_nothing_of_it_stays() -> None:
    world = InCluster("aaaaaaaa")
    world.when_started(world.job)
    order_removal(world.wanted, world.world, world.lines, world.cancelled, "pulumi state delete x")
    assert (world.router.read(), world.journal.load()) == (None, None)
    assert (world.runs.orders, world.runs.reports) == ({}, {})


def test_a_service_is_not_removed_beside_a_rollout() -> None:
    world = InCluster("aaaaaaaa")
    world.runs.start(world.order())
    with pytest.raises(LeaseHeld):
        order_removal(world.wanted, world.world, world.lines, world.cancelled, "")
    assert world.journal.load() is not None


def test_a_platform_without_jobs_says_so() -> None:
    world = InCluster()
    world.world = replace(world.world, runs=None)
    with pytest.raises(ClusterError, match="runs no rollouts in Jobs"):
        world.up()
