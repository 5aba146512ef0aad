"""Where an escalation goes. Secrets are named, by a file or by a variable of the environment, and never held: these
values are stored in the stack's state and in the outbox."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from slipway.release.manifest.base import FrozenModel
from slipway.release.urls import ServerUrl

SecretFile = Annotated[str, Field(pattern=r"^/[^\x00-\x1f\x7f]+$")]
SecretName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


class Secret(FrozenModel):
    """A secret where the sender runs: an absolute path, or the name of a variable of the environment."""

    file: SecretFile | None = None
    env: Annotated[SecretName | None, Field(validate_default=True)] = None

    @field_validator("env")
    @classmethod
    def _one_of_both(cls, env: str | None, info: ValidationInfo) -> str | None:
        if "file" in info.data and (env is None) == (info.data["file"] is None):
            raise ValueError("exactly one of file and env is needed, the place of the secret and not the secret itself")
        return env

    def __str__(self) -> str:
        return f"the file {self.file}" if self.file is not None else f"the variable {self.env}"


class AlertmanagerReceiver(FrozenModel):
    """An Alertmanager, whose own routes go by the labels `owner`, `service` and `severity`."""

    kind: Literal["alertmanager"]
    url: ServerUrl
    token: Secret | None = None
    """A bearer token for what stands before it."""


class PagerDutyReceiver(FrozenModel):
    """A service of PagerDuty (Events API v2), by its integration key."""

    kind: Literal["pagerduty"]
    routing_key: Secret
    url: ServerUrl = "https://events.pagerduty.com"
    """`https://events.eu.pagerduty.com` for accounts in the EU."""


class SlackReceiver(FrozenModel):
    """A channel of Slack, by its incoming webhook, whose address is the secret."""

    kind: Literal["slack"]
    webhook: Secret


class WebhookReceiver(FrozenModel):
    """A server that takes Standard Webhooks. `secret` signs them: base64, with or without `whsec_` before it."""

    kind: Literal["webhook"]
    url: ServerUrl
    secret: Secret


class SnsReceiver(FrozenModel):
    """A topic of Amazon SNS, by the credentials of AWS where the sender runs."""

    kind: Literal["sns"]
    topic: Annotated[str, Field(pattern=r"^arn:[a-z-]+:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}$")]
    """Its ARN."""


OverHttp = AlertmanagerReceiver | PagerDutyReceiver | SlackReceiver | WebhookReceiver
Receiver = Annotated[
    AlertmanagerReceiver | PagerDutyReceiver | SlackReceiver | WebhookReceiver | SnsReceiver,
    Field(discriminator="kind"),
]


def secrets_of(receiver: Receiver) -> tuple[Secret, ...]:
    """The secrets that a receiver names."""
    return tuple(value for name in type(receiver).model_fields if isinstance(value := getattr(receiver, name), Secret))


def shown(receiver: Receiver) -> str:
    """A receiver in a few words, without anything that is secret."""
    if isinstance(receiver, SlackReceiver):
        return f"slack by {receiver.webhook}"
    if isinstance(receiver, PagerDutyReceiver):
        return f"pagerduty by {receiver.routing_key}"
    return f"{receiver.kind} {receiver.topic if isinstance(receiver, SnsReceiver) else receiver.url}"
