"""Where alarms go: each owner's receivers. Secrets are named by files on Alertmanager's machine and never held."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal, NamedTuple, TypeAlias

from pydantic import Field, ValidationInfo, field_validator

from slipway.release.manifest.base import FrozenModel
from slipway.release.slo.model import OwnerName, Severity
from slipway.release.units import Seconds
from slipway.release.urls import ServerUrl

SecretFile = Annotated[str, Field(pattern=r"^/[^\s\x00-\x1f\x7f]+$")]
"""An absolute path on the machine, or in the pod, of Alertmanager."""
Address = Annotated[str, Field(pattern=r"^[^@\s,<>]+@[^@\s,<>]+$")]


class Webhook(FrozenModel):
    """An HTTP server that takes Alertmanager's JSON. `tokenFile` holds a bearer token."""

    kind: Literal["webhook"]
    url: ServerUrl
    token_file: SecretFile | None = None


class PagerDuty(FrozenModel):
    """A service of PagerDuty, by the file with its integration key."""

    kind: Literal["pagerduty"]
    routing_key_file: SecretFile


class Slack(FrozenModel):
    """A channel, by the file with the webhook's URL."""

    kind: Literal["slack"]
    channel: Annotated[str, Field(pattern=r"^[#@]?[^\s#@]+$")]
    api_url_file: SecretFile


class Email(FrozenModel):
    """An address, by way of the server that `mail` names."""

    kind: Literal["email"]
    to: Address


class Sns(FrozenModel):
    """A topic of Amazon SNS: its ARN, or the name of one that the stack declares for alarms in CloudWatch."""

    kind: Literal["sns"]
    topic: Annotated[str, Field(pattern=r"^(arn:[a-z-]+:sns:[a-z0-9-]+:[0-9]{12}:)?[A-Za-z0-9_-]{1,256}$")]

    @property
    def is_declared(self) -> bool:
        """Whether the stack makes the topic."""
        return not self.topic.startswith("arn:")


AnyReceiver: TypeAlias = Webhook | PagerDuty | Slack | Email | Sns
Receiver = Annotated[AnyReceiver, Field(discriminator="kind")]


class Mail(FrozenModel):
    """The server that e-mail is sent by."""

    smarthost: Annotated[str, Field(pattern=r"^[A-Za-z0-9.-]+:[0-9]{1,5}$")]
    sender: Annotated[Address, Field(alias="from")]
    username: str | None = None
    password_file: SecretFile | None = None


class OwnerRoutes(FrozenModel):
    """Where the alarms of one owner go, by their severity. An alarm of a severity without a receiver would not
    be delivered, so it is refused."""

    page: Receiver | None = None
    ticket: Receiver | None = None

    @property
    def receivers(self) -> dict[Severity, AnyReceiver]:
        """Those that there are."""
        named: dict[Severity, AnyReceiver | None] = {"page": self.page, "ticket": self.ticket}
        return {severity: one for severity, one in named.items() if one is not None}


class Routing(FrozenModel):
    """The routes of all owners. `fallback` is the owner who gets what carries no known owner."""

    owners: Annotated[dict[OwnerName, OwnerRoutes], Field(min_length=1)]
    fallback: OwnerName
    mail: Annotated[Mail | None, Field(validate_default=True)] = None
    group_wait: Seconds = 10.0
    group_interval: Seconds = 300.0
    repeat_interval: Seconds = 4 * 3600.0

    @field_validator("fallback")
    @classmethod
    def _gets_everything(cls, fallback: str, info: ValidationInfo) -> str:
        owners: dict[str, OwnerRoutes] | None = info.data.get("owners")
        if owners is not None and (fallback not in owners or not owners[fallback].receivers):
            raise ValueError("must be one of the owners, and have a receiver")
        return fallback

    @field_validator("mail")
    @classmethod
    def _can_send(cls, mail: Mail | None, info: ValidationInfo) -> Mail | None:
        owners: dict[str, OwnerRoutes] = info.data.get("owners", {})
        sends = [
            name for name, routes in owners.items() if any(one.kind == "email" for one in routes.receivers.values())
        ]
        if mail is None and sends:
            raise ValueError(f"is missing: {', '.join(sorted(sends))} gets e-mail")
        return mail

    def receiver(self, owner: str, severity: Severity) -> Receiver | None:
        """Who gets an alarm; None when it has no receiver."""
        routes = self.owners.get(owner)
        return None if routes is None else routes.receivers.get(severity)


class Owned(NamedTuple):
    """Who has to act on one alarm."""

    alarm: str
    owner: str
    severity: Severity


class Unrouted(NamedTuple):
    """An alarm without a receiver, and what to write."""

    owned: Owned
    problem: str
    remedy: str


def unrouted(alarms: Iterable[Owned], routing: Routing | None) -> list[Unrouted]:
    """The alarms whose owner has no receiver for their severity. Without a routing that is every alarm."""
    return [Unrouted(each, *_missing(each, routing)) for each in alarms if not _reaches(each, routing)]


def _reaches(each: Owned, routing: Routing | None) -> bool:
    return routing is not None and routing.receiver(each.owner, each.severity) is not None


def _missing(each: Owned, routing: Routing | None) -> tuple[str, str]:
    write = f"Write routing.owners.{each.owner}.{each.severity}, such as {{kind: webhook, url: http://alerts.example}}"
    if routing is None:
        return f"{each.owner} has no route, since no routing is declared", write
    if each.owner not in routing.owners:
        return f"{each.owner} has no route", f"{write}, or name one of {', '.join(sorted(routing.owners))}"
    return f"{each.owner} has no receiver for a {each.severity}", write
