"""A canary whose candidate first gets copies of requests."""

from __future__ import annotations

from typing import Any

import pytest

from slipway.release.errors import ClusterError, RolloutAborted
from slipway.release.manifest.plan import Mirrored
from slipway.release.records.journal import Outcome
from slipway.rollout import analysis
from slipway.rollout.analysis.rules import Known
from slipway.rollout.measurement.recorded import replay_records
from slipway.rollout.routers.base import Split
from slipway.rollout.safety.rescue import rescue_once
from slipway.rollout.update import Update
from tests.unit.slipway.rollout.examples import ROUTE, wanted
from tests.unit.slipway.rollout.simulation import Simulation

STEPS: list[dict[str, Any]] = [
    {"mirror": "100%", "methods": ["GET", "HEAD"], "bake": "4s"},
    {"weight": 25, "bake": "4s"},
    {"weight": 100, "bake": "4s"},
]
COPIES = Mirrored(100.0, ("GET", "HEAD"))


AT_THEIR_SERVICE_OR_APART = pytest.mark.parametrize("apart", [False, True], ids=["at the service", "apart"])


def simulated(*, apart: bool = False, **changes: Any) -> Simulation:
    world = Simulation(wanted(strategy={"kind": "canary", "steps": STEPS}, **changes))
    world.traffic.apart = apart
    return world


@AT_THEIR_SERVICE_OR_APART
def test_a_healthy_candidate_gets_copies_first_and_then_its_weights(apart: bool) -> None:
    world = simulated(apart=apart)
    head = world.run()
    assert head.attempt is not None and head.attempt.outcome is Outcome.COMMITTED
    assert world.shares() == [25.0, 100.0]
    mirrored = [split.mirror for split in world.router.history]
    assert (world.wanted.candidate, COPIES) in mirrored
    assert all(split.mirror is None for split in world.router.history if split.shares[1][1] > 0)
    first = head.attempt.steps[0]
    assert (first.weight, first.mirror, first.counted, first.verdict) == (0.0, COPIES, "copies", "PASS")
    assert first.requests > 300


def test_a_route_with_several_rules_gets_copies_and_weights_like_any_other() -> None:
    other = {"name": "legacy", "port": 80, "weight": 10}
    rules = [{"matches": [{"path": {"value": "/api"}}], "backendRefs": [{"weight": 90}, other]}, {}]
    world = simulated(route={**ROUTE, "rules": rules})
    head = world.run()
    assert head.attempt is not None and head.attempt.outcome is Outcome.COMMITTED
    assert world.shares() == [25.0, 100.0]
    live = world.router.read()
    assert live is not None and live.shares[world.wanted.candidate.entry] == 100.0
    assert head.serving is not None and head.serving.route == world.wanted.route


@AT_THEIR_SERVICE_OR_APART
def test_a_broken_candidate_is_aborted_before_any_user_reached_it(apart: bool) -> None:
    world = simulated(apart=apart)
    world.traffic.bad[world.wanted.candidate.entry] = 1.0
    with pytest.raises(RolloutAborted, match=r"before any traffic: errors: .* bad"):
        world.run()
    assert world.shares() == []
    live = world.router.read()
    assert live is not None and not live.mirrored and dict(live.shares) == {world.old.entry: 100.0}
    assert world.wanted.candidate.revision in world.head.quarantined


def test_what_copies_counted_does_not_count_again_once_there_is_a_weight() -> None:
    world = simulated(apart=True)
    copied, at_25 = world.run().attempt.steps[:2]  # type: ignore[union-attr]
    assert copied.requests > at_25.requests > 0
    assert at_25.requests < at_25.baseline_requests, "a quarter of the requests"


def test_what_a_candidate_without_any_copy_is_like_stays_open_until_the_horizon() -> None:
    world = simulated()
    world.traffic.copied = 0.0
    with pytest.raises(RolloutAborted, match="no copy of a request reached the candidate"):
        world.run()
    assert world.shares() == [] and not world.head.quarantined


def test_failures_of_other_methods_of_the_serving_version_abort_nothing() -> None:
    world = simulated()
    world.traffic.copied = 0.4
    world.traffic.bad = {world.wanted.candidate.entry: 0.05, world.old.entry: 0.03}  # 5% of what is copied, too
    world.clock.at(40.0, world.cancelled.set)
    with pytest.raises(RolloutAborted) as ended:
        world.run()
    assert "abort evidence" not in str(ended.value)


