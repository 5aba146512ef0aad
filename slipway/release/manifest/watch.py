"""The section `watch`: how a release is judged after it has all the traffic, and what a breach leads to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from slipway.release.manifest.base import FlagKey, FrozenModel
from slipway.release.manifest.guardrails import AnyKind, Guardrail
from slipway.release.units import Fraction, Percent, Seconds, Share, percent_of

PART: Fraction = 2.0 / 3.0
"""The watch's part of `analysis.falseAbort` where `watch.falseAbort` is not declared: a nat more of evidence costs a
rollout at a small weight one or two failed requests, and a watch dozens."""

Action = Literal["rollback", "escalate"]
"""What a breach leads to: the traffic goes back to the standby, or people are told and nothing moves."""


class NamedGuardrail(FrozenModel):
    """A guardrail of the release, in a file just its name: `guardrails: [errors]`."""

    kind: Literal["named"]
    name: Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")]


def _named(value: object) -> object:
    return {"kind": "named", "name": value} if isinstance(value, str) else value


WatchGuardrail = Annotated[NamedGuardrail | AnyKind, Field(discriminator="kind"), BeforeValidator(_named)]


class OnBreach(FrozenModel):
    """What follows when a guardrail of the watch fails; people are told in any case."""

    action: Action = "rollback"
    kill: tuple[FlagKey, ...] = ()
    """Flags of the stack that are switched off as well."""


class Watch(FrozenModel):
    """After the commit the release is judged for some time more."""

    lasts: Annotated[Seconds, Field(alias="for", ge=60, le=7 * 86400)]
    """Counted from the commit in the journal, whenever the watcher begins."""
    holdback: Annotated[Share, Field(gt=0, le=0.2)] | None = None
    """This part of the traffic stays on the standby meanwhile, so that there is something to compare with."""
    guardrails: Annotated[tuple[WatchGuardrail, ...], Field(min_length=1)] | None = None
    """None: those of the release that can be judged then."""
    false_abort: Annotated[Share, Field(gt=0, lt=0.5)] | None = None
    """The part of `analysis.falseAbort` that is the watch's; the rollout has the rest. None: two thirds of it."""
    no_data_grace: Annotated[Seconds, Field(ge=30)] = 300.0
    """So long a guardrail may go without data before people are told."""
    on_breach: OnBreach = OnBreach()


def alphas(declared: Fraction, watch: Watch | None) -> tuple[Fraction, Fraction]:
    """`analysis.falseAbort` split into that of the rollout and that of the watch: by a union bound a release that is
    no worse than tolerated is stopped by either with at most their sum."""
    if watch is None:
        return declared, 0.0
    own = round(PART * declared, 12) if watch.false_abort is None else watch.false_abort
    return round(declared - own, 12), own


def weight_of(holdback: Fraction | None) -> Percent:
    """The candidate's share of the traffic during the watch."""
    return 100.0 if holdback is None else round(percent_of(1.0 - holdback, 1.0), 9)


def needs_holdback(guardrail: Guardrail) -> bool:
    """Whether it can only compare: without a bound of its own it says nothing while all the traffic is on one side."""
    nature = guardrail.nature
    if nature.counts == "nothing" or nature.absolute:
        return False
    return nature.counts == "clients" or nature.by_signature or guardrail.limits.objective is None


def watched_guardrails(watch: Watch, of_release: Sequence[Guardrail]) -> tuple[Guardrail, ...]:
    """Those that the watch judges by. A name that the release does not have is left out: a problem elsewhere."""
    if watch.guardrails is None:
        return tuple(one for one in of_release if watch.holdback is not None or not needs_holdback(one))
    return tuple(_resolved(watch.guardrails, of_release))


def _resolved(listed: Sequence[NamedGuardrail | AnyKind], of_release: Sequence[Guardrail]) -> Iterator[Guardrail]:
    known = {guardrail.name: guardrail for guardrail in of_release}
    for one in listed:
        if not isinstance(one, NamedGuardrail):
            yield one
        elif one.name in known:
            yield known[one.name]
