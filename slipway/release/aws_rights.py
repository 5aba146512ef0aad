"""What running rollouts on ECS needs of IAM, and no more. Pure.

Actions and their resources:
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

from typing import Any

from slipway.release.records.store import RecordsSetting
from slipway.release.target import EcsTarget, LambdaTarget

Json = dict[str, Any]
TABLE = ("GetItem", "PutItem", "DeleteItem", "Query", "BatchWriteItem")
"""Of the records: all of them are in one table, by a key."""
WRITTEN_RULES = ("CreateRule", "ModifyRule", "DeleteRule", "AddTags")
BALANCERS = ("DescribeRules", "DescribeTags", "DescribeTargetGroups", "DescribeTargetHealth")
"""Elastic Load Balancing knows no resource for what only describes."""
NAMED = ("ecs:DescribeTaskDefinition", "cloudwatch:GetMetricData")
"""Others that know no resource."""

RECORD = ("PutObject", "GetObjectVersion")
DEPLOYED = ("CreateHostedConfigurationVersion", "StartDeployment")
DEPLOYING = (
    "GetDeployment",
    "GetHostedConfigurationVersion",
    "ListApplications",
    "ListConfigurationProfiles",
    "ListDeployments",
    "ListDeploymentStrategies",
    "ListEnvironments",
    "ListHostedConfigurationVersions",
)
"""Of AppConfig, which knows its resources by ids that are made with them."""
BUCKET = ("ListBucket", "ListBucketVersions", "GetBucketVersioning", "GetBucketObjectLockConfiguration")


VERSIONS = ("ListVersionsByFunction", "GetFunction", "ListTags", "DeleteFunction", "InvokeFunction")
"""`ListTags` is what lets GetFunction tell the tags."""
ALIASES = ("GetAlias", "CreateAlias", "UpdateAlias", "DeleteAlias", "GetProvisionedConcurrencyConfig")
URL = ("GetFunctionUrlConfig",)
MAPPINGS = ("lambda:ListEventSourceMappings", "cloudwatch:GetMetricData")
"""Others that know no resource."""


def policy_of(target: EcsTarget | LambdaTarget, records: RecordsSetting | None = None) -> Json:
    """What the role that runs `pulumi up` may do on this target, beside what the provider of AWS needs to declare
    resources."""
    if isinstance(target, EcsTarget):
        return policy(target, records)
    partition = next((f"aws-{part}" for part in ("cn", "us-gov") if target.region.startswith(f"{part}-")), "aws")
    place = f"{partition}:{{}}:{target.region}:{target.account}"
    table = f"arn:{place.format('dynamodb')}:table/{target.table}"
    names = [target.function_of(service) for service in target.aliases]
    functions = [f"arn:{place.format('lambda')}:function:{name}" for name in names or ["*"]]
    qualified = [f"{function}:*" for function in functions]
    statements = [
        _allow("Records", [f"dynamodb:{action}" for action in TABLE], [table]),
        _allow("Functions", [f"lambda:{action}" for action in (*VERSIONS, *ALIASES, *URL)], [*functions, *qualified]),
        _allow("Reading", list(MAPPINGS), ["*"]),
        *(_bucket(partition, records.bucket, records.prefix) if records is not None and records.bucket else ()),
    ]
    return {"Version": "2012-10-17", "Statement": statements}


def policy(target: EcsTarget, records: RecordsSetting | None = None) -> Json:
    """What the role that runs `pulumi up` may do on this target, beside what the provider of AWS needs to declare
    resources: the rules of this listener, the services of this cluster, the items of this table, and new objects of
    the bucket that `records` names."""
    _, partition, _, region, account, _ = target.listener.split(":", 5)
    ecs = f"arn:{partition}:ecs:{region}:{account}"
    rules = target.listener.replace(":listener/", ":listener-rule/")
    table = f"arn:{partition}:dynamodb:{region}:{account}:table/{target.table}"
    cluster = {"ArnEquals": {"ecs:cluster": f"{ecs}:cluster/{target.cluster}"}}
    services = [f"{ecs}:service/{target.cluster}/{name}-*" for name in target.rules] or [
        f"{ecs}:service/{target.cluster}/*"
    ]
    described = [*(f"elasticloadbalancing:{action}" for action in BALANCERS), *NAMED]
    statements = [
        _allow("Records", [f"dynamodb:{action}" for action in TABLE], [table]),
        _allow(
            "Weights", [f"elasticloadbalancing:{action}" for action in WRITTEN_RULES], [target.listener, f"{rules}/*"]
        ),
        _allow("Services", ["ecs:DescribeServices", "ecs:UpdateService"], services),
        _allow("Tasks", ["ecs:DescribeTasks"], [f"{ecs}:task/{target.cluster}/*"]),
        {**_allow("ListOfTasks", ["ecs:ListTasks"], ["*"]), "Condition": cluster},
        _allow("Reading", described, ["*"]),
        *(_flags(partition, region, account) if target.app_config is not None else ()),
        *(_bucket(partition, records.bucket, records.prefix) if records is not None and records.bucket else ()),
    ]
    return {"Version": "2012-10-17", "Statement": statements}


def _flags(partition: str, region: str, account: str) -> list[Json]:
    arn = f"arn:{partition}:appconfig:{region}:{account}"
    written = [f"{arn}:application/*", f"{arn}:deploymentstrategy/*"]
    return [
        _allow("Flags", [f"appconfig:{action}" for action in DEPLOYED], written),
        _allow("FlagsRead", [f"appconfig:{action}" for action in DEPLOYING], ["*"]),
    ]


def _bucket(partition: str, bucket: str, prefix: str | None) -> list[Json]:
    arn = f"arn:{partition}:s3:::{bucket}"
    return [
        _allow("ReleaseRecords", [f"s3:{action}" for action in RECORD], [f"{arn}/{prefix}/*"]),
        _allow("Bucket", [f"s3:{action}" for action in BUCKET], [arn]),
    ]


def actions(document: Json) -> set[str]:
    """Everything that a policy document allows."""
    return {action for statement in document["Statement"] for action in statement["Action"]}


def _allow(name: str, allowed: list[str], resources: list[str]) -> Json:
    return {"Sid": name, "Effect": "Allow", "Action": allowed, "Resource": resources}
