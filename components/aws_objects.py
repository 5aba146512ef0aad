"""Resources of AWS of Pulumi's own provider, declared with plain values; why, is in `components.objects`."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any, ClassVar

import pulumi


class AwsObject(pulumi.CustomResource):
    """Base of the types below. `content` is in the names of the provider; values may be outputs, and None leaves an
    input out."""

    MODULE: ClassVar[str]
    OUTPUTS: ClassVar[tuple[str, ...]]

    arn: pulumi.Output[str]

    def __init_subclass__(cls, module: str, outputs: tuple[str, ...] = ()) -> None:
        cls.MODULE, cls.OUTPUTS = module, ("arn", *outputs)

    def __init__(self, name: str, content: Mapping[str, Any], opts: pulumi.ResourceOptions | None = None) -> None:
        options = pulumi.ResourceOptions.merge(pulumi.ResourceOptions(version=version("pulumi-aws")), opts)
        kind = type(self).__name__
        token = f"aws:{self.MODULE}/{kind[0].lower()}{kind[1:]}:{kind}"
        super().__init__(token, name, {**dict.fromkeys(self.OUTPUTS), **content}, options)


class TargetGroup(AwsObject, module="lb"):
    """The tasks of one revision, for a load balancer."""


class ListenerRule(AwsObject, module="lb"):
    """Leads requests to a target group."""


class TaskDefinition(AwsObject, module="ecs"):
    """What runs."""


class Service(AwsObject, module="ecs"):
    """How many of it."""


class Function(AwsObject, module="lambda", outputs=("version",)):
    """Code that runs for each request."""


class Table(AwsObject, module="dynamodb"):
    """The records of a stack."""


class Policy(AwsObject, module="iam"):
    """What may be done."""


class MetricAlarm(AwsObject, module="cloudwatch"):
    """An alarm on metrics."""


class CompositeAlarm(AwsObject, module="cloudwatch"):
    """An alarm on the states of others."""


class Topic(AwsObject, module="sns"):
    """By which people and programs are told."""


class Application(AwsObject, module="appconfig"):
    """What configurations are for."""


class Environment(AwsObject, module="appconfig"):
    """Where they are deployed, one at a time."""


class ConfigurationProfile(AwsObject, module="appconfig"):
    """One of them, with all of its versions."""


class DeploymentStrategy(AwsObject, module="appconfig"):
    """How fast they are deployed."""
