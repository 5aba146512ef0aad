"""One escalation: what the owner on call has to know in order to act, without access to anything else."""

from __future__ import annotations

import hashlib
import re
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from slipway.release.findings import plain
from slipway.release.manifest.base import FrozenModel
from slipway.release.slo.model import Severity

Kind = Literal["abort", "kill", "watch", "test"]
"""What raised it: an aborted rollout, a flag that its guard killed, the watch after 100%, or a person who tests the
receivers."""
EscalationId = Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]{0,98}[a-z0-9])?$")]
"""Also a name in Kubernetes, a file's name, and what receivers tell repetitions by."""
Text = Annotated[str, BeforeValidator(lambda value: plain(value, 1000))]


class Escalation(FrozenModel):
    """What is said, the same to every receiver. Times are Unix seconds."""

    id: EscalationId
    kind: Kind
    severity: Severity
    service: str
    """The service, or the set of flags."""
    place: Text = ""
    """Cluster and namespace, and the stack where that is known."""
    owner: Text
    what: Text
    statistic: Text = ""
    """Evidence against its threshold."""
    since: float
    at: float
    hit: Text = ""
    """Who was affected, and how many."""
    done: Text = ""
    """What Slipway did about it, and what it left."""
    runbook: Text = ""
    next: Text = ""
    """The command that shows more, or that goes on."""


def id_of(kind: Kind, service: str, event: str) -> str:
    """The id of an escalation. `event` names what happened, such as a rollout's id: the same event raises
    the same escalation."""
    name = re.sub(r"[^a-z0-9]+", "-", service.lower()).strip("-")[:60]
    digest = hashlib.sha256("\n".join((kind, service, event)).encode()).hexdigest()
    return f"{kind}-{name}-{digest[:16]}" if name else f"{kind}-{digest[:16]}"
