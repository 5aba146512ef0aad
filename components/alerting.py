"""Objectives, alarms and the routing of alarms as components."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import yaml

from components.cloudwatch_alerting import declare_in_cloudwatch
from components.objects import ConfigMap, KubernetesObject, PrometheusRule, Secret
from components.resources import RuleGroup
from components.topology import Topology
from slipway.release.http_access import PLAIN, QueryAccess
from slipway.release.slo import model
from slipway.release.slo.alertmanager import configuration
from slipway.release.slo.delivery import (
    CloudWatchAlarms,
    ConfigMapRules,
    FileRules,
    PrometheusRules,
    RuleGroupInputs,
    RuleTarget,
    SloSetting,
)
from slipway.release.slo.reading import Alerting
from slipway.release.slo.routing import Routing
from slipway.release.slo.rules import RuleGroup as Group
from slipway.release.slo.rules import alarm_group, budget_query, rule_file, slo_group
from slipway.release.slo.watch_alarm import Opened, watch_group
from slipway.release.tokens import ALARM, ALARM_ROUTING, SLO


@dataclass(kw_only=True, frozen=True)
class DeliveryArgs:
    """How rules reach the Prometheus server at `url`, which must evaluate them within so many seconds. Objects of
    Kubernetes are made in `namespace`."""

    target: RuleTarget
    namespace: str
    url: str
    within: float = 300.0
    access: QueryAccess = PLAIN


class Rules(pulumi.ComponentResource):
    """Base of Slo and Alarm: the object that brings a group of rules to the server, and the RuleGroup, whose
    success is that they are evaluated."""

    delivered: KubernetesObject | None
    group: RuleGroup
    alerts: tuple[str, ...]
    """The names of its alarms, for guardrails of the kind `alert`."""

    def _declare(
        self,
        name: str,
        group: Group,
        delivery: DeliveryArgs,
        after: Sequence[pulumi.Resource] = (),
        late: tuple[Mapping[str, Any], ...] | None = None,
    ) -> None:
        """`late` are the rules of the group in which an output stands that only the update knows."""
        child = pulumi.ResourceOptions(parent=self, depends_on=list(after))
        self.alerts = group.alerts
        self.delivered = _object(name, group if late is None else group._replace(rules=late), delivery, child)
        inputs = RuleGroupInputs.of(group, delivery.target, delivery.url, delivery.within, delivery.access)
        before = [*after, *([] if self.delivered is None else [self.delivered])]
        self.group = RuleGroup(name, inputs, pulumi.ResourceOptions(parent=self, depends_on=before), late)


class Slo(Rules):
    """One objective: recording rules, burn alarms over two windows each, an alarm when nothing is counted, and the
    budget that is left."""

    budget: str
    """The query for the share of the budget that is left, for the gate `error-budget`."""

    def __init__(
        self, name: str, slo: model.Slo, delivery: DeliveryArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(SLO, name, {}, opts)
        self.budget = budget_query(slo)
        self._declare(name, slo_group(slo), delivery)
        self.register_outputs({"alerts": list(self.alerts), "budget": self.budget})


class Alarm(Rules):
    """One alarm of its own expression."""

    def __init__(
        self, name: str, alarm: model.Alarm, delivery: DeliveryArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(ALARM, name, {}, opts)
        self._declare(name, alarm_group(alarm), delivery)
        self.register_outputs({"alerts": list(self.alerts)})


class WatchAlarm(Rules):
    """The alarm for a watch after 100% that has no process. It comes after the Rollout, whose commit opens the watch:
    from then on its absence counts."""

    def __init__(self, watched: Topology, delivery: DeliveryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        name = f"watch-{watched.release.service}"
        super().__init__(ALARM, name, {}, opts)
        release, target = watched.release, watched.target
        group = watch_group(release, target)
        last, gone = group.rules
        from_commit = watched.rollout.watched.apply(
            lambda found: watch_group(release, target, opened=Opened.of(found)).rules[0]["expr"]
        )
        self._declare(name, group, delivery, [watched.rollout], ({**last, "expr": from_commit}, gone))
        self.register_outputs({"alerts": list(self.alerts)})


class AlarmRouting(pulumi.ComponentResource):
    """Alertmanager's configuration: a Secret for the operator (`configSecret` of its Alertmanager), a ConfigMap without
    one. Where rules are files, `slipway slo render` writes it."""

    delivered: KubernetesObject | None
    configuration: str
    """As YAML. It names files of secrets and holds none."""

    def __init__(
        self,
        name: str,
        routing: Routing,
        target: RuleTarget,
        namespace: str,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(ALARM_ROUTING, name, {}, opts)
        self.configuration = yaml.safe_dump(configuration(routing), sort_keys=False)
        child = pulumi.ResourceOptions(parent=self)
        metadata = {"name": name, "namespace": namespace}
        self.delivered = None
        if isinstance(target, PrometheusRules):
            content = {"metadata": metadata, "stringData": {"alertmanager.yaml": self.configuration}}
            self.delivered = Secret(name, content, child)
        elif isinstance(target, ConfigMapRules):
            self.delivered = ConfigMap(
                name, {"metadata": metadata, "data": {"alertmanager.yml": self.configuration}}, child
            )
        self.register_outputs({})


def declare_alerting(
    alerting: Alerting,
    setting: SloSetting,
    url: str | None,
    namespace: str,
    opts: pulumi.ResourceOptions,
    services: Sequence[Topology] = (),
) -> Mapping[str, Any]:
    """Declare all of a stack's objectives and alarms and their routing, and an alarm for the absence of each watch that
    gives signs of life: in a Job, or on a host that `setting` has a folder for. Returns, by objective, the names of its
    alarms and the query for its budget, which Prometheus alone has. `url` is that of its server, None where CloudWatch
    evaluates the alarms."""
    if isinstance(setting.target, CloudWatchAlarms) or url is None:
        return declare_in_cloudwatch(alerting, f"{pulumi.get_project()}-{pulumi.get_stack()}", opts)
    delivery = DeliveryArgs(
        target=setting.target, namespace=namespace, url=url, within=setting.within, access=setting.access
    )
    for service in services:
        seen = service.watch is not None or setting.host_metrics is not None
        if seen and service.release.watch is not None:
            WatchAlarm(service, delivery, opts)
    slos = [Slo(f"slo-{slo.name}", slo, delivery, opts) for slo in alerting.slos]
    for alarm in alerting.alarms:
        Alarm(f"alarm-{alarm.name}", alarm, delivery, opts)
    if alerting.routing is not None:
        AlarmRouting(setting.routing_name, alerting.routing, setting.target, namespace, opts)
    return {
        slo.name: {"alerts": list(declared.alerts), "budget": declared.budget}
        for slo, declared in zip(alerting.slos, slos, strict=True)
    }


def _object(name: str, group: Group, delivery: DeliveryArgs, opts: pulumi.ResourceOptions) -> KubernetesObject | None:
    target, content = delivery.target, rule_file([group])
    if isinstance(target, FileRules):
        return None
    metadata = {"name": name.lower(), "namespace": delivery.namespace, "labels": dict(target.labels)}
    if isinstance(target, PrometheusRules):
        return PrometheusRule(name, {"metadata": metadata, "spec": content}, opts)
    text = pulumi.Output.from_input(content).apply(
        lambda known: yaml.safe_dump(known, sort_keys=False, width=1000, allow_unicode=True)
    )
    return ConfigMap(name, {"metadata": metadata, "data": {f"{group.name}.yaml": text}}, opts)
