"""Writes the journal of a flag's exposures so that a lost answer is no failure and a foreign write is never
overwritten."""

from __future__ import annotations

from dataclasses import dataclass

from slipway.release.errors import ClusterError, Conflict, LeaseLost
from slipway.release.flags.attempts import Exposing, ExposureHead, begun, ended, parse
from slipway.release.records.journal import Outcome, StepRecord
from slipway.release.units import Percent
from slipway.rollout.exposure.adapters import ExposureAdapters

TRIES = 3


@dataclass(slots=True)
class Stored:
    """The head as this process read or wrote it last, with its version (None: there is none yet)."""

    head: ExposureHead
    version: str | None


def load(adapters: ExposureAdapters) -> Stored:
    """The journal's head, an empty one when there is none. Raises ClusterError."""
    found = adapters.journal.load()
    return (
        Stored(ExposureHead(flag=adapters.flag), None) if found is None else Stored(parse(found.content), found.version)
    )


def save(adapters: ExposureAdapters, stored: Stored, head: ExposureHead) -> None:
    """Make `head` what the journal holds, by compare-and-swap. After a conflict the same head was written by an earlier
    try whose answer was lost, or the head that was read last still stands; anything else is another's. Raises LeaseLost
    then, and ClusterError while the journal cannot be reached: calling again with the same head is safe."""
    for _ in range(TRIES):
        adapters.fence.check()
        try:
            stored.version = adapters.journal.save(head.to_document(), stored.version)
        except Conflict:
            found = load(adapters)
            if found.head not in (head, stored.head) and not _is_ours(found.head, head):
                raise LeaseLost(_foreign(found.head, head)) from None
            stored.version = found.version
            if found.head != head:
                continue
        stored.head = head
        return
    raise ClusterError("the journal of the exposure could not be written: its version keeps changing")


def _is_ours(found: ExposureHead, wanted: ExposureHead) -> bool:
    """Whether the same rollout is still in flight there, in a state that this process wrote without an answer."""
    last, mine = found.last, wanted.last
    return last is not None and mine is not None and last.id == mine.id and last.running


def _foreign(found: ExposureHead, wanted: ExposureHead) -> str:
    last, mine = found.last, wanted.last
    if last is not None and mine is not None and last.id == mine.id:
        return f"exposure {mine.id} of {wanted.flag} was ended by another process ({last.outcome.value} by {last.by})"
    return f"another exposure of {wanted.flag} has taken over"


class ExposureRecord:
    """One rollout as it goes into the journal."""

    def __init__(self, adapters: ExposureAdapters, stored: Stored, exposing: Exposing) -> None:
        self._adapters = adapters
        self._stored = stored
        self.exposing = exposing

    def save(self) -> None:
        """Write it as it is now."""
        save(self._adapters, self._stored, begun(self._stored.head, self.exposing))

    def begin_step(self, index: int, percent: Percent, now: float) -> None:
        """The step's percentage is about to be written; a step that is recorded already stays as it is."""
        if len(self.exposing.steps) <= index:
            self._update(steps=(*self.exposing.steps, StepRecord(weight=percent, began=now)))

    def end_step(self, **counts: object) -> None:
        """Counts and verdict of the current step; nothing before the first."""
        if self.exposing.steps:
            *before, last = self.exposing.steps
            self._update(steps=(*before, last.model_copy(update=counts)))

    def end(self, outcome: Outcome, reason: str, now: float, by: str = "") -> None:
        """Write its end. Raises ClusterError; calling again writes the same."""
        self.exposing = ended(self.exposing, outcome, reason, now, by)
        self.save()

    def _update(self, **changes: object) -> None:
        self.exposing = self.exposing.model_copy(update=changes)
