"""What the stack's state keeps of a chain of records, and how it goes on from one update to the next. Pure.

The newest anchor alone would be replaced by the first update after a cut, and with it the only proof that there had
been more. So an anchor that the chain does not have any more is never dropped: it stays beside the new one, and every
audit names it, until a person acknowledges it in the stack's file. Nothing in the chain itself can take it away, since
what can cut the chain can also write into it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, ValidationError

from slipway.release.evidence.facts import Sha256
from slipway.release.manifest.base import FrozenModel, Line
from slipway.release.records.chain import Anchor, anchor_problem
from slipway.release.records.chain import Line as ChainLine

RECORD = "record"
"""The output of a Rollout, a FlagSet and a FlagExposure that it is kept in."""
STATE = "the stack's state"
MOST_BROKEN = 100
"""Anchors that a chain broke and that are kept; the oldest of them: one is enough for every audit to fail."""


class Kept(Anchor):
    """The newest anchor, and those that the chain does not have any more, the oldest first."""

    broken: tuple[Anchor, ...] = ()

    @property
    def anchors(self) -> tuple[Anchor, ...]:
        """All of them."""
        return (*self.broken, Anchor(seq=self.seq, hash=self.hash))

    def to_output(self) -> dict[str, Any]:
        """The value of the output."""
        return self.model_dump(mode="json", exclude_defaults=True)


class Acknowledged(FrozenModel):
    """A broken anchor that a person knows of: one item of the stack setting `acknowledged`."""

    chain: Annotated[Line, Field(description="The service, or `flags.` and the name of a set of flags.")]
    record: Annotated[int, Field(ge=0, description="The number that the anchor has.")]
    hash: Annotated[Sha256, Field(description="The hash that the anchor has.")]
    reason: Annotated[Line, Field(description="What happened to the records.")]
    by: Annotated[Line, Field(description="Who says so.")]

    def is_about(self, anchor: Anchor) -> bool:
        """Whether it is this one, which lies in the chain that is named."""
        return (self.record, self.hash) == (anchor.seq, anchor.hash)


@dataclass(frozen=True, slots=True)
class Advance:
    """What an update keeps. `broken` says what is wrong with the anchor of before, empty while nothing is."""

    kept: Kept | None
    broken: str = ""


def kept_in(outputs: Mapping[str, Any]) -> Kept | None:
    """What these outputs keep; None where it is nothing that can be understood."""
    try:
        return Kept.model_validate(outputs.get(RECORD), extra="ignore")
    except ValidationError:
        return None


def advanced(before: Kept | None, lines: Sequence[ChainLine]) -> Advance:
    """The newest line becomes the anchor. The former one stays beside it where the chain does not have it; a chain
    without a line moves nothing."""
    if before is None:
        return Advance(Kept(seq=lines[-1].seq, hash=lines[-1].hash) if lines else None)
    problem = anchor_problem(lines, STATE, before) or ""
    if not lines:
        return Advance(before, problem)
    former = Anchor(seq=before.seq, hash=before.hash)
    broken = (*before.broken, former) if problem and former not in before.broken else before.broken
    return Advance(Kept(seq=lines[-1].seq, hash=lines[-1].hash, broken=broken[:MOST_BROKEN]), problem)


def is_known(acknowledged: Iterable[Acknowledged], anchor: Anchor) -> bool:
    """Whether one of these, all of one chain, is about this anchor."""
    return any(one.is_about(anchor) for one in acknowledged)


def of_chain(known: Iterable[Acknowledged], chain: str) -> tuple[Acknowledged, ...]:
    """Those about one chain."""
    return tuple(one for one in known if one.chain == chain)
