"""Exemptions: which finding may pass for which resource, by whose decision, why, and until when."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import AwareDatetime, Field, model_validator

from slipway.release.findings import Finding, GateId
from slipway.release.manifest.base import FrozenModel
from slipway.release.readiness.gate_input import CLOCK_SKEW
from slipway.release.tokens import RELEASE, type_of, without_parents

LONGEST = timedelta(days=30)
"""From granting to expiry. For longer than this, change the gate's settings instead."""


class Exemption(FrozenModel):
    """One exemption of the gate under which it stands, for one resource exactly."""

    resource: Annotated[str, Field(pattern=r"^urn:pulumi:[^:*]+::[^:*]+::[^*]+::[^*]+$")]
    """The full URN, as `slipway gates` and `pulumi stack --show-urns` print it; no patterns."""
    codes: tuple[GateId, ...] = ()
    """Only findings of these codes; empty for all of the gate."""
    owner: Annotated[str, Field(min_length=1)]
    """Who answers for it."""
    reason: Annotated[str, Field(min_length=10)]
    ticket: Annotated[str, Field(min_length=1)]
    granted: AwareDatetime
    expires: AwareDatetime

    @model_validator(mode="after")
    def _within_the_longest_life(self) -> Exemption:
        if not timedelta(0) < self.expires - self.granted <= LONGEST:
            raise ValueError(f"it must expire within {LONGEST.days} days after it was granted, and not before")
        return self

    def covers(self, finding: Finding, urn: str) -> bool:
        """Whether it covers this finding, expired or not."""
        return self._names(urn) and (not self.codes or finding.code in self.codes)

    def _names(self, urn: str) -> bool:
        """A Release is the same one within a component of another language, whose type is in its URN as well."""
        if type_of(urn) == RELEASE == type_of(self.resource):
            return without_parents(self.resource) == without_parents(urn)
        return self.resource == urn

    def holds(self, now: datetime) -> bool:
        """Whether it is in force."""
        return self.granted <= now + CLOCK_SKEW and now < self.expires


def exemption_of(
    finding: Finding, urn: str, exemptions: Iterable[Exemption], now: datetime
) -> tuple[Exemption | None, str]:
    """The exemption that lets the finding pass, or None and why those that cover it do not (empty when none does)."""
    refused = ""
    for entry in exemptions:
        if not entry.covers(finding, urn):
            continue
        if entry.holds(now):
            return entry, ""
        when = "expired" if now >= entry.expires else "begins"
        at = entry.expires if now >= entry.expires else entry.granted
        refused = f"the exemption {entry.ticket} of {entry.owner} {when} {at.isoformat()}"
    return None, refused
