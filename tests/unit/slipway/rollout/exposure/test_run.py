"""Whole exposures in simulated time: what is written, in which order, and what is left behind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from slipway.release.errors import ClusterError, LeaseLost, RolloutAborted
from slipway.release.escalation.outbox import Entry
from slipway.release.flags.journal import Head
from slipway.release.records.journal import Outcome
from slipway.rollout.escalation.desk import Desk
from slipway.rollout.escalation.outbox import MemoryOutbox
from tests.escalations import route
from tests.unit.slipway.rollout.exposure.simulation import KEY, Simulation, flag


def test_a_healthy_exposure_walks_through_its_steps_with_one_salt() -> None:
    world = Simulation()
    exposing = world.run()
    assert world.flags.written == [5.0, 25.0, 100.0]
    assert world.flags.head.reached[KEY].salt == "e1"
    assert exposing.outcome is Outcome.COMMITTED
    assert world.head.last == exposing
    assert [step.verdict for step in exposing.steps] == ["PASS", "PASS", "PASS"]
    assert all(step.requests > 0 for step in exposing.steps)


def test_the_line_of_a_look_is_that_of_a_rollout() -> None:
    world = Simulation()
    world.run()
    assert any(
        line.startswith("25%: errors 0 of ") and "new-cart step 2/3" in line and "evidence" in line
        for line in world.lines.lines
    ), world.lines.lines[-20:]


def test_a_variant_that_fails_requests_is_killed_with_the_evidence() -> None:
    world = Simulation()
    world.clock.at(30.0, lambda: world.users.bad.update(on=0.2))
    with pytest.raises(RolloutAborted, match=r"new-cart is off for all users until `slipway resume new-cart`") as error:
        world.run()
    assert error.value.quarantined
    kill = world.flags.head.killed(KEY)
    assert kill is not None
    assert kill.by == "guard"
    assert "errors" in kill.reason
    assert kill.evidence["exposure"] == "e1"
    assert world.flags.percent == 0.0
    assert world.head.last is not None
    assert world.head.last.outcome is Outcome.ABORTED


def test_a_kill_is_told_to_the_flags_owner_with_the_evidence() -> None:
    world = Simulation()
    started: list[Entry] = []
    desk = Desk(route(), MemoryOutbox(), started.append)
    world.world = replace(world.world, escalations=desk)
    world.clock.at(30.0, lambda: world.users.bad.update(on=0.2))
    with pytest.raises(RolloutAborted):
        world.run()
    ((made,),) = [[entry.escalation for entry in started]]
    assert (made.kind, made.severity, made.service, made.owner) == ("kill", "page", KEY, "payments")
    assert "new-cart was killed by its guard: " in made.what
    assert made.done == "new-cart is off for all users until `slipway resume new-cart`"
    assert "bad of" in made.hit
    assert "against a threshold of" in made.statistic
    assert f"new-cart: escalated to payments, {made.id}" in world.lines.lines


def test_an_exposure_that_ends_without_a_kill_is_told_to_nobody() -> None:
    world = Simulation()
    started: list[Entry] = []
    world.world = replace(world.world, escalations=Desk(route(), MemoryOutbox(), started.append))
    world.clock.at(9.0, world.cancelled.set)
    with pytest.raises(RolloutAborted):
        world.run()
    assert started == []


def test_at_25_percent_a_fault_of_a_fifth_is_killed_within_30_seconds_and_15_failed_requests() -> None:
    steps = [{"percent": 25, "bake": "60s"}]
    world = Simulation(flag(exposure={"steps": steps}))
    world.users.rate = 20.0
    world.users.bad["on"] = 0.2
    with pytest.raises(RolloutAborted):
        world.run()
    assert world.clock.now() - 1000.0 < 30.0
    failed = world.users.failed("on")
    assert failed <= 15
    world.clock.advance(60.0)
    assert world.users.failed("on") == failed


def test_after_a_kill_it_is_seen_that_nobody_gets_the_variant_any_more() -> None:
    world = Simulation()
    world.users.bad["on"] = 0.3
    with pytest.raises(RolloutAborted, match="no user is measured to get on any more"):
        world.run()


def test_clients_that_do_not_see_the_kill_are_warned_of() -> None:
    world = Simulation()
    world.users.bad["on"] = 0.3
    killing = world.flags.change

    def unseen(change: Callable[[Head], Head]) -> Head:
        world.users.flow()
        world.users.share = 5.0
        return killing(change)

    world.flags.change = unseen  # type: ignore[method-assign]
    with pytest.raises(RolloutAborted, match=r"WARNING: within 1m .* check that the clients see the document"):
        world.run()
    assert world.flags.head.killed(KEY) is not None


def test_the_counts_behind_the_kill_are_in_the_journal() -> None:
    world = Simulation()
    world.users.bad["on"] = 0.3
    with pytest.raises(RolloutAborted):
        world.run()
    last = world.journal.records("e1")[-1]
    assert last["verdict"] == "FAIL"
    assert last["counts"]["errors"]["candidate"]["bad"] > 0


def test_a_kill_by_hand_ends_it_and_is_left_as_it_is() -> None:
    world = Simulation()
    world.clock.at(9.0, world.flags.kill)
    with pytest.raises(RolloutAborted, match=r"aborted by kim: it looks wrong; new-cart is off for all users"):
        world.run()
    kill = world.flags.head.killed(KEY)
    assert kill is not None
    assert kill.by == "kim"
    assert world.flags.percent == 0.0


def test_a_kill_between_look_and_write_is_not_overwritten() -> None:
    world = Simulation()
    write = world.flags.change

    def killed_first(change: object) -> object:
        if len(world.flags.written) == 1:
            world.flags.kill()
        return write(change)  # type: ignore[arg-type]

    world.flags.change = killed_first  # type: ignore[assignment,method-assign]
    with pytest.raises(RolloutAborted, match="aborted by kim"):
        world.run()
    assert world.flags.written == [5.0]
    assert world.flags.head.killed(KEY) is not None


def test_an_exposure_that_another_moved_is_not_touched_any_more() -> None:
    world = Simulation()
    world.clock.at(9.0, lambda: world.flags.expose(60.0, "other"))
    with pytest.raises(RolloutAborted, match="another writer set the exposure to 60%"):
        world.run()
    assert world.flags.percent == 60.0
    assert world.flags.head.reached[KEY].salt == "other"


def test_an_interruption_turns_it_back_without_a_kill() -> None:
    world = Simulation()
    world.clock.at(9.0, world.cancelled.set)
    with pytest.raises(RolloutAborted, match=r"interrupted at 5%: interrupted; new-cart is back at 0%"):
        world.run()
    assert world.flags.percent == 0.0
    assert world.flags.head.killed(KEY) is None
    assert world.head.last is not None
    assert world.head.last.outcome is Outcome.INTERRUPTED


def test_a_growing_exposure_that_is_interrupted_returns_to_where_it_began() -> None:
    world = Simulation()
    world.flags.expose(5.0, "e0")
    world.clock.at(9.0, world.cancelled.set)
    with pytest.raises(RolloutAborted, match="back at 5%"):
        world.run(base=5.0, salt="e0")
    assert world.flags.written == [25.0, 5.0]
    assert world.flags.head.reached[KEY].salt == "e0"


def test_metrics_that_fail_beyond_their_grace_turn_it_back_without_a_kill() -> None:
    world = Simulation()
    world.clock.at(9.0, lambda: setattr(world.users, "down", "connection refused"))
    with pytest.raises(RolloutAborted, match=r"metrics source failed for over 5s.*connection refused"):
        world.run()
    assert world.flags.percent == 0.0
    assert world.flags.head.killed(KEY) is None


def test_without_requests_of_the_variant_nothing_passes() -> None:
    world = Simulation()
    world.users.share = 0.0
    with pytest.raises(RolloutAborted, match="no user gets the variant"):
        world.run()
    assert world.flags.written == [5.0, 0.0]


def test_a_measured_share_beyond_its_interval_is_an_error_that_stops() -> None:
    world = Simulation()
    world.users.share = 60.0
    with pytest.raises(RolloutAborted, match=r"measured share is 60.0% of .* the exposure 5.0%"):
        world.run()
    assert world.flags.written == [5.0, 0.0]
    assert world.flags.head.killed(KEY) is None


def test_a_document_that_is_not_in_force_is_no_exposure() -> None:
    world = Simulation()
    world.flags.stale = "the document has another rule"
    with pytest.raises(RolloutAborted, match="the document has another rule"):
        world.run()
    assert world.flags.percent == 0.0


def test_a_lost_answer_to_a_percentage_is_no_failure() -> None:
    world = Simulation()
    world.flags.faults.after("change", ClusterError("no answer"))
    world.run()
    assert world.flags.written == [5.0, 5.0, 25.0, 100.0]


def test_a_lost_answer_to_the_kill_is_written_until_it_stands() -> None:
    world = Simulation()
    world.users.bad["on"] = 0.3
    faults = world.flags.faults
    faults.after("change", lambda: faults.next("change", ClusterError("no answer"), times=3))
    with pytest.raises(RolloutAborted, match="is off for all users"):
        world.run()
    assert world.flags.head.killed(KEY) is not None


def test_nothing_is_written_after_the_lease_was_lost() -> None:
    world = Simulation()
    world.clock.at(9.0, lambda: world.fence.lose("e2 holds it now"))
    with pytest.raises(LeaseLost, match=r"may not write any more.*e2 holds it now"):
        world.run()
    assert world.flags.written == [5.0]


def test_a_rollout_that_another_process_ended_writes_nothing_more() -> None:
    world = Simulation()

    def ended_by_the_watchdog() -> None:
        found = world.journal.load()
        assert found is not None
        found.content["last"] |= {"outcome": "interrupted", "by": "watchdog"}
        world.journal.save(found.content, found.version)

    world.clock.at(9.0, ended_by_the_watchdog)
    with pytest.raises(LeaseLost, match="was ended by another process"):
        world.run()
    assert world.flags.written == [5.0]
