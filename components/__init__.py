"""What a stack declares: Pulumi resources alone, no I/O and no statistics.

Tokens are `slipway:index:<Type>`. Arguments are keyword-only dataclasses (those of `Service`, which other languages
use as well, a TypedDict); whatever decides the shape of the resources
is a plain value, so that `pulumi preview` always shows the whole release plan.
"""

from components.access import RolloutAccess, RolloutAccessArgs, declare_access
from components.alerting import Alarm, AlarmRouting, DeliveryArgs, Slo, declare_alerting
from components.appconfig_flags import AppConfigFlags, AppConfigFlagsArgs
from components.aws_access import AwsRolloutAccess, AwsRolloutAccessArgs, RolloutTable, RolloutTableArgs
from components.blue_green import BlueGreen
from components.canary import Canary
from components.cluster import cluster_options
from components.ecs_workload import EcsWorkload, EcsWorkloadArgs
from components.flags import FeatureFlag, KillSwitch
from components.lambda_workload import LambdaWorkload, LambdaWorkloadArgs
from components.packaged import Service, ServiceArgs
from components.resources import FlagSet, Release, Rollout
from components.rolling import Rolling
from components.service import service
from components.topology import Topology, TopologyArgs
from components.workload import VersionedWorkload, VersionedWorkloadArgs

__all__ = [
    "Alarm",
    "AlarmRouting",
    "AppConfigFlags",
    "AppConfigFlagsArgs",
    "AwsRolloutAccess",
    "AwsRolloutAccessArgs",
    "BlueGreen",
    "Canary",
    "DeliveryArgs",
    "EcsWorkload",
    "EcsWorkloadArgs",
    "FeatureFlag",
    "FlagSet",
    "KillSwitch",
    "LambdaWorkload",
    "LambdaWorkloadArgs",
    "Release",
    "Rolling",
    "Rollout",
    "RolloutAccess",
    "RolloutAccessArgs",
    "RolloutTable",
    "RolloutTableArgs",
    "Service",
    "ServiceArgs",
    "Slo",
    "Topology",
    "TopologyArgs",
    "VersionedWorkload",
    "VersionedWorkloadArgs",
    "cluster_options",
    "declare_access",
    "declare_alerting",
    "service",
]
