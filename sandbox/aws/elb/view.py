"""What moto knows about load balancers, as plain values: the only file that looks into its models."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Rule:
    """`priority` is a number, or None for the default. `actions` and `conditions` are those of the API."""

    priority: int | None
    conditions: tuple[Json, ...]
    actions: tuple[Json, ...]


@dataclass(frozen=True)
class Listener:
    """A port of one load balancer, with its rules in their order."""

    arn: str
    load_balancer: str
    port: int
    rules: tuple[Rule, ...]


@dataclass(frozen=True)
class Group:
    """A target group: how its targets are asked, and how long one that leaves may go on."""

    arn: str
    name: str
    path: str
    codes: str
    port: str
    interval: float
    timeout: float
    healthy_after: int
    unhealthy_after: int
    delay: float
    targets: tuple[tuple[str, int], ...]
    """Address and port of each that is registered."""


@dataclass(frozen=True)
class View:
    """Everything at one moment."""

    listeners: tuple[Listener, ...] = ()
    groups: Mapping[str, Group] = field(default_factory=dict)
    """By ARN."""

    def users(self, group: str) -> list[str]:
        """The load balancers that have a rule which names this group."""
        found = [one.load_balancer for one in self.listeners if any(group in named(rule) for rule in one.rules)]
        return sorted(set(found))


def named(rule: Rule) -> set[str]:
    """The target groups of a rule, those with weight 0 as well."""
    return {arn for action in rule.actions for arn in weights(action)}


def weights(action: Json) -> dict[str, int]:
    """Target group -> weight of an action; empty for one that forwards nothing."""
    if action.get("Type") != "forward":
        return {}
    pairs = (action.get("ForwardConfig") or {}).get("TargetGroups") or []
    if not pairs and action.get("TargetGroupArn"):
        return {str(action["TargetGroupArn"]): 1}
    return {str(one["TargetGroupArn"]): int(one.get("Weight", 1)) for one in pairs}


def of(backend: Any) -> View:  # noqa: ANN401 - a model of moto
    """What one backend of moto holds now."""
    listeners = []
    for balancer in list(backend.load_balancers.values()):
        for listener in list(balancer.listeners.values()):
            rules = tuple(sorted((_rule(one) for one in list(listener.rules.values())), key=_place))
            listeners.append(Listener(listener.arn, balancer.arn, int(listener.port), rules))
    groups = {arn: _group(one) for arn, one in list(backend.target_groups.items())}
    return View(tuple(listeners), groups)


def _place(rule: Rule) -> tuple[bool, int]:
    return rule.priority is None, rule.priority or 0


def _rule(rule: Any) -> Rule:  # noqa: ANN401
    priority = None if rule.is_default else int(rule.priority)
    return Rule(priority, tuple(rule.conditions or ()), tuple(one.data for one in rule.actions))


def _group(group: Any) -> Group:  # noqa: ANN401
    return Group(
        arn=group.arn,
        name=group.name,
        path=group.health_check_path or "/",
        codes=str((group.matcher or {}).get("HttpCode") or "200"),
        port=str(group.health_check_port or "traffic-port"),
        interval=float(group.health_check_interval_seconds),
        timeout=float(group.health_check_timeout_seconds),
        healthy_after=int(group.healthy_threshold_count),
        unhealthy_after=int(group.unhealthy_threshold_count),
        delay=float(group.attributes["deregistration_delay.timeout_seconds"]),
        targets=_targets(group.targets.values()),
    )


def _targets(targets: Iterable[Json]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted((str(one["Id"]), int(one["Port"])) for one in list(targets)))
