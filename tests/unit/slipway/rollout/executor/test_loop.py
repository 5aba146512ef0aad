"""Whole rollouts in simulated time: what is written, in which order, and what is left behind."""

from __future__ import annotations

import re

import pytest

from slipway.release.errors import ClusterError, LeaseLost, RolloutAborted
from slipway.release.records.journal import Outcome
from slipway.rollout.platforms.base import Intent, Readiness, Reason
from slipway.rollout.routers.base import Split
from slipway.rollout.traffic import smoke_step
from slipway.rollout.traffic.smoke import Checked
from tests.unit.slipway.rollout.examples import ROUTE, backend, wanted
from tests.unit.slipway.rollout.simulation import Simulation

CANDIDATE = "checkout-bbbbbbbb"
ROLLING = {"kind": "rolling", "batch": "34%", "bake": "3s", "finalBake": "4s"}


def intent(action: str, number: int = 1) -> Intent:
    return Intent(str(number), action, "kim", 0.0, "because", "r1")  # type: ignore[arg-type]


def test_a_healthy_canary_walks_through_its_steps_and_commits() -> None:
    world = Simulation()
    head = world.run()
    assert world.shares() == [25.0, 100.0]
    assert head.serving is not None
    assert head.serving.backend.revision == "bbbbbbbb"
    assert world.head == head
    assert [step.verdict for step in head.attempt.steps] == ["PASS", "PASS"]  # type: ignore[union-attr]
    assert all(step.requests > 0 for step in head.attempt.steps)  # type: ignore[union-attr]


def test_the_line_of_a_look_has_weight_counts_evidence_and_time_left() -> None:
    world = Simulation()
    world.run()
    counts = r"errors [\d,]+ of [\d,]+ \(.*%\) against [\d,]+ of [\d,]+ \(.*%\)"
    wanted = rf"25%: {counts}.*, evidence [\d.e+-]+ of \d+, \w+ left; checkout step 1/2"
    assert any(re.fullmatch(wanted, line) for line in world.lines.lines), world.lines.lines[-20:]


def test_a_candidate_that_fails_requests_is_left_and_quarantined() -> None:
    world = Simulation()
    world.traffic.bad[CANDIDATE] = 0.2
    with pytest.raises(RolloutAborted) as error:
        world.run()
    assert world.shares()[-1:] == [0.0]
    assert "all traffic is on v-aaaaaaaa" in str(error.value)
    assert error.value.quarantined
    assert "\n" not in str(error.value)
    assert "bbbbbbbb" in world.head.quarantined
    assert world.head.attempt is not None
    assert world.head.attempt.outcome is Outcome.ABORTED
    assert world.head.attempt.steps[-1].errors > 0


def test_the_counts_behind_a_verdict_are_in_the_journal() -> None:
    world = Simulation()
    world.traffic.bad[CANDIDATE] = 0.2
    with pytest.raises(RolloutAborted):
        world.run()
    last = world.journal.records("r1")[-1]
    assert last["verdict"] == "FAIL"
    assert last["counts"]["errors"]["candidate"]["bad"] > 0
    assert last["statistic"] >= last["threshold"] * (1 - 1e-9)


def test_a_fault_that_begins_only_at_100_percent_aborts_too() -> None:
    world = Simulation(
        wanted(strategy={"kind": "canary", "steps": [{"weight": 25, "bake": 4}, {"weight": 100, "bake": 90}]})
    )

    def begin() -> None:
        world.traffic.flow()
        world.traffic.bad[CANDIDATE] = 0.05

    world.clock.at(60.0, begin)
    with pytest.raises(RolloutAborted, match="at 100%"):
        world.run()
    assert world.shares() == [25.0, 100.0, 0.0]


def test_no_weight_is_written_for_a_candidate_that_never_becomes_ready() -> None:
    world = Simulation()
    world.workloads.put(world.wanted.candidate, Readiness(3, 1, 1, 0, "pod x is not ready", Reason.IMAGE_PULL))
    with pytest.raises(RolloutAborted, match=r"not ready within 1m: 1 of 3 replicas ready: pod x is not ready"):
        world.run()
    assert set(world.shares()) <= {0.0}


