"""What the Rollout resource is given of the section `watch`, with the names in it resolved."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from slipway.release.manifest.base import FrozenModel
from slipway.release.manifest.guardrails import Guardrail
from slipway.release.manifest.release import Release
from slipway.release.manifest.watch import OnBreach, alphas, watched_guardrails, weight_of
from slipway.release.units import Fraction, Percent, Seconds


class StaysApplied(FrozenModel):
    """A migration that moving the traffic back does not undo, and what makes up for it."""

    migration: str
    compensation: str | None = None


class WatchInputs(FrozenModel):
    """The watch of one release."""

    lasts: Annotated[Seconds, Field(alias="for")]
    holdback: Fraction | None = None
    guardrails: tuple[Guardrail, ...]
    false_abort: Fraction
    """The watch's part of `analysis.falseAbort`."""
    no_data_grace: Seconds
    on_breach: OnBreach
    stays: tuple[StaysApplied, ...] = ()

    @classmethod
    def of(cls, release: Release) -> WatchInputs | None:
        """That of a release; None where it declares none."""
        watch = release.watch
        if watch is None:
            return None
        return cls(
            lasts=watch.lasts,
            holdback=watch.holdback,
            guardrails=watched_guardrails(watch, release.guardrails),
            false_abort=alphas(release.analysis.false_abort, watch)[1],
            no_data_grace=min(watch.no_data_grace, watch.lasts),
            on_breach=watch.on_breach,
            stays=tuple(
                StaysApplied(migration=one.id, compensation=one.compensation)
                for one in release.migrations
                if one.one_way
            ),
        )

    @property
    def weight(self) -> Percent:
        """The candidate's share of the traffic while a standby takes the hold-back."""
        return weight_of(self.holdback)

    def why_it_only_escalates(self, standby: bool) -> str:
        """Why a breach moves no traffic; empty where it does. `standby`: whether what served before is kept warm."""
        if self.on_breach.action == "escalate":
            return "watch.onBreach.action is escalate"
        if not standby:
            return "no version is kept warm as the standby"
        if self.stays:
            return "; ".join(
                f"migration {one.migration} stays applied"
                + (f" (compensation: {one.compensation})" if one.compensation else "")
                for one in self.stays
            )
        return ""
