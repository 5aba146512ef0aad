"""One try to tell one receiver over HTTP, and what its answer means."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any, Final

import httpx2

from slipway.release.escalation.formats import FORMATS, signature
from slipway.release.escalation.model import Escalation
from slipway.release.escalation.outbox import Closed, Outcome
from slipway.release.escalation.receivers import (
    AlertmanagerReceiver,
    OverHttp,
    PagerDutyReceiver,
    SlackReceiver,
    WebhookReceiver,
    secrets_of,
)
from slipway.rollout.escalation.secrets import SecretMissing, value_of

TIMEOUT = httpx2.Timeout(10.0, connect=5.0)
SAID = 200
"""Characters of an answer that are kept."""
MAY_PASS: Final = frozenset({401, 403, 408, 409, 425, 429})
"""Below 500, what another try may mend: limits, conflicts, and credentials that are being exchanged."""
SECRET = "***"  # noqa: S105 - stands in its place

Json = Any


@dataclass(frozen=True, slots=True)
class Request:
    """What is posted; `headers` and `url` may hold secrets."""

    url: str
    body: Json
    headers: Mapping[str, str] = field(default_factory=dict)


def post(
    receiver: OverHttp,
    escalation: Escalation,
    end: Closed | None,
    now: float,
    transport: httpx2.BaseTransport | None = None,
) -> Outcome:
    """Tell it once. Never raises; no outcome shows a secret."""
    try:
        request = _MADE[receiver.kind](receiver, escalation, end, now)
    except SecretMissing as error:
        return Outcome("again", str(error))
    try:
        with httpx2.Client(timeout=TIMEOUT, transport=transport) as client:
            answer = client.post(
                request.url,
                content=_bytes(request.body),
                headers={"Content-Type": "application/json", "User-Agent": "Slipway", **request.headers},
            )
            said = answer.text[: 4 * SAID]
    except httpx2.TimeoutException:
        return Outcome("again", "did not answer in time")
    except httpx2.InvalidURL:
        return Outcome("again", "the address is no URL")
    except (httpx2.HTTPError, ValueError, OSError) as error:
        return Outcome("again", _clean(f"cannot be reached: {error}", receiver))
    return _outcome(answer, _clean(said, receiver), now)


def _outcome(answer: httpx2.Response, said: str, now: float) -> Outcome:
    status = answer.status_code
    if answer.is_success:
        return Outcome("delivered")
    why = f"HTTP {status}{f': {said}' if said else ''}"
    if status >= 500 or status in MAY_PASS:
        return Outcome("again", why, _asked(answer.headers.get("retry-after"), now))
    return Outcome("refused", why)


def _asked(value: str | None, now: float) -> float | None:
    """Seconds in Retry-After, which is a number or a date."""
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - now
        except (TypeError, ValueError):
            return None
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _clean(text: str, receiver: OverHttp) -> str:
    """One short line without the receiver's secrets, which an answer or an error may quote."""
    for secret in secrets_of(receiver):
        try:
            value = value_of(secret)
        except SecretMissing:
            continue
        text = text.replace(value, SECRET)
    return " ".join(text.split())[:SAID]


def _bytes(body: Json) -> bytes:
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()


def _alertmanager(one: AlertmanagerReceiver, escalation: Escalation, end: Closed | None, now: float) -> Request:
    headers = {"Authorization": f"Bearer {value_of(one.token)}"} if one.token is not None else {}
    return Request(f"{one.url.rstrip('/')}/api/v2/alerts", FORMATS[one.kind](escalation, end, now), headers)


def _pagerduty(one: PagerDutyReceiver, escalation: Escalation, end: Closed | None, now: float) -> Request:
    event = FORMATS[one.kind](escalation, end, now)
    return Request(f"{one.url.rstrip('/')}/v2/enqueue", {"routing_key": value_of(one.routing_key), **event})


def _slack(one: SlackReceiver, escalation: Escalation, end: Closed | None, now: float) -> Request:
    address = value_of(one.webhook)
    if not address.startswith(("http://", "https://")):
        raise SecretMissing(f"{one.webhook} holds no address that begins with https://")
    return Request(address, FORMATS[one.kind](escalation, end, now))


def _webhook(one: WebhookReceiver, escalation: Escalation, end: Closed | None, now: float) -> Request:
    """The end is a message of its own, so it has an id of its own."""
    body = FORMATS[one.kind](escalation, end, now)
    webhook_id = escalation.id if end is None else f"{escalation.id}.closed"
    try:
        signed = signature(value_of(one.secret), webhook_id, int(now), _bytes(body))
    except ValueError as error:
        raise SecretMissing(f"{one.secret} {error}") from None
    headers = {"webhook-id": webhook_id, "webhook-timestamp": str(int(now)), "webhook-signature": signed}
    return Request(one.url, body, headers)


_MADE: Final[Mapping[str, Callable[[Any, Escalation, Closed | None, float], Request]]] = {
    "alertmanager": _alertmanager,
    "pagerduty": _pagerduty,
    "slack": _slack,
    "webhook": _webhook,
}