def test_a_crash_loop_ends_it_at_once() -> None:
    world = Simulation()
    world.workloads.put(
        world.wanted.candidate, Readiness(3, 0, 0, 4, "pod x: CrashLoopBackOff", Reason.CRASH_LOOP, fatal=True)
    )
    with pytest.raises(RolloutAborted, match="CrashLoopBackOff"):
        world.run()
    assert world.clock.now() < 1005.0


def test_without_traffic_nothing_is_promoted_and_the_horizon_ends_it() -> None:
    world = Simulation()
    world.traffic.rate = 0.0
    with pytest.raises(RolloutAborted, match="no traffic reached the candidate"):
        world.run()
    assert world.shares() == [25.0, 0.0]


def test_metrics_that_fail_beyond_their_grace_put_the_traffic_back_without_a_quarantine() -> None:
    world = Simulation()
    world.clock.at(3.0, lambda: setattr(world.traffic, "down", "connection refused"))
    with pytest.raises(RolloutAborted, match=r"metrics source failed for over 5s.*connection refused"):
        world.run()
    assert world.shares()[-1:] == [0.0]
    assert world.head.quarantined == {}


def test_a_cancellation_puts_the_traffic_back_and_holds_nothing_against_the_candidate() -> None:
    world = Simulation()
    world.clock.at(2.0, world.cancelled.set)
    with pytest.raises(RolloutAborted, match="interrupted"):
        world.run()
    assert world.shares()[-1:] == [0.0]
    assert world.head.attempt is not None
    assert world.head.attempt.outcome is Outcome.INTERRUPTED
    assert world.head.quarantined == {}


def test_nothing_is_written_after_the_lease_was_lost() -> None:
    world = Simulation()
    world.clock.at(2.0, lambda: world.fence.lose("the Lease is lost, r2 holds it now"))
    with pytest.raises(LeaseLost, match=r"may not write any more.*r2 holds it now"):
        world.run()
    assert world.shares() == [25.0]
    assert world.head.unfinished


def test_an_operator_aborts_by_an_intent() -> None:
    world = Simulation()
    world.clock.at(2.0, lambda: world.intents.write(intent("abort")))
    with pytest.raises(RolloutAborted, match="aborted by kim: because"):
        world.run()
    assert world.shares()[-1:] == [0.0]
    assert "bbbbbbbb" in world.head.quarantined


def test_an_intent_for_another_rollout_is_not_obeyed() -> None:
    world = Simulation()
    world.intents.write(Intent("1", "abort", "kim", 0.0, "", "another"))
    assert world.run().serving is not None


def test_pause_holds_until_resume() -> None:
    world = Simulation()
    world.clock.at(2.0, lambda: world.intents.write(intent("pause", 1)))
    world.clock.at(100.0, lambda: world.intents.write(intent("resume", 2)))
    world.run()
    assert world.clock.now() > 1100.0
    assert world.shares() == [25.0, 100.0]


def test_promote_leaves_a_long_step_now() -> None:
    strategy = {"kind": "canary", "steps": [{"weight": 25, "bake": 3000}, {"weight": 100, "bake": 4}]}
    world = Simulation(wanted(strategy=strategy))
    world.clock.at(5.0, lambda: world.intents.write(intent("promote")))
    world.run()
    assert world.clock.now() < 1100.0


def test_a_return_to_a_known_revision_is_one_switch_without_looking_at_metrics() -> None:
    world = Simulation()
    world.traffic.down = "connection refused"
    head = world.run("rollback")
    assert world.shares() == [100.0]
    assert world.clock.now() < 1010.0
    assert head.serving is not None
    assert head.serving.backend.revision == "bbbbbbbb"


def test_a_return_waits_until_the_known_revision_is_ready() -> None:
    world = Simulation()
    world.workloads.put(world.wanted.candidate, Readiness(3, 0, 0, 0))
    world.clock.at(20.0, lambda: world.workloads.put(world.wanted.candidate))
    world.run("rollback")
    assert world.clock.now() >= 1020.0
    assert world.shares() == [100.0]


