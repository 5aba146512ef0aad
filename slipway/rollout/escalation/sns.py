"""One try to publish on a topic of Amazon SNS, by the credentials of the environment. Needs the extra `aws`."""

from __future__ import annotations

from typing import Any

from slipway.release.escalation.formats import SUBJECT, headline, stated
from slipway.release.escalation.model import Escalation
from slipway.release.escalation.outbox import Closed, Outcome
from slipway.release.escalation.receivers import SnsReceiver
from slipway.rollout.escalation.http import MAY_PASS

CONNECT, READ = 5, 10
"""Seconds."""


def publish(receiver: SnsReceiver, escalation: Escalation, end: Closed | None, now: float) -> Outcome:
    """Tell it once. Never raises."""
    try:
        import boto3  # type: ignore[import-untyped]
    except ImportError:
        return Outcome("again", "boto3 is not installed where the sender runs; install slipway[aws]")
    try:
        # The outbox tries again, and knows when.
        once = boto3.session.Config(retries={"total_max_attempts": 1}, connect_timeout=CONNECT, read_timeout=READ)
        client = boto3.session.Session().client("sns", region_name=receiver.topic.split(":")[3], config=once)
        client.publish(**_message(receiver, escalation, end, now))
    except Exception as error:  # a tree of botocore's own, which is no dependency
        response = getattr(error, "response", None)
        return _refused(response) if isinstance(response, dict) else _unreached(error)
    return Outcome("delivered")


def _message(receiver: SnsReceiver, escalation: Escalation, end: Closed | None, now: float) -> dict[str, Any]:
    attributes = {"id": escalation.id, "severity": escalation.severity, "owner": escalation.owner}
    return {
        "TopicArn": receiver.topic,
        "Subject": _ascii(headline(escalation, end))[:SUBJECT],
        "Message": stated(escalation, end, now),
        "MessageAttributes": {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()},
    }


def _unreached(error: Exception) -> Outcome:
    return Outcome("again", f"cannot be reached: {' '.join(str(error).split())}"[:200])


def _refused(response: dict[str, Any]) -> Outcome:
    """Throttling and credentials may pass, whatever else is wrong with the request does not."""
    status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500))
    code = str(response.get("Error", {}).get("Code", ""))
    why = f"HTTP {status}: {code}"
    again = status >= 500 or status in MAY_PASS or code.startswith("Throttl")
    return Outcome("again" if again else "refused", why)


def _ascii(text: str) -> str:
    """A subject of SNS is printable ASCII."""
    return "".join(char if " " <= char <= "~" else "?" for char in text)