def test_another_writer_of_the_copies_ends_the_rollout() -> None:
    world = simulated()

    def interfere() -> None:
        live = world.router.read()
        assert live is not None and live.mirrored
        world.router.drift(live.shares, mirrored={}, by="kubectl-edit")

    world.clock.at(3.0, interfere)
    with pytest.raises(RolloutAborted, match=r"another writer \(kubectl-edit\) changed what is copied: nothing"):
        world.run()
    assert world.shares() == []


def test_a_process_that_dies_while_copies_are_made_leaves_none_behind() -> None:
    world = simulated()

    def die() -> None:
        raise KeyboardInterrupt

    world.clock.at(3.0, die)
    with pytest.raises(KeyboardInterrupt):
        world.run()
    live = world.router.read()
    assert live is not None and live.mirrored == {world.wanted.candidate.entry: 100.0}
    head = rescue_once(world.world, "r1", "r1", "the provider died", "watchdog")
    live = world.router.read()
    assert head is not None and head.attempt is not None and head.attempt.outcome is Outcome.INTERRUPTED
    assert live is not None and not live.mirrored and live.shares[world.old.entry] == 100.0
    assert [one.entry for one in head.leaving] == [world.wanted.candidate.entry]


def test_the_journal_decides_the_same_again() -> None:
    world = simulated()
    world.traffic.bad[world.wanted.candidate.entry] = 1.0
    with pytest.raises(RolloutAborted):
        world.run()
    records = world.journal.records("r1")
    assert {record["mirror"] for record in records if record["counts"]["errors"]["candidate"]["total"]} == {100.0}
    known = Known(False, (0.0, 25.0, 100.0))
    begun = analysis.begin(world.wanted.guardrails, world.wanted.analysis, known=known)
    again = [decision.verdict.value for _, decision in replay_records(begun, records)]
    assert again == [record["verdict"] for record in records] and again[-1] == "FAIL"


def test_a_lost_answer_of_the_write_that_begins_the_copies_is_no_failure() -> None:
    world = simulated()
    lost: list[int] = []
    apply = world.router.apply

    def losing(route: Any, split: Split, expect: str | None) -> Any:
        live = apply(route, split, expect)
        if split.mirror is not None and not lost:
            lost.append(1)
            raise ClusterError("the answer was lost")
        return live

    world.router.apply = losing  # type: ignore[method-assign]
    head = world.run()
    assert lost and head.attempt is not None and head.attempt.outcome is Outcome.COMMITTED


def test_the_status_says_copies_only_while_they_are_made() -> None:
    world = simulated()
    world.traffic.unknown = {world.wanted.candidate.entry}  # so that each join is waited for
    joins: list[bool] = []

    def let_in() -> None:
        world.traffic.unknown = set()

    world.clock.at(10.0, let_in)
    apply = world.router.apply

    def watching(route: Any, split: Split, expect: str | None) -> Any:
        joined = any(one.mirror is not None for one in world.router.history) and split.mirror is None
        if joined and not joins:
            joins.append(True)
            world.traffic.unknown = {world.wanted.candidate.entry}
            world.clock.at(world.clock.seconds - 1000.0 + 10.0, let_in)
            world.lines.lines.append("-- the copies end --")
        return apply(route, split, expect)

    world.router.apply = watching  # type: ignore[method-assign]
    world.run()
    ended = world.lines.lines.index("-- the copies end --")
    before, after = world.lines.lines[:ended], world.lines.lines[ended + 1 :]
    assert any("no user is on it" in line for line in before)
    assert any("gets no traffic yet" in line for line in after)
    assert not any("no user is on it" in line for line in after)


def test_a_process_that_dies_before_it_has_noted_the_copies_leaves_a_candidate_that_is_still_waited_for() -> None:
    world = simulated()
    apply = world.router.apply

    def dying(route: Any, split: Split, expect: str | None) -> Any:
        live = apply(route, split, expect)
        if split.mirror is not None:
            raise KeyboardInterrupt
        return live

    world.router.apply = dying  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        world.run()
    assert world.head.attempt is not None and world.head.attempt.steps == ()
    world.router.apply = apply  # type: ignore[method-assign]
    settled = world.wanted.model_copy(update={"candidate": world.old})
    waited = Update(settled, world.world, {}, world.lines, world.cancelled)
    waited.run()
    assert any(f"{world.wanted.candidate.entry} is seen without requests" in line for line in world.lines.lines)
    assert world.head.leaving == ()
