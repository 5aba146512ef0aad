"""The type tokens of everything that the package `slipway` declares. All other files take them from here."""

from __future__ import annotations

from typing import Final

PACKAGE: Final = "slipway"


def token(kind: str) -> str:
    """The token of a type of the package."""
    return f"{PACKAGE}:index:{kind}"


RELEASE: Final = token("Release")
ROLLOUT: Final = token("Rollout")
FLAG_SET: Final = token("FlagSet")
FLAG_EXPOSURE: Final = token("FlagExposure")
RULE_GROUP: Final = token("RuleGroup")
MIGRATIONS: Final = token("Migrations")
LISTENER_PRIORITY: Final = token("ListenerPriority")
CUSTOM_RESOURCES: Final = (RELEASE, ROLLOUT, FLAG_SET, FLAG_EXPOSURE, RULE_GROUP, MIGRATIONS, LISTENER_PRIORITY)
"""What the plugin creates, updates and deletes itself."""

CANARY: Final = token("Canary")
BLUE_GREEN: Final = token("BlueGreen")
ROLLING: Final = token("Rolling")
TOPOLOGIES: Final = (CANARY, BLUE_GREEN, ROLLING)
"""The components that stand for one service each, by the strategy of its release."""

VERSIONED_WORKLOAD: Final = token("VersionedWorkload")
AWS_ROLLOUT_ACCESS: Final = token("AwsRolloutAccess")
ROLLOUT_TABLE: Final = token("RolloutTable")
APPCONFIG_FLAGS: Final = token("AppConfigFlags")
ECS_WORKLOAD: Final = token("EcsWorkload")
LAMBDA_WORKLOAD: Final = token("LambdaWorkload")
ROLLOUT_ACCESS: Final = token("RolloutAccess")
SERVICE: Final = token("Service")
FEATURE_FLAG: Final = token("FeatureFlag")
KILL_SWITCH: Final = token("KillSwitch")
SLO: Final = token("Slo")
ALARM: Final = token("Alarm")
ALARM_ROUTING: Final = token("AlarmRouting")


def type_of(urn: str) -> str:
    """The type of a resource by its URN, without those of its parents. A type token is returned as it is."""
    parts = urn.split("::")
    return (parts[2] if len(parts) > 2 else urn).rpartition("$")[2]


def without_parents(urn: str) -> str:
    """A URN without the types of the resource's parents: the same, however deep in components it is declared."""
    parts = urn.split("::")
    return "::".join([*parts[:2], type_of(urn), *parts[3:]]) if len(parts) > 2 else urn
