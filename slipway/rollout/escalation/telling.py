"""One try to tell one receiver, by whatever way it is reached."""

from __future__ import annotations

from slipway.release.escalation.model import Escalation
from slipway.release.escalation.outbox import Closed, Outcome
from slipway.release.escalation.receivers import Receiver, SnsReceiver
from slipway.rollout.escalation.http import post
from slipway.rollout.escalation.sns import publish


def tell(receiver: Receiver, escalation: Escalation, end: Closed | None, now: float) -> Outcome:
    """Never raises; no outcome shows a secret."""
    if isinstance(receiver, SnsReceiver):
        return publish(receiver, escalation, end, now)
    return post(receiver, escalation, end, now)
