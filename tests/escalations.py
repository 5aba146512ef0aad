"""Examples of escalations and of their receivers, for the tests of several rooms."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from slipway.release.escalation.model import Escalation
from slipway.release.escalation.outbox import Entry, entry_of
from slipway.release.escalation.receivers import OverHttp, Receiver
from slipway.release.escalation.setting import EscalationRoute

ALERTMANAGER = {"kind": "alertmanager", "url": "http://alertmanager.example:9093"}
PAGERDUTY = {"kind": "pagerduty", "routingKey": {"env": "PD_KEY"}}
SLACK = {"kind": "slack", "webhook": {"env": "SLACK_URL"}}
WEBHOOK = {"kind": "webhook", "url": "http://oncall.example/hook", "secret": {"env": "HOOK_SECRET"}}

SNS = {"kind": "sns", "topic": "arn:aws:sns:eu-central-1:123456789012:oncall"}


def receiver(values: dict[str, Any]) -> Receiver:
    found: Receiver = TypeAdapter(Receiver).validate_python(values)
    return found


def over_http(values: dict[str, Any]) -> OverHttp:
    found = receiver(values)
    assert isinstance(found, OverHttp)
    return found


def escalation(**changes: Any) -> Escalation:
    values: dict[str, Any] = {
        "id": "abort-checkout-1",
        "kind": "abort",
        "severity": "page",
        "service": "checkout",
        "place": "shop",
        "owner": "payments",
        "what": "2.0 (3f9a) was aborted at 25%: too many errors",
        "statistic": "212 against a threshold of 100",
        "since": 1000.0,
        "at": 1060.0,
        "hit": "37 bad of 1200 requests",
        "done": "all traffic is on 1.0",
        "runbook": "https://runbooks.example/checkout",
        "next": "slipway status checkout",
    }
    return Escalation.model_validate(values | changes)


def entry(*receivers: dict[str, Any], **changes: Any) -> Entry:
    return entry_of(escalation(**changes), [receiver(one) for one in receivers or (WEBHOOK,)])


def route(*receivers: dict[str, Any], **changes: Any) -> EscalationRoute:
    return EscalationRoute.model_validate({"receivers": {"page": list(receivers or (WEBHOOK,))}, **changes})
