"""The policy that a stack declares has what rollouts on ECS call, and nothing that none of them does."""

from __future__ import annotations

from typing import Any

import pytest

from slipway.release.aws_rights import actions, policy
from slipway.release.errors import RolloutAborted
from slipway.release.records.store import RecordsSetting, append_next
from slipway.rollout.platforms.aws.bucket_records import BucketRecords, services_recorded
from tests.unit.slipway.rollout.cloud import Cloud
from tests.unit.slipway.rollout.deploying import PLACE, Deploying
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


CALLS = {
    "put_object": "PutObject",
    "get_object": "GetObjectVersion",
    "list_object_versions": "ListBucketVersions",
    "list_objects_v2": "ListBucket",
    "get_bucket_versioning": "GetBucketVersioning",
    "get_object_lock_configuration": "GetBucketObjectLockConfiguration",
}
"""Method of the client -> the action of IAM that it is."""


def test_records_in_a_bucket_need_what_is_allowed_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    cloud = Cloud()
    cloud.create_bucket()
    client, called = cloud.client("s3"), set[str]()

    class Heard:
        def __getattr__(self, name: str) -> Any:
            called.add(CALLS[name])
            return getattr(client, name)

    for _ in range(2):
        append_next(BucketRecords(Heard(), cloud.name, "shop", "checkout", cloud.patience), lambda last: {"n": 1})
    assert services_recorded(Heard(), cloud.name, "shop") == ["checkout"]
    target = OnEcs(monkeypatch).target
    records = RecordsSetting(kind="s3", bucket=cloud.name, region="us-east-1", prefix="shop")
    added = actions(policy(target, records)) - actions(policy(target))
    assert {action.partition(":")[2] for action in added} == called
    (objects,) = [one for one in policy(target, records)["Statement"] if "s3:PutObject" in one["Action"]]
    assert objects["Resource"] == [f"arn:aws:s3:::{cloud.name}/shop/*"]


def test_flags_need_what_is_allowed_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    deploying, called = Deploying(), set[str]()
    store = deploying.store()

    class Heard:
        def __getattr__(self, name: str) -> Any:
            called.add("".join(part.capitalize() for part in name.split("_")))
            return getattr(deploying, name)

    store._client = Heard()
    store.write({"flags": {}}, store.write({"flags": {"pay": {}}}, None))
    target = OnEcs(monkeypatch).target
    added = actions(policy(target.model_copy(update={"app_config": PLACE}))) - actions(policy(target))
    assert {action.partition(":")[2] for action in added} == called


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
