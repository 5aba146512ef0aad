"""An escalation in the words of each receiver. Pure; what is secret is added by the sender.

https://prometheus.io/docs/alerting/latest/alerts_api/
https://developer.pagerduty.com/docs/send-alert-event
https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
https://www.standardwebhooks.com
https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from slipway.release.escalation.model import Escalation
from slipway.release.escalation.outbox import Closed

Json = Any
LASTS = 24 * 3600.0
"""Seconds after its last post in which an Alertmanager goes on firing: a sender that died is no end."""
SUMMARY = 1024
"""Characters that PagerDuty takes."""
SLACK_TEXT, SLACK_HEADER = 3000, 150
"""Characters that Slack takes in a section and in a header."""
SUBJECT = 100
"""Characters that SNS takes."""
SIGNATURE_PREFIX = "whsec_"
_HEADLINES: Final = {
    "abort": "release aborted",
    "kill": "flag killed",
    "watch": "release failed after 100%",
    "test": "test of the receivers, nothing is wrong",
}
_ALERTS: Final = {
    "abort": "SlipwayReleaseAborted",
    "kill": "SlipwayFlagKilled",
    "watch": "SlipwayReleaseFailed",
    "test": "SlipwayTest",
}


def headline(escalation: Escalation, end: Closed | None) -> str:
    """One line: which service and what."""
    state = "closed: " if end is not None else ""
    return f"{state}{escalation.service}: {_HEADLINES[escalation.kind]}"


def facts(escalation: Escalation, end: Closed | None) -> list[tuple[str, str]]:
    """Everything that is known, in the order in which it is read; empty ones are left out."""
    found = [
        ("What", escalation.what),
        ("Evidence", escalation.statistic),
        ("Since", stamp(escalation.since)),
        ("Hit", escalation.hit),
        ("Done", escalation.done),
        ("Where", escalation.place),
        ("Owner", escalation.owner),
        ("Runbook", escalation.runbook),
        ("Next", escalation.next),
        ("Closed", f"by {end.by}{f': {end.reason}' if end.reason else ''}" if end is not None else ""),
        ("Id", escalation.id),
    ]
    return [(name, text) for name, text in found if text]


def alertmanager(escalation: Escalation, end: Closed | None, now: float) -> Json:
    """One alert. The labels are the same each time: by them it is known as the same alert."""
    ends = end.at if end is not None else now + LASTS
    return [
        {
            "labels": {
                "alertname": _ALERTS[escalation.kind],
                "service": escalation.service,
                "owner": escalation.owner,
                "severity": escalation.severity,
                "escalation": escalation.id,
            },
            "annotations": {
                "summary": headline(escalation, None),
                "description": _lines(escalation, end),
                **({"runbook_url": escalation.runbook} if escalation.runbook else {}),
            },
            "startsAt": stamp(escalation.since),
            "endsAt": stamp(max(ends, escalation.since)),
        }
    ]


def pagerduty(escalation: Escalation, end: Closed | None, now: float) -> Json:
    """An event; its `dedup_key` is the escalation's id."""
    if end is not None:
        return {"event_action": "resolve", "dedup_key": escalation.id}
    summary = f"{headline(escalation, end)}: {escalation.what}"
    linked = escalation.runbook.startswith(("http://", "https://"))
    return {
        "event_action": "trigger",
        "dedup_key": escalation.id,
        "client": "Slipway",
        "payload": {
            "summary": _cut(summary, SUMMARY),
            "source": escalation.place or escalation.service,
            "severity": "critical" if escalation.severity == "page" else "warning",
            "timestamp": stamp(escalation.at),
            "component": escalation.service,
            "class": _ALERTS[escalation.kind],
            "custom_details": {name.lower(): text for name, text in facts(escalation, end)},
        },
        **({"links": [{"href": escalation.runbook, "text": "Runbook"}]} if linked else {}),
    }


def slack(escalation: Escalation, end: Closed | None, now: float) -> Json:
    """A message: the text for notifications, the blocks for the channel."""
    lines = "\n".join(f"*{name}:* {_slack(text)}" for name, text in facts(escalation, end))
    title = headline(escalation, end)
    return {
        "text": _cut(_slack(f"{title}: {escalation.what}"), SLACK_TEXT),
        "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": _cut(title, SLACK_HEADER)}},
            {"type": "section", "text": {"type": "mrkdwn", "text": _cut(lines, SLACK_TEXT)}},
        ],
    }


def webhook(escalation: Escalation, end: Closed | None, now: float) -> Json:
    """The escalation as it is, by the names of its fields."""
    data = escalation.model_dump(mode="json", by_alias=True)
    return {
        "type": "escalation.closed" if end is not None else "escalation.raised",
        "timestamp": stamp(end.at if end is not None else escalation.at),
        "data": data if end is None else {**data, "closed": end.model_dump(mode="json", by_alias=True)},
    }


def stated(escalation: Escalation, end: Closed | None, now: float) -> str:
    """The message on a topic of SNS: what a webhook gets, as text."""
    return json.dumps(webhook(escalation, end, now), ensure_ascii=False)


FORMATS: Final[Mapping[str, Callable[[Escalation, Closed | None, float], Json]]] = {
    "alertmanager": alertmanager,
    "pagerduty": pagerduty,
    "slack": slack,
    "webhook": webhook,
}
"""Kind of receiver over HTTP -> the JSON that it takes."""


def signature(secret: str, webhook_id: str, timestamp: int, body: bytes) -> str:
    """The header `webhook-signature` of Standard Webhooks: HMAC-SHA256 of `id.timestamp.body`. Raises ValueError for a
    secret that is no base64; its text does not show the secret."""
    try:
        key = base64.b64decode(secret.removeprefix(SIGNATURE_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("is not base64, with or without whsec_ before it") from None
    if not key:
        raise ValueError("is empty")
    signed = b".".join((webhook_id.encode(), str(timestamp).encode(), body))
    return f"v1,{base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()}"


def stamp(at: float) -> str:
    """A time in RFC 3339, UTC, to the millisecond."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _lines(escalation: Escalation, end: Closed | None) -> str:
    return "\n".join(f"{name}: {text}" for name, text in facts(escalation, end))


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _slack(text: str) -> str:
    """Slack's three control characters."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
