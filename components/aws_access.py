"""What a stack on ECS or Lambda stands on: the table of its records, and the rights that running rollouts needs."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pulumi

from components.aws_objects import Policy, Table
from slipway.release.aws_rights import policy_of
from slipway.release.records.store import RecordsSetting
from slipway.release.target import EcsTarget, LambdaTarget
from slipway.release.tokens import AWS_ROLLOUT_ACCESS, ROLLOUT_TABLE


@dataclass(kw_only=True, frozen=True)
class AwsRolloutAccessArgs:
    """`target` as in `releases:target`, `records` as in `releases:records`."""

    target: EcsTarget | LambdaTarget
    records: RecordsSetting | None = None


class AwsRolloutAccess(pulumi.ComponentResource):
    """A policy of IAM with the rights of a rollout, to be attached to the role that runs `pulumi up`. What is declared
    needs rights of its own: those of Pulumi's provider."""

    policy: Policy
    arn: pulumi.Output[str]

    def __init__(self, name: str, args: AwsRolloutAccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(AWS_ROLLOUT_ACCESS, name, {}, opts)
        content = {
            "description": f"Rollouts of Slipway on {args.target}",
            "policy": json.dumps(policy_of(args.target, args.records), sort_keys=True),
        }
        self.policy = Policy(name, content, pulumi.ResourceOptions(parent=self))
        self.arn = self.policy.arn
        self.register_outputs({"arn": self.arn})


@dataclass(kw_only=True, frozen=True)
class RolloutTableArgs:
    """`table` is the name in `releases:target`."""

    table: str


class RolloutTable(pulumi.ComponentResource):
    """The DynamoDB table of journals, Leases, intents and release records. It is declared in a stack that lives longer
    than those which release: with it goes what was released."""

    table: Table
    arn: pulumi.Output[str]

    def __init__(self, name: str, args: RolloutTableArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(ROLLOUT_TABLE, name, {}, opts)
        content = {
            "name": args.table,
            "billingMode": "PAY_PER_REQUEST",
            "hashKey": "service",
            "rangeKey": "item",
            "attributes": [{"name": "service", "type": "S"}, {"name": "item", "type": "S"}],
            "pointInTimeRecovery": {"enabled": True},
            "deletionProtectionEnabled": True,
        }
        self.table = Table(name, content, pulumi.ResourceOptions(parent=self))
        self.arn = self.table.arn
        self.register_outputs({"arn": self.arn})
