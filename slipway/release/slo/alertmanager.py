"""The routing of alarms -> Alertmanager's configuration. Pure.

https://prometheus.io/docs/alerting/latest/configuration/
"""

from __future__ import annotations

from typing import Any

from slipway.release.errors import ReleaseRefused
from slipway.release.slo.routing import AnyReceiver, Email, Mail, PagerDuty, Routing, Slack, Sns, Webhook
from slipway.release.units import show_seconds

GROUP_BY = ("alertname", "service", "slo", "owner")


def configuration(routing: Routing) -> dict[str, Any]:
    """The whole file: one route and one receiver for each owner and severity, and the fallback for all else. Raises
    ReleaseRefused for a topic of SNS that is named without its ARN."""
    routes, receivers = [], []
    for owner, owned in sorted(routing.owners.items()):
        for severity, receiver in owned.receivers.items():
            name = f"{owner}-{severity}"
            routes.append({"receiver": name, "matchers": [f'owner="{owner}"', f'severity="{severity}"']})
            receivers.append({"name": name, **_receiver(receiver)})
    root = {
        "receiver": f"{routing.fallback}-{next(iter(routing.owners[routing.fallback].receivers))}",
        "group_by": list(GROUP_BY),
        "group_wait": show_seconds(routing.group_wait),
        "group_interval": show_seconds(routing.group_interval),
        "repeat_interval": show_seconds(routing.repeat_interval),
        "routes": routes,
    }
    mail = {} if routing.mail is None else {"global": _mail(routing.mail)}
    return {**mail, "route": root, "receivers": receivers}


def _mail(mail: Mail) -> dict[str, Any]:
    given = {
        "smtp_smarthost": mail.smarthost,
        "smtp_from": mail.sender,
        "smtp_auth_username": mail.username,
        "smtp_auth_password_file": mail.password_file,
    }
    return {key: value for key, value in given.items() if value is not None}


def _receiver(receiver: AnyReceiver) -> dict[str, Any]:
    """Receivers are told of resolved alarms too, so that a fixed fault keeps no one awake."""
    told: dict[str, Any] = {"send_resolved": True}
    match receiver:
        case Webhook():
            if receiver.token_file is not None:
                told["http_config"] = {"authorization": {"credentials_file": receiver.token_file}}
            return {"webhook_configs": [{"url": receiver.url, **told}]}
        case PagerDuty():
            return {"pagerduty_configs": [{"routing_key_file": receiver.routing_key_file, **told}]}
        case Slack():
            return {"slack_configs": [{"channel": receiver.channel, "api_url_file": receiver.api_url_file, **told}]}
        case Email():
            return {"email_configs": [{"to": receiver.to, **told}]}
        case Sns():
            if receiver.is_declared:
                raise ReleaseRefused(f"Alertmanager knows the topic {receiver.topic} by its ARN only: write that")
            region = receiver.topic.split(":")[3]
            return {"sns_configs": [{"topic_arn": receiver.topic, "sigv4": {"region": region}, **told}]}
