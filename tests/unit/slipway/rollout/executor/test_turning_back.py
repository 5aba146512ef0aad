"""The end of an attempt without a commit."""

from __future__ import annotations

import pytest

from slipway.release.errors import ClusterError, LeaseLost, RolloutAborted
from slipway.release.manifest.plan import Kind, PlannedStep
from slipway.release.records.journal import Outcome
from slipway.rollout.controller import Abort, Cause
from slipway.rollout.platforms.base import Readiness
from tests.unit.slipway.rollout.examples import backend
from tests.unit.slipway.rollout.executor.parts import Parts, parts
from tests.unit.slipway.rollout.simulation import Simulation

CANDIDATE = "checkout-bbbbbbbb"


def at_25_percent(sim: Simulation, kind: Kind = "forward") -> Parts:
    """An attempt whose first step is written."""
    found = parts(sim, kind)
    found.ramp.watch.foreign()
    found.ramp.join(PlannedStep(25.0, 0.0))
    found.ramp.write(0, PlannedStep(25.0, 0.0))
    found.record.begin_step(0, PlannedStep(25.0, 0.0), sim.clock.now())
    found.record.save()
    return found


def end(found: Parts, cause: Cause, reason: str = "errors above the baseline") -> str:
    with pytest.raises(RolloutAborted) as error:
        found.turning_back.run(Abort(cause, reason))
    return str(error.value)


def outcome(sim: Simulation) -> Outcome | None:
    return sim.head.attempt.outcome if sim.head.attempt is not None else None


def test_all_traffic_is_back_before_the_journal_says_that_it_was_aborted() -> None:
    sim = Simulation()
    found = at_25_percent(sim)
    shares: list[float] = []

    def note() -> None:
        live = sim.router.read()
        shares.append(live.shares.get(CANDIDATE, 0.0) if live is not None else 0.0)

    note()
    sim.journal.faults.next("save", note)
    line = end(found, Cause.CANDIDATE)
    assert shares == [25.0, 0.0]
    assert line == (
        "checkout v-bbbbbbbb (bbbbbbbb) aborted at 25%: errors above the baseline; "
        "all traffic is on v-aaaaaaaa (aaaaaaaa)"
    )
    assert outcome(sim) is Outcome.ABORTED


@pytest.mark.parametrize(
    ("cause", "kind", "quarantined"),
    [
        (Cause.CANDIDATE, "forward", True),
        (Cause.OPERATOR, "forward", True),
        (Cause.ENVIRONMENT, "forward", False),
        (Cause.CANDIDATE, "rollback", False),
    ],
)
def test_only_what_was_held_against_the_candidate_quarantines_it(cause: Cause, kind: Kind, quarantined: bool) -> None:
    sim = Simulation()
    end(at_25_percent(sim, kind), cause)
    assert ("bbbbbbbb" in sim.head.quarantined) is quarantined


def test_why_a_candidate_has_no_replica_left_is_asked_once_more_when_the_traffic_is_back() -> None:
    sim = Simulation()
    found = at_25_percent(sim)
    told = Readiness(2, 0, 0, 1, problem="pod x: last exit code 1")
    sim.router.faults.next("apply", lambda: sim.workloads.put(backend("bbbbbbbb"), told))
    with pytest.raises(RolloutAborted, match="no ready replica left: pod x: last exit code 1; all traffic is on"):
        found.turning_back.run(Abort(Cause.CANDIDATE, "no ready replica left", unexplained=True))
    assert sim.head.quarantined["bbbbbbbb"].reason == "no ready replica left: pod x: last exit code 1"


def test_what_the_pods_say_is_no_condition_for_the_end() -> None:
    sim = Simulation()
    found = at_25_percent(sim)
    sim.workloads.faults.next("readiness", ClusterError("away"), times=1000)
    with pytest.raises(RolloutAborted, match="no ready replica left; all traffic is on"):
        found.turning_back.run(Abort(Cause.CANDIDATE, "no ready replica left", unexplained=True))
    assert outcome(sim) is Outcome.ABORTED


def test_an_interruption_is_no_abort_and_holds_nothing_against_the_candidate() -> None:
    sim = Simulation()
    line = end(at_25_percent(sim), Cause.INTERRUPTED, "interrupted")
    assert " interrupted at 25%: " in line
    assert (outcome(sim), sim.head.quarantined) == (Outcome.INTERRUPTED, {})


def test_while_the_traffic_cannot_go_back_the_attempt_stays_unfinished_for_the_watchdog() -> None:
    sim = Simulation()
    found = at_25_percent(sim)
    sim.router.faults.next("apply", ValueError("no such split"), times=1000)
    line = end(found, Cause.CANDIDATE)
    assert "the traffic is not back yet: no such split; it is tried again until it is" in line
    assert outcome(sim) is Outcome.RUNNING


def test_the_end_is_written_until_the_journal_takes_it() -> None:
    sim = Simulation()
    found = at_25_percent(sim)
    sim.journal.faults.next("save", ClusterError("away"), times=3)
    end(found, Cause.CANDIDATE)
    assert sum("the end is not in the journal yet: away" in line for line in sim.lines.lines) == 3
    assert outcome(sim) is Outcome.ABORTED


def test_a_lost_lease_says_where_the_traffic_was_and_writes_nothing() -> None:
    sim = Simulation()
    found = at_25_percent(sim)
    sim.fence.lose("another holds it")
    written = len(sim.router.history)
    with pytest.raises(LeaseLost, match=r"has stopped at 25% as it knew it: .*slipway status"):
        found.turning_back.run(Abort(Cause.CANDIDATE, "errors"))
    assert (len(sim.router.history), outcome(sim)) == (written, Outcome.RUNNING)
    assert not any("traffic goes back" in line for line in sim.lines.lines)


def test_a_run_that_slept_past_its_lease_does_not_say_that_the_traffic_goes_back() -> None:
    sim = Simulation()
    found = at_25_percent(sim)
    sim.fence.note_renewal(sim.fence.now() - 20.0, 15.0)
    sim.clock.at(1.0, lambda: sim.fence.lose("r2 holds it now"))
    written = len(sim.router.history)
    with pytest.raises(LeaseLost, match="r2 holds it now"):
        found.turning_back.run(Abort(Cause.ENVIRONMENT, "the metrics are 20s old"))
    assert len(sim.router.history) == written
    assert any("nothing may be written until it is" in line for line in sim.lines.lines)
    assert not any("traffic goes back" in line for line in sim.lines.lines)


@pytest.mark.parametrize(
    ("cause", "where", "routed"),
    [(Cause.CANDIDATE, "there is no traffic", False), (Cause.ENVIRONMENT, "its users stay on it", True)],
)
def test_a_first_release_loses_its_route_only_when_it_is_bad(cause: Cause, where: str, routed: bool) -> None:
    sim = Simulation(first=True)
    found = parts(sim, "first")
    found.ramp.watch.foreign()
    found.ramp.write(0, PlannedStep(100.0, 0.0))
    assert where in end(found, cause)
    assert (sim.router.read() is not None) is routed


def test_a_weight_whose_answer_was_lost_counts_as_reached() -> None:
    sim = Simulation()
    found = parts(sim)
    found.ramp.watch.foreign()
    found.ramp.join(PlannedStep(25.0, 0.0))
    sim.router.faults.after("apply", ClusterError("no answer"))
    with pytest.raises(ClusterError, match="no answer"):
        found.ramp.write(0, PlannedStep(25.0, 0.0))
    assert " aborted at 25%: " in end(found, Cause.ENVIRONMENT)
