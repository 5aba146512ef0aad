"""A Rollout on ECS runs by the same executor as one on Kubernetes, through the platform that the target names."""

from __future__ import annotations

import pytest

from slipway.release.errors import LeaseLost, ReleaseRefused, RolloutAborted
from slipway.release.records.journal import Outcome
from slipway.release.target import Target
from slipway.rollout import operations
from slipway.rollout.assemble import services_in
from slipway.rollout.safety.rescue import rescue
from tests.unit.slipway.rollout.ecs import OnEcs

FIRST, SECOND = "aaaaaaaa", "bbbbbbbb"


class NoGuard:
    """A watchdog without a process."""

    @classmethod
    def arm(cls, target: Target, service: str, rollout_id: str) -> NoGuard:
        return cls()

    def await_ready(self) -> None:
        """Nothing to wait for."""

    def disarm(self) -> None:
        """Nothing to end."""

    def act(self) -> None:
        """Nothing to put back."""


@pytest.fixture
def ecs(monkeypatch: pytest.MonkeyPatch) -> OnEcs:
    monkeypatch.setattr("slipway.rollout.update.guards", lambda: NoGuard)
    return OnEcs(monkeypatch)


def released(ecs: OnEcs, revision: str = FIRST) -> None:
    """A first release that serves."""
    ecs.put(revision)
    ecs.update(ecs.wanted(revision))


def test_a_first_release_makes_the_rule_and_has_all_of_the_traffic(ecs: OnEcs) -> None:
    assert services_in(ecs.target) == []
    ecs.put(FIRST)
    outputs = ecs.update(ecs.wanted(FIRST))
    assert outputs["weights"] == {f"{ecs.service}-{FIRST}": 100.0}
    assert ecs.shares == {FIRST: 100.0}
    assert services_in(ecs.target) == [ecs.service]


def test_a_healthy_canary_leaves_only_the_candidate_in_the_rule(ecs: OnEcs) -> None:
    released(ecs)
    ecs.put(SECOND)
    outputs = ecs.update(ecs.wanted(SECOND))
    assert outputs["outcome"]["result"] == "committed"
    assert ecs.shares == {SECOND: 100.0}
    weights = [step.weight for step in ecs.head.attempt.steps] if ecs.head.attempt is not None else []
    assert weights == [25.0, 100.0]


def test_a_faulty_canary_is_put_back_and_its_revision_refused(ecs: OnEcs) -> None:
    released(ecs)
    ecs.put(SECOND)
    ecs.traffic.bad[f"{ecs.service}-{SECOND}"] = 0.3
    with pytest.raises(RolloutAborted):
        ecs.update(ecs.wanted(SECOND))
    assert ecs.shares == {FIRST: 100.0}
    assert operations.refusal_reason(ecs.wanted(SECOND), ecs.world()) is not None


def test_a_rollback_is_a_rollout_of_the_version_before(ecs: OnEcs) -> None:
    released(ecs)
    ecs.put(SECOND)
    ecs.update(ecs.wanted(SECOND))
    outputs = ecs.update(ecs.wanted(FIRST))
    assert (outputs["outcome"]["result"], ecs.shares) == ("committed", {FIRST: 100.0})


def killed(ecs: OnEcs) -> str:
    """A process that dies at 25%; returns the id of its rollout."""
    released(ecs)
    ecs.put(SECOND)
    world = ecs.world()
    ecs.clock.at(ecs.clock.now() - 1000.0 + 3.0, lambda: world.fence.lose("killed"))
    with pytest.raises(LeaseLost):
        ecs.update(ecs.wanted(SECOND), world)
    assert ecs.shares == {FIRST: 75.0, SECOND: 25.0}
    attempt = ecs.head.attempt
    assert attempt is not None
    assert ecs.head.unfinished
    return attempt.id


def test_what_a_process_left_behind_is_put_back_by_its_watchdog(ecs: OnEcs) -> None:
    rescue(ecs.world(), killed(ecs))
    assert ecs.shares == {FIRST: 100.0, SECOND: 0.0}  # it leaves once it was seen without requests
    assert ecs.head.attempt is not None
    assert (ecs.head.attempt.outcome, ecs.head.attempt.by) == (Outcome.INTERRUPTED, "watchdog")


def test_what_a_process_left_behind_is_put_back_before_the_next_rollout(ecs: OnEcs) -> None:
    killed(ecs)
    ecs.forget_lease()
    ecs.update(ecs.wanted(SECOND))
    assert ecs.shares == {SECOND: 100.0}
    assert ecs.head.attempt is not None
    assert ecs.head.attempt.outcome is Outcome.COMMITTED
    assert any("it goes back to" in line for line in ecs.lines.lines)


def test_a_service_that_another_controller_moves_too_gets_no_traffic(ecs: OnEcs) -> None:
    released(ecs)
    made = ecs.backend(SECOND)
    controller = {"deploymentController": {"type": "CODE_DEPLOY"}}
    ecs.services.put(made.workload, made.entry, made.image, made.replicas, **controller)
    with pytest.raises(RolloutAborted, match="CODE_DEPLOY would move its traffic too"):
        ecs.update(ecs.wanted(SECOND))
    assert ecs.shares == {FIRST: 100.0}


def test_a_rule_that_would_be_left_behind_is_refused_in_the_preview(ecs: OnEcs) -> None:
    released(ecs)
    old = ecs.wanted(FIRST).to_wire()
    moved = ecs.wanted(FIRST, target=ecs.target.model_copy(update={"rules": {ecs.service: 300}}))
    with pytest.raises(ReleaseRefused, match=f"target.rules.{ecs.service}: the rule has 110"):
        operations.difference(old, moved, ecs.world())
    same = operations.difference(old, ecs.wanted(FIRST), ecs.world())
    assert (same.changed, same.replaces, same.pending) == ((), (), None)
