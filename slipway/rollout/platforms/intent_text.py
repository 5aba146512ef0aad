"""An intent as it is stored: the same text on every platform. Pure."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import get_args

from slipway.release.errors import ClusterError
from slipway.rollout.platforms.base import Action, Intent

REASON_LENGTH = 1000


def text_of(intent: Intent) -> str:
    """Raises ClusterError for a reason that is too long."""
    if len(intent.reason) > REASON_LENGTH:
        raise ClusterError(f"the reason of an intent may have {REASON_LENGTH} characters at most")
    return json.dumps(asdict(intent))


def intent_in(what: str, text: str) -> Intent:
    """Raises ClusterError, which names `what`, when it cannot be understood."""
    try:
        intent = Intent(**json.loads(text))
    except (TypeError, ValueError) as error:
        raise ClusterError(f"{what} holds no intent that can be understood; give it anew") from error
    if intent.action not in get_args(Action):
        raise ClusterError(f"{what}: unknown action {intent.action!r}")
    return intent
