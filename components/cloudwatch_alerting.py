"""Objectives and alarms in CloudWatch, and the topics of SNS by which their owners are told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from components.aws_objects import AwsObject, CompositeAlarm, MetricAlarm, Topic
from slipway.release.errors import ReleaseRefused
from slipway.release.slo import model
from slipway.release.slo.cloudwatch import CloudWatchAlarm, condition_alarm, slo_alarms
from slipway.release.slo.reading import Alerting, owned_of
from slipway.release.slo.routing import Sns
from slipway.release.tokens import ALARM, ALARM_ROUTING, SLO


class AlarmTopics(pulumi.ComponentResource):
    """The topics of the routing: those with an ARN exist, the others are declared. Who subscribes is said elsewhere."""

    topics: Mapping[str, Topic]
    """The declared ones, by their names."""

    def __init__(self, name: str, alerting: Alerting, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(ALARM_ROUTING, name, {}, opts)
        self._routing = alerting.routing
        child = pulumi.ResourceOptions(parent=self)
        self.topics = {topic: Topic(topic, {"name": topic}, child) for topic in self._declared(alerting)}
        self.register_outputs({topic: made.arn for topic, made in self.topics.items()})

    def arn(self, owner: str, severity: model.Severity) -> pulumi.Input[str]:
        """Of the topic for an owner's alarms of a severity. Raises ReleaseRefused where there is none."""
        receiver = None if self._routing is None else self._routing.receiver(owner, severity)
        if not isinstance(receiver, Sns):
            raise ReleaseRefused(f"{owner} has no topic of SNS for a {severity}: write one in routing.owners")
        return self.topics[receiver.topic].arn if receiver.is_declared else receiver.topic

    def _declared(self, alerting: Alerting) -> list[str]:
        if self._routing is None:
            return []
        found = (self._routing.receiver(each.owner, each.severity) for each in owned_of(alerting))
        return sorted({one.topic for one in found if isinstance(one, Sns) and one.is_declared})


@dataclass(kw_only=True, frozen=True)
class CloudWatchArgs:
    """`scope` begins the names of the alarms; `topics` tells their owners."""

    scope: str
    topics: AlarmTopics


class _Alarms(pulumi.ComponentResource):
    """Base of the two below."""

    told: tuple[str, ...]
    """The names of the alarms that tell their owner."""

    def _declare(self, alarms: Sequence[CloudWatchAlarm], owner: str, topics: AlarmTopics) -> None:
        made: list[AwsObject] = []
        for alarm in alarms:
            content = dict(alarm.content)
            if alarm.severity is not None:
                topic = topics.arn(owner, alarm.severity)
                # Resolved alarms are told too, so that a fixed fault keeps no one awake.
                content |= {"alarmActions": [topic], "okActions": [topic]}
            kind, parts = (CompositeAlarm, made) if alarm.kind == "composite" else (MetricAlarm, [])
            made.append(kind(alarm.name, content, pulumi.ResourceOptions(parent=self, depends_on=list(parts))))
        self.told = tuple(alarm.name for alarm in alarms if alarm.severity is not None)
        self.register_outputs({"alerts": list(self.told)})


class CloudWatchSlo(_Alarms):
    """One objective in CloudWatch: for each severity a composite alarm of metric alarms over two windows each, and an
    alarm when nothing is counted."""

    def __init__(
        self, name: str, slo: model.Slo, args: CloudWatchArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(SLO, name, {}, opts)
        self._declare(slo_alarms(slo, args.scope), slo.owner, args.topics)


class CloudWatchAlert(_Alarms):
    """One alarm of its own metric."""

    def __init__(
        self, name: str, alarm: model.Alarm, args: CloudWatchArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(ALARM, name, {}, opts)
        self._declare([condition_alarm(alarm, args.scope)], alarm.owner, args.topics)


def declare_in_cloudwatch(alerting: Alerting, scope: str, opts: pulumi.ResourceOptions) -> Mapping[str, Any]:
    """Declare all of a stack's objectives and alarms, and the topics that the routing names. Returns, by objective, the
    names of the alarms that tell their owner."""
    args = CloudWatchArgs(scope=scope, topics=AlarmTopics(scope, alerting, opts))
    slos = {slo.name: CloudWatchSlo(f"slo-{slo.name}", slo, args, opts) for slo in alerting.slos}
    for alarm in alerting.alarms:
        CloudWatchAlert(f"alarm-{alarm.name}", alarm, args, opts)
    return {name: {"alerts": list(declared.told)} for name, declared in slos.items()}