def test_a_first_release_gets_its_route_when_it_is_ready() -> None:
    world = Simulation(first=True)
    head = world.run("first")
    assert world.shares() == [100.0]
    assert head.serving is not None


def test_a_first_release_that_fails_leaves_no_route() -> None:
    world = Simulation(first=True)
    world.workloads.put(
        world.wanted.candidate, Readiness(3, 0, 0, 4, "pod x: CrashLoopBackOff", Reason.CRASH_LOOP, fatal=True)
    )
    with pytest.raises(RolloutAborted, match="there is no traffic"):
        world.run("first")
    assert world.router.read() is None


def rolling() -> Simulation:
    candidate = backend("bbbbbbbb", scaled=True)
    world = Simulation(wanted(strategy=ROLLING, candidate=candidate))
    world.workloads.put(candidate, Readiness(1, 1, 1, 0))
    return world


def test_rolling_moves_replicas_and_weights_together_without_double_capacity() -> None:
    world = rolling()
    world.run(old_replicas=3)
    assert world.shares() == [pytest.approx(66.67, abs=0.01), 100.0]
    assert world.workloads.scaled == [(CANDIDATE, 2), ("checkout-aaaaaaaa", 1), (CANDIDATE, 3)]


def test_an_abort_of_rolling_follows_the_old_replicas_as_they_become_ready_again() -> None:
    world = rolling()
    world.traffic.bad[CANDIDATE] = 0.3
    with pytest.raises(RolloutAborted):
        world.run(old_replicas=3)
    assert world.router.history[-1] == Split.whole(world.old)
    assert world.workloads.replicas(world.old) == 3


def test_traffic_does_not_go_back_to_an_old_backend_that_is_not_ready() -> None:
    world = Simulation()
    world.traffic.bad[CANDIDATE] = 0.3

    def lose() -> None:
        world.workloads.put(world.old, Readiness(3, 0, 0, 0))

    world.clock.at(1.0, lose)
    world.clock.at(40.0, lambda: world.workloads.put(world.old))
    with pytest.raises(RolloutAborted):
        world.run()
    assert world.shares() == [25.0, 100.0, 0.0]
    assert world.router.history[-1] == Split.whole(world.old)


def test_a_restore_goes_on_while_the_api_fails_for_a_while() -> None:
    world = Simulation()
    world.traffic.bad[CANDIDATE] = 0.3

    def fail() -> None:
        for _ in range(5):
            world.router.faults.next("apply", ClusterError("the API server is away"))

    world.clock.at(2.0, fail)
    with pytest.raises(RolloutAborted):
        world.run()
    assert world.router.history[-1] == Split.whole(world.old)


def test_a_known_good_revision_that_is_not_ready_in_time_stays_a_way_back() -> None:
    world = Simulation()
    world.workloads.put(world.wanted.candidate, Readiness(3, 1, 1, 0))
    with pytest.raises(RolloutAborted, match="not ready within"):
        world.run("rollback")
    assert world.head.quarantined == {}


def test_a_known_good_revision_that_was_scaled_down_is_scaled_up_before_it_gets_traffic() -> None:
    world = Simulation()
    world.workloads.put(world.wanted.candidate, Readiness(1, 1, 1, 0))
    world.run("rollback")
    assert world.workloads.scaled == [(CANDIDATE, 3)]
    assert world.shares() == [100.0]


def sticky() -> Simulation:
    steps = [{"weight": weight, "bake": "4s"} for weight in (25, 50, 100)]
    route = {**ROUTE, "affinity": {"cookie": "side"}}
    return Simulation(wanted(route=route, strategy={"kind": "canary", "steps": steps}))


def test_a_sticky_canary_has_one_draw_for_all_of_its_steps_and_ends_in_a_plain_route() -> None:
    world = sticky()
    world.run()
    draws = {split.sticky for split in world.router.history}
    (draw,) = draws - {None}
    assert draw is not None
    assert draw.bounds == (25, 50, 100)
    assert [split.sticky is not None for split in world.router.history[-3:]] == [True, True, False]
    live = world.router.read()
    assert live is not None
    assert live.settings_hash == world.router.settings_hash(world.wanted.route)


