"""The table of a stack's records and the rights of its rollouts."""

from __future__ import annotations

import json

from components import AwsRolloutAccess, AwsRolloutAccessArgs, RolloutTable, RolloutTableArgs
from slipway.release.aws_rights import policy
from tests.components.recorder import declare
from tests.components.test_ecs_workload import TARGET


def test_the_policy_is_that_of_the_target() -> None:
    record = declare(
        lambda: AwsRolloutAccess("access", AwsRolloutAccessArgs(target=TARGET)) and None,
        {"aws:iam/policy:Policy": {"arn": "arn:policy"}},
    )
    assert json.loads(record.one("aws:iam/policy:Policy").properties["policy"]) == policy(TARGET)


def test_the_table_has_the_keys_of_the_records_and_is_not_lost_by_mistake() -> None:
    record = declare(
        lambda: RolloutTable("records", RolloutTableArgs(table="releases")) and None,
        {"aws:dynamodb/table:Table": {"arn": "arn:table"}},
    )
    found = record.one("aws:dynamodb/table:Table").properties
    assert (found["name"], found["hashKey"], found["rangeKey"]) == ("releases", "service", "item")
    assert found["deletionProtectionEnabled"]
    assert found["pointInTimeRecovery"] == {"enabled": True}
