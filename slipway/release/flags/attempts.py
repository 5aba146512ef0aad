"""What is remembered of the exposures of one flag: the rollout in flight or the last one, step by step. Pure: the store
does the I/O, by compare-and-swap. How far an exposure has come is in the journal of the flags, which has one writer;
this journal says who moves it and whether anybody still does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slipway.release.manifest.base import FrozenModel
from slipway.release.records.journal import Outcome, StepRecord
from slipway.release.stored import parse_stored
from slipway.release.units import Percent

FORMAT = 1
"""The newest format that this version reads and writes; see slipway.release.records.journal for the rule."""
RECORDED_KEPT = 5


class Exposing(FrozenModel):
    """One rollout of a flag's exposure; times are Unix seconds."""

    id: str
    flag: str
    variant: str
    off: str
    salt: str
    base: Percent
    """Percent from which it began, and to which it returns without a verdict."""
    outcome: Outcome
    began: float
    ended: float | None = None
    steps: tuple[StepRecord, ...] = ()
    reason: str = ""
    by: str = ""
    """Who ended it when it was not the process that ran it: `watchdog`, `repair`."""
    caveat: str = ""
    """What is not claimed of its verdicts."""

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self.outcome is Outcome.RUNNING

    @property
    def percent(self) -> Percent:
        """Where it was last, as far as this journal knows."""
        return self.steps[-1].weight if self.steps else self.base


class ExposureHead(FrozenModel):
    """The head of the journal, one small document a flag; the ticks lie in chunks beside it."""

    format: int = FORMAT
    flag: str
    last: Exposing | None = None
    recorded: tuple[str, ...] = ()
    """Rollouts whose ticks are kept, newest first."""

    @property
    def unfinished(self) -> bool:
        """Whether a rollout began and has not ended."""
        return self.last is not None and self.last.running

    def to_document(self) -> dict[str, Any]:
        """Plain JSON values."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


def parse(document: Mapping[str, Any]) -> ExposureHead:
    """Raises JournalUnreadable for what a newer Slipway wrote, and for what is no such journal."""
    return parse_stored(ExposureHead, document, FORMAT, "the journal of an exposure")


def begun(head: ExposureHead, exposing: Exposing) -> ExposureHead:
    """With this rollout in flight."""
    recorded = tuple(dict.fromkeys((exposing.id, *head.recorded)))[:RECORDED_KEPT]
    return head.model_copy(update={"last": exposing, "recorded": recorded})


def ended(exposing: Exposing, outcome: Outcome, reason: str, now: float, by: str = "") -> Exposing:
    """The rollout after its end; one that has ended stays as it is."""
    if not exposing.running:
        return exposing
    return exposing.model_copy(update={"outcome": outcome, "reason": reason, "ended": now, "by": by})
