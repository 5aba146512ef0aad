"""The policy that a stack declares has what rollouts on ECS call, and nothing that none of them does."""

from __future__ import annotations

import pytest

from slipway.release.aws_rights import actions, policy
from slipway.release.errors import RolloutAborted
from tests.unit.slipway.rollout.ecs import OnEcs
from tests.unit.slipway.rollout.test_on_ecs import NoGuard

SELDOM = {
    "CreateRule": "of a first release",
    "BatchWriteItem": "old records are condensed",
    "DeleteItem": "an intent is taken, a Lease let go",
    "DeleteRule": "a Rollout is destroyed, a preview ends",
    "DescribeTasks": "tasks have stopped, or the last task of a service is waited for",
    "ListTasks": "the same",
    "UpdateService": "rolling",
    "DescribeTaskDefinition": "the image of what runs",
    "GetMetricData": "metrics from CloudWatch",
}
"""Not called by every rollout, and when."""


def test_what_rollouts_call_is_allowed_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("slipway.rollout.update.guards", lambda: NoGuard)
    ecs = OnEcs(monkeypatch)
    called: set[str] = set()

    def update(revision: str) -> None:
        ecs.put(revision)
        before = len(ecs.cloud.requests)
        try:
            ecs.update(ecs.wanted(revision))
        finally:
            called.update(ecs.cloud.requests[before:])

    update("aaaaaaaa")
    update("bbbbbbbb")
    ecs.traffic.bad[f"{ecs.service}-cccccccc"] = 0.3
    with pytest.raises(RolloutAborted):
        update("cccccccc")
    allowed = {action.partition(":")[2] for action in actions(policy(ecs.target))}
    assert called <= allowed
    assert allowed - SELDOM.keys() <= called


def test_what_is_written_is_named_and_only_what_describes_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    for statement in policy(OnEcs(monkeypatch).target)["Statement"]:
        reads = all(action.partition(":")[2].startswith(("Describe", "Get", "List")) for action in statement["Action"])
        assert reads or "*" not in statement["Resource"], statement


def test_only_the_services_of_the_stack_can_be_scaled(monkeypatch: pytest.MonkeyPatch) -> None:
    ecs = OnEcs(monkeypatch)
    (services,) = [one for one in policy(ecs.target)["Statement"] if "ecs:UpdateService" in one["Action"]]
    account = ecs.target.listener.split(":")[4]
    wanted = f"arn:aws:ecs:{ecs.target.region}:{account}:service/{ecs.target.cluster}/{ecs.service}-*"
    assert services["Resource"] == [wanted]
