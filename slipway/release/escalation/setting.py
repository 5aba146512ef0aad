"""The stack setting `escalation`: which events are escalated, and to whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError, ValidationInfo, field_validator, model_validator

from slipway.release.errors import EngineError, InputError, Problem
from slipway.release.escalation.receivers import Receiver
from slipway.release.manifest.base import FrozenModel, Line
from slipway.release.manifest.document import Document
from slipway.release.manifest.problems import problems_of
from slipway.release.slo.model import Severity

SETTING = "escalation"
KEY = f"releases:{SETTING}"
REMEDY = (
    f"Write {KEY}: {{owners: {{payments: {{page: [{{kind: alertmanager, url: http://alertmanager.example:9093}}]}}}}, "
    "fallback: payments}; docs/escalation.md has every receiver"
)
REMEDIES = {
    SETTING: REMEDY,
    f"{SETTING}.fallback": "Name one of the owners, who gets what is of no other owner",
    f"{SETTING}.outbox": "Write a folder on the machine of the rollout, or leave it out: then it is in the cluster",
    f"{SETTING}.abort": "Write page or ticket, or leave it out: then aborted rollouts are not escalated",
}


class Receivers(FrozenModel):
    """The receivers of one owner, by severity. What has none of its own goes to those of the other severity."""

    page: tuple[Receiver, ...] = ()
    ticket: tuple[Receiver, ...] = ()

    @model_validator(mode="after")
    def _somebody_is_told(self) -> Receivers:
        if not self.page and not self.ticket:
            raise ValueError("needs receivers for page or for ticket")
        return self

    def of(self, severity: Severity) -> tuple[Receiver, ...]:
        """Who is told."""
        return (self.page or self.ticket) if severity == "page" else (self.ticket or self.page)


class EscalationRoute(FrozenModel):
    """What the rollout of one service needs of the setting; stored in the stack's state."""

    receivers: Receivers
    abort: Severity | None = None
    kill: Severity = "page"
    outbox: str | None = None


class EscalationSetting(FrozenModel):
    """`abort` is the severity of an aborted rollout whose traffic is back (left out, it is not escalated), `kill` that
    of a flag that its guard killed. Traffic that is not back is always a page. `outbox` is a folder; left out, the
    outbox is in the cluster beside the journal."""

    owners: Annotated[dict[Line, Receivers], Field(min_length=1)]
    fallback: Line
    abort: Severity | None = None
    kill: Severity = "page"
    outbox: Annotated[str, Field(min_length=1)] | None = None

    @field_validator("fallback")
    @classmethod
    def _is_an_owner(cls, fallback: str, info: ValidationInfo) -> str:
        owners = info.data.get("owners")
        if owners is not None and fallback not in owners:
            raise ValueError(f"is none of the owners ({', '.join(sorted(owners))})")
        return fallback

    def route(self, owner: str) -> EscalationRoute:
        """Of what belongs to this owner; that of the fallback for an owner who is not listed."""
        receivers = self.owners.get(owner) or self.owners[self.fallback]
        return EscalationRoute(receivers=receivers, abort=self.abort, kill=self.kill, outbox=self.outbox)


def unrouted(setting: EscalationSetting | None, owned: Iterable[tuple[str, str]]) -> list[Problem]:
    """The owners of services who would never be told: pairs of what is owned and its owner. The fallback is for what
    was not foreseen, not for a name that was misspelt."""
    if setting is None:
        return []
    known = ", ".join(sorted(setting.owners))
    return [
        Problem(
            f"{SETTING}.owners",
            f"has no {owner}, who owns {name} (there: {known})",
            f"Add receivers for {owner}, or correct owner.team in the manifest",
        )
        for name, owner in owned
        if owner not in setting.owners
    ]


def setting_of(config: Mapping[str, Any], path: Path) -> EscalationSetting:
    """The setting in a stack file's configuration. Raises EngineError where it is left out, and InputError with all
    problems."""
    given = config.get(KEY)
    if given is None:
        raise EngineError(f"{path.name} has no {KEY}: no owner is told. {REMEDY}")
    document = Document(data={SETTING: given})
    try:
        return _Held.model_validate(document.data, by_alias=True, by_name=False).escalation
    except ValidationError as error:
        raise InputError(path.name, problems_of(error, _Held, document, REMEDIES, secret=True)) from None


class _Held(FrozenModel):
    escalation: EscalationSetting