def test_an_aborted_sticky_canary_leaves_nothing_sticky() -> None:
    world = sticky()
    world.traffic.bad[world.wanted.candidate.entry] = 0.5
    with pytest.raises(RolloutAborted):
        world.run()
    assert any(split.sticky for split in world.router.history)
    live = world.router.read()
    assert live is not None
    assert dict(live.shares) == {world.old.entry: 100.0}
    assert live.settings_hash == world.router.settings_hash(world.wanted.route)


def test_a_candidate_gets_no_traffic_while_metrics_are_dead() -> None:
    world = Simulation()
    world.traffic.down = "connection refused"
    with pytest.raises(RolloutAborted, match=r"before any traffic.*metrics source failed for over 5s"):
        world.run()
    assert set(world.shares()) <= {0.0}
    assert world.head.quarantined == {}


def test_a_journal_that_misses_ticks_for_a_moment_gets_them_all_later() -> None:
    world = Simulation()
    world.journal.faults.next("append", ClusterError("the API does not answer"))
    world.run()
    looks = [record["at"] for record in world.journal.records("r1")]
    assert looks == sorted(set(looks))
    assert looks[0] < 2.0


def test_a_journal_that_is_away_does_not_take_the_place_of_the_reason_of_an_abort() -> None:
    world = Simulation()
    world.traffic.bad[CANDIDATE] = 0.5
    world.journal.faults.next("append", ClusterError("the API does not answer"), times=99)
    with pytest.raises(RolloutAborted, match="abort evidence"):
        world.run()
    assert any("not in the journal: the API does not answer" in line for line in world.lines.lines)


def test_the_evidence_for_promotion_begins_anew_at_each_weight() -> None:
    steps = [{"weight": 25, "bake": "20s"}, {"weight": 50, "bake": "1s"}, {"weight": 100, "bake": "1s"}]
    world = Simulation(wanted(strategy={"kind": "canary", "steps": steps}))
    head = world.run()
    records = world.journal.records("r1")
    before = [record for record in records if record["weight"] == 25.0][-1]
    first = next(record for record in records if record["weight"] == 50.0)
    assert before["verdict"] == "PASS"
    assert first["verdict"] != "PASS"
    assert first["findings"][0]["promote_statistic"] < before["findings"][0]["promote_statistic"]
    assert first["inStep"] <= before["length"] + first["length"] < before["inStep"]
    # And a step is left only once its own requests have shown enough, however short its bake is.
    assert head.attempt is not None
    lengths = [step.ended - step.began for step in head.attempt.steps if step.ended is not None]
    assert len(lengths) == 3
    assert lengths[1] > 1.5


def test_the_requests_of_a_step_are_its_own() -> None:
    world = Simulation()
    head = world.run()
    assert head.attempt is not None
    for step, share in zip(head.attempt.steps, (0.25, 1.0), strict=True):
        assert step.ended is not None
        assert step.requests <= 100.0 * share * (step.ended - step.began + 1.0)


def test_weights_that_somebody_writes_during_the_smoke_checks_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    strategy = {
        "kind": "blue-green",
        "bake": "10s",
        "preview": {"header": {"name": "X-Preview", "value": "yes"}},
        "smoke": [{"path": "/health"}],
    }
    world = Simulation(wanted(strategy=strategy, gatewayUrl="http://gateway.example"))

    def meddle(url: str, headers: object, checks: object) -> Checked:
        world.router.drift({world.old.entry: 50.0, CANDIDATE: 50.0})
        world.traffic._total[CANDIDATE] = 1.0
        return Checked("", 1)

    monkeypatch.setattr(smoke_step, "run_checks", meddle)
    with pytest.raises(RolloutAborted, match=r"changed the weights to .*50%"):
        world.run()
    assert world.router.history[-1] == Split.whole(world.old)


def test_a_promotion_of_one_step_does_not_shorten_the_next() -> None:
    world = Simulation()
    world.clock.at(1.0, lambda: world.intents.write(intent("promote")))
    attempt = world.run().attempt
    assert attempt is not None
    first, last = [(step.ended or 0.0) - step.began for step in attempt.steps]
    assert first < 4.0 <= last
