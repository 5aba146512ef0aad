"""A write that is lost, or done without an answer, does not change how a rollout ends; nor does any other surprise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from slipway.release.errors import ClusterError, LeaseLost, RolloutAborted
from slipway.release.records import journal
from slipway.release.records.journal import Outcome, read_head
from slipway.rollout.platforms.base import Intent, Readiness
from slipway.rollout.routers.base import Split
from slipway.rollout.traffic.in_force import InForce
from tests.unit.slipway.rollout.examples import backend, wanted
from tests.unit.slipway.rollout.simulation import Simulation

AWAY = ClusterError("the API server did not answer in time")
CANDIDATE = "checkout-bbbbbbbb"
LONG = {"kind": "canary", "steps": [{"weight": 25, "bake": 600}, {"weight": 100, "bake": 4}]}


def fault_at(number: int, how: Callable[[Any], None]) -> Callable[[Any], None]:
    """A fault in the call of this number (from 1)."""

    def plan(faults: Any) -> None:
        for _ in range(number - 1):
            faults.next("save", lambda: None)
            faults.after("save", lambda: None)
        how(faults)

    return plan


def lost(times: int) -> Callable[[Any], None]:
    return lambda faults: faults.after("save", AWAY, times=times)


def refused(times: int) -> Callable[[Any], None]:
    return lambda faults: faults.next("save", AWAY, times=times)


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("number", [2, 3, 4])  # the first is the one of the attempt itself
@pytest.mark.parametrize("how", [lost, refused])
def test_whichever_write_of_the_journal_is_lost_a_healthy_rollout_commits_once(
    number: int, times: int, how: Callable[[int], Callable[[Any], None]]
) -> None:
    world = Simulation()
    world.clock.at(0.0, lambda: fault_at(number, how(times))(world.journal.faults))
    world.clock.advance(0.0)
    head = world.run()
    assert world.head == head
    assert head.serving is not None
    assert head.serving.backend.revision == "bbbbbbbb"
    assert world.shares() == [25.0, 100.0]
    assert head.attempt is not None
    assert [step.weight for step in head.attempt.steps] == [25.0, 100.0]
    assert len(head.commits) == 1


@pytest.mark.parametrize("hook", ["next", "after"])
@pytest.mark.parametrize("number", [1, 2, 3])
def test_whichever_write_of_the_route_is_lost_a_healthy_rollout_commits(number: int, hook: str) -> None:
    world = Simulation()

    def plan() -> None:
        for _ in range(number - 1):
            getattr(world.router.faults, hook)("apply", lambda: None)
        getattr(world.router.faults, hook)("apply", AWAY)

    world.clock.at(0.0, plan)
    world.clock.advance(0.0)
    head = world.run()
    assert head.serving is not None
    assert world.shares() == [25.0, 100.0]


def test_a_commit_whose_answer_is_lost_stays_a_commit_although_the_candidate_fails_right_after() -> None:
    world = Simulation()

    def lose_the_commit() -> None:
        def commit_written() -> None:
            stored = world.journal.load()
            if stored is not None and read_head(stored.content).attempt.outcome is Outcome.COMMITTED:  # type: ignore[union-attr]
                world.traffic.flow()
                world.traffic.bad[CANDIDATE] = 1.0
                raise AWAY

        world.journal.faults.after("save", commit_written, times=50)

    world.clock.at(0.0, lose_the_commit)
    world.clock.advance(0.0)
    head = world.run()
    assert head.attempt is not None
    assert head.attempt.outcome is Outcome.COMMITTED
    assert world.shares() == [25.0, 100.0]


def test_a_commit_whose_answer_is_lost_stays_a_commit_although_somebody_interrupts() -> None:
    world = Simulation()

    def commit_written() -> None:
        if world.head.attempt is not None and world.head.attempt.outcome is Outcome.COMMITTED:
            world.cancelled.set()
            raise AWAY

    world.journal.faults.after("save", commit_written, times=50)
    head = world.run()
    assert head.attempt is not None
    assert head.attempt.outcome is Outcome.COMMITTED
    assert world.shares() == [25.0, 100.0]


@pytest.mark.parametrize("action", ["pause", "promote", "abort"])
@pytest.mark.parametrize("hook", ["next", "after"])
def test_an_operators_word_is_obeyed_although_its_acknowledgement_is_lost(action: str, hook: str) -> None:
    strategy = {"kind": "canary", "steps": [{"weight": 25, "bake": 60}, {"weight": 100, "bake": 4}]}
    world = Simulation(wanted(strategy=strategy))

    def speak() -> None:
        world.intents.write(Intent("1", action, "kim", 0.0, "because", "r1"))  # type: ignore[arg-type]
        getattr(world.journal.faults, hook)("save", AWAY)

    world.clock.at(5.0, speak)
    if action == "pause":
        world.clock.at(300.0, lambda: world.intents.write(Intent("2", "resume", "kim", 0.0, "", "r1")))
    if action == "abort":
        with pytest.raises(RolloutAborted, match="aborted by kim: because"):
            world.run()
        return
    world.run()
    assert (world.clock.now() > 1300.0) if action == "pause" else (world.clock.now() < 1055.0)


def test_an_api_server_that_is_away_for_less_than_the_grace_ends_nothing() -> None:
    world = Simulation()
    world.clock.at(3.0, lambda: world.workloads.faults.next("readiness", AWAY, times=4))
    assert world.run().serving is not None


def test_one_that_stays_away_ends_it_with_the_true_reason_and_the_traffic_goes_back_when_it_can() -> None:
    world = Simulation()

    def away() -> None:
        world.workloads.faults.next("readiness", AWAY, times=40)
        world.router.faults.next("read", AWAY, times=40)

    world.clock.at(3.0, away)
    with pytest.raises(
        RolloutAborted, match=r"could not be used for .*the API server did not answer in time.*all traffic is on"
    ):
        world.run()
    assert world.router.history[-1] == Split.whole(world.old)
    assert world.head.quarantined == {}


def test_a_fault_of_our_own_puts_the_traffic_back() -> None:
    world = Simulation()
    world.clock.at(3.0, lambda: world.workloads.faults.next("readiness", ZeroDivisionError("division by zero")))
    with pytest.raises(
        RolloutAborted, match=r"failed by itself: ZeroDivisionError: division by zero; all traffic is on"
    ):
        world.run()
    assert world.router.history[-1] == Split.whole(world.old)
    assert not world.head.unfinished


def test_while_the_lease_is_stale_nothing_is_written_and_afterwards_it_goes_on() -> None:
    world = Simulation()
    writes: list[int] = []

    def stale() -> None:
        world.fence.note_renewal(world.fence.now() - 100.0, 15.0)
        writes.append(len(world.router.history))

    def renewed() -> None:
        writes.append(len(world.router.history))
        world.fence.note_renewal(world.fence.now(), 1e9)

    world.clock.at(2.0, stale)
    world.clock.at(6.0, renewed)
    assert world.run().serving is not None
    assert writes[0] == writes[1]


def test_a_process_whose_journal_another_has_taken_over_writes_no_route_any_more() -> None:
    world = Simulation()

    def take_over() -> None:
        head = world.head
        stored = world.journal.load()
        assert stored is not None
        assert head.attempt is not None
        other = head.attempt.model_copy(update={"id": "r2", "candidate": backend("cccccccc"), "steps": ()})
        world.journal.save(journal.begun(head, other).to_json(), stored.version)
        writes.append(len(world.router.history))

    writes: list[int] = []
    world.clock.at(3.0, take_over)
    with pytest.raises(LeaseLost, match=r"rollout r2 to v-cccccccc has taken over from rollout r1"):
        world.run()
    assert len(world.router.history) <= writes[0] + 1  # the weight may move before the journal is written


def test_weights_of_another_hand_are_put_back_at_once_and_named() -> None:
    world = Simulation(wanted(strategy=LONG))
    world.clock.at(20.0, lambda: world.router.drift({world.old.entry: 0.01, CANDIDATE: 99.99}))
    with pytest.raises(
        RolloutAborted, match=r"another writer \(another\) changed the weights to .*99.99%; all traffic is on"
    ):
        world.run()
    assert world.clock.now() < 1030.0
    assert world.router.history[-1] == Split.whole(world.old)
    assert world.head.quarantined == {}


def test_what_an_abort_took_out_of_the_route_is_let_go_once_it_is_seen_without_requests() -> None:
    world = Simulation()
    world.traffic.bad[CANDIDATE] = 0.3
    with pytest.raises(RolloutAborted, match="all traffic is on v-aaaaaaaa"):
        world.run()
    assert world.head.leaving == ()


def test_an_abort_that_is_not_seen_in_force_says_so_and_keeps_the_candidate(monkeypatch: pytest.MonkeyPatch) -> None:
    def unseen(self: InForce, cancelled: object) -> None:
        raise ClusterError("the data plane still sends to it")

    monkeypatch.setattr(InForce, "wait", unseen)
    world = Simulation()
    world.traffic.bad[CANDIDATE] = 0.3
    why = r"the gateway accepted that all traffic is on v-aaaaaaaa .*not seen in force \(the data plane still sends"
    with pytest.raises(RolloutAborted, match=why):
        world.run()
    assert [one.entry for one in world.head.leaving] == [CANDIDATE]
    live = world.router.read()
    assert live is not None
    assert dict(live.shares) == {world.old.entry: 100.0, CANDIDATE: 0.0}


def test_a_serving_version_without_replicas_is_said_and_its_bakes_are_skipped() -> None:
    world = Simulation(
        wanted(strategy={"kind": "canary", "steps": [{"weight": 25, "bake": 600}, {"weight": 100, "bake": 4}]})
    )
    world.clock.at(5.0, lambda: world.workloads.put(world.old, Readiness(3, 0, 0, 0, "pod y: CrashLoopBackOff")))
    head = world.run()
    assert world.clock.now() < 1060.0
    said = "the serving version v-aaaaaaaa has 0 of 3 replicas ready (pod y: CrashLoopBackOff)"
    assert any(said in line for line in world.lines.lines)
    assert head.attempt is not None
    assert any(said in note for note in head.attempt.notes)


def test_a_way_back_scales_up_what_somebody_scaled_down_and_says_what_it_waits_for() -> None:
    world = Simulation()
    world.traffic.bad[CANDIDATE] = 0.3
    world.clock.at(1.0, lambda: world.workloads.put(world.old, Readiness(0, 0, 0, 0, image=world.old.image)))
    with pytest.raises(RolloutAborted, match="all traffic is on v-aaaaaaaa"):
        world.run()
    assert (world.old.workload, 3) in world.workloads.scaled


def test_traffic_that_stops_in_the_middle_quarantines_nobody() -> None:
    world = Simulation()

    def stop() -> None:
        world.traffic.flow()
        world.traffic.rate = 0.0

    world.clock.at(2.0, stop)
    with pytest.raises(RolloutAborted, match="undecided"):
        world.run()
    assert world.head.quarantined == {}


def test_metrics_that_die_during_a_first_release_which_they_do_not_judge_end_nothing() -> None:
    world = Simulation(first=True)
    world.clock.at(1.0, lambda: setattr(world.traffic, "down", "connection refused"))
    assert world.run("first").serving is not None


def test_a_first_release_that_is_not_shown_to_be_bad_keeps_its_users() -> None:
    guardrails = [{"name": "errors", "kind": "error-ratio", "negligible": "1%", "objective": "2%"}]
    world = Simulation(wanted(guardrails=guardrails), first=True)
    world.clock.at(1.0, lambda: setattr(world.traffic, "down", "connection refused"))
    with pytest.raises(RolloutAborted, match="its users stay on it"):
        world.run("first")
    live = world.router.read()
    assert live is not None
    assert dict(live.shares) == {CANDIDATE: 100.0}
