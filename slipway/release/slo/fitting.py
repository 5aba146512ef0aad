"""Whether what a stack alarms about fits what evaluates it: Prometheus, or CloudWatch. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from slipway.release.errors import Problem
from slipway.release.slo.cloudwatch import untaggable
from slipway.release.slo.delivery import SloSetting
from slipway.release.slo.model import Alarm, Slo
from slipway.release.slo.reading import Alerting, owned_of
from slipway.release.slo.routing import Routing, Sns
from slipway.release.target import Target

Evaluator = Literal["prometheus", "cloudwatch"]
AT = "slos"
_PLACE = {"prometheus": "Prometheus", "cloudwatch": "CloudWatch"}


def unfit_alerting(setting: SloSetting, alerting: Alerting | None, target: Target) -> Iterator[Problem]:
    """What of a stack's alarms its target does not have, or what evaluates them cannot."""
    in_cloudwatch = setting.in_cloudwatch
    if target.kind == "kubernetes" and in_cloudwatch:
        yield Problem(f"{AT}.target", "kind: cloudwatch is for a target of AWS", "Choose prometheus-rule, or another")
    elif target.kind != "kubernetes" and not in_cloudwatch:
        yield Problem(
            f"{AT}.target", f"has no rules of Prometheus on {target.kind}", "Write target: {kind: cloudwatch}"
        )
    if in_cloudwatch and setting.url is not None:
        yield Problem(f"{AT}.url", "is a server of Prometheus, and these alarms are CloudWatch's", "Leave it out")
    if in_cloudwatch and setting.host_metrics is not None:
        message = "is read by Prometheus, and these alarms are CloudWatch's"
        yield Problem(f"{AT}.hostMetrics", message, "Leave it out: `slipway status` says whether a process watches")
    if alerting is not None:
        yield from _misplaced(alerting, "cloudwatch" if in_cloudwatch else "prometheus")
        yield from _unreached(alerting, in_cloudwatch)
        if in_cloudwatch:
            yield from _untaggable((*alerting.slos, *alerting.alarms))
            yield from _templates(alerting.alarms)


def _misplaced(alerting: Alerting, wanted: Evaluator) -> Iterator[Problem]:
    for slo in alerting.slos:
        if slo.events.kind != wanted:
            yield _elsewhere(f"{slo.name}: events", slo.events.kind, wanted)
    for alarm in alerting.alarms:
        if alarm.when.kind != wanted:
            yield _elsewhere(f"{alarm.name}: when", alarm.when.kind, wanted)


def _elsewhere(what: str, found: Evaluator, wanted: Evaluator) -> Problem:
    message = f"{what} is of {_PLACE[found]}, and {AT}.target is evaluated by {_PLACE[wanted]}"
    return Problem(AT, message, f"Write kind: {wanted} there, with what {_PLACE[wanted]} counts")


def _unreached(alerting: Alerting, in_cloudwatch: bool) -> Iterator[Problem]:
    routing = alerting.routing
    if routing is None:
        return  # each alarm is refused for that where it stands
    if not in_cloudwatch:
        yield from _declared_elsewhere(routing)
        return
    for owned in owned_of(alerting):
        receiver = routing.receiver(owned.owner, owned.severity)
        if receiver is not None and not isinstance(receiver, Sns):
            message = (
                f"{owned.alarm}: {owned.owner}'s {owned.severity}s go to {receiver.kind}, which CloudWatch has not"
            )
            remedy = f"Write routing.owners.{owned.owner}.{owned.severity}: {{kind: sns, topic: {owned.owner}-pages}}"
            yield Problem(AT, message, remedy)


def _declared_elsewhere(routing: Routing) -> Iterator[Problem]:
    for owner, routes in sorted(routing.owners.items()):
        for severity, receiver in routes.receivers.items():
            if isinstance(receiver, Sns) and receiver.is_declared:
                message = f"{owner}'s {severity}s: Alertmanager knows the topic {receiver.topic} by its ARN only"
                yield Problem(AT, message, "Write the ARN of a topic that exists")


def _untaggable(declared: tuple[Slo | Alarm, ...]) -> Iterator[Problem]:
    for one in declared:
        for name, value in (("runbook", one.runbook), ("dashboard", one.dashboard)):
            if value is not None and untaggable(value):
                message = f"{one.name}: {name} is kept in a tag of AWS, which cannot hold {value!r}"
                yield Problem(AT, message, "Write an address of letters, digits and +-=._:/@, 256 characters at most")


def _templates(alarms: tuple[Alarm, ...]) -> Iterator[Problem]:
    for alarm in alarms:
        if "{{" in alarm.summary:
            message = f"{alarm.name}: summary has a template, which CloudWatch would send as it stands"
            yield Problem(AT, message, "Say it without {{ }}")
