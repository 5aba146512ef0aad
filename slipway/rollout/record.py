"""Writes the journal's head so that a lost answer is no failure and a foreign write is never overwritten."""

from __future__ import annotations

from dataclasses import dataclass

from slipway.release.errors import ClusterError, Conflict, LeaseLost
from slipway.release.manifest.plan import PlannedStep
from slipway.release.manifest.route import Route
from slipway.release.records.journal import (
    Attempt,
    Head,
    Outcome,
    StepRecord,
    begun,
    beside,
    committed,
    is_own_write,
    read_head,
)
from slipway.release.records.watch import WatchEntry
from slipway.release.rollout_inputs import Backend
from slipway.rollout.adapters import Adapters

TRIES = 3


@dataclass(slots=True)
class Stored:
    """The journal's head as this process read or wrote it last, with its version (None: there is none yet)."""

    head: Head
    version: str | None


def save_head(adapters: Adapters, stored: Stored, head: Head) -> None:
    """Make `head` what the journal holds, by compare-and-swap.

    A conflict is settled by what is there: the same head was written by an earlier try whose answer was lost; a head
    of the same unfinished attempt, or the one that was read last, is written over; anything else is another's, and
    this process has no say any more. Raises LeaseLost then, and ClusterError while the journal cannot be reached:
    calling again with the same head is safe.
    """
    for _ in range(TRIES):
        adapters.fence.check()
        try:
            stored.version = adapters.journal.save(head.to_json(), stored.version)
        except Conflict:
            found = load(adapters)
            if found is None or not (found.head == head or _is_ours(found.head, stored.head, head)):
                raise LeaseLost(_foreign(adapters, found, head)) from None
            stored.version = found.version
            if found.head != head:
                head = beside(head, found.head)
                continue
        stored.head = head
        return
    raise ClusterError("the journal's head could not be written: its version keeps changing")


def load(adapters: Adapters, service: str | None = None) -> Stored | None:
    """The journal's head, None when there is none. Raises ClusterError; `service` is the journal's name in its message
    where the document may not say it."""
    found = adapters.journal.load()
    return None if found is None else Stored(read_head(found.content, service), found.version)


def _is_ours(found: Head, known: Head, wanted: Head) -> bool:
    if found == known:
        return True
    unfinished = found.attempt is not None and found.attempt.outcome is Outcome.RUNNING
    return unfinished and wanted.attempt is not None and is_own_write(found, wanted.attempt.id)


def _foreign(adapters: Adapters, found: Stored | None, head: Head) -> str:
    ours = head.attempt.id if head.attempt is not None else adapters.fence.writer
    if found is None:
        return f"the journal was deleted while rollout {ours} was in flight"
    attempt = found.head.attempt
    if attempt is None or attempt.id == ours:
        ended = f" ({attempt.outcome.value} by {attempt.by})" if attempt is not None and attempt.by else ""
        return f"rollout {ours} was ended by another process{ended}"
    return f"rollout {attempt.id} to {attempt.candidate.version} has taken over from rollout {ours}"


class AttemptRecord:
    """One attempt as it goes into the journal: each change is built once and written until it is known to stand."""

    def __init__(self, adapters: Adapters, stored: Stored, attempt: Attempt) -> None:
        self._adapters = adapters
        self.stored = stored
        self.attempt = attempt
        self._end: Head | None = None
        """A head that ends the attempt and whose write was not answered: it may stand."""

    @property
    def head(self) -> Head:
        """As it was written last."""
        return self.stored.head

    def save(self) -> None:
        """Write the attempt as it is now; nothing when the journal holds it."""
        head = begun(self.stored.head, self.attempt)
        if head != self.stored.head:
            save_head(self._adapters, self.stored, head)

    def commit(
        self, route: Route, leaving: Backend | None, watch: WatchEntry | None = None, template: str | None = None
    ) -> None:
        """Write that the candidate serves with this digest of its template, and is watched from now on. Raises
        ClusterError when that is not known to stand; calling again writes the same head."""
        if self._end is None:
            head = committed(self.stored.head, self.attempt, route, self._adapters.now(), watch, template)
            self._end = head.model_copy(update={"leaving": leaving_with(head.leaving, leaving, self.attempt.candidate)})
        save_head(self._adapters, self.stored, self._end)
        self._end = None

    def is_committed(self) -> bool:
        """Whether a commit stands whose write was not answered. Raises ClusterError while the journal is away."""
        if self._end is None:
            return False
        found = load(self._adapters)
        attempt = found.head.attempt if found is not None else None
        if found is None or attempt is None or attempt.id != self.attempt.id:
            return False
        self._end, self.stored.version, self.stored.head = None, found.version, found.head
        return attempt.outcome is Outcome.COMMITTED

    def end(self, head: Head) -> None:
        """Write a head that ends the attempt without a commit."""
        save_head(self._adapters, self.stored, head)

    def begin_step(self, index: int, step: PlannedStep, now: float) -> None:
        """The step's weight is written; a step that is recorded already stays as it is."""
        if len(self.attempt.steps) <= index:
            begun_now = StepRecord(weight=step.weight, began=now, mirror=step.mirror)
            self._update(steps=(*self.attempt.steps, begun_now))

    def end_step(self, **counts: object) -> None:
        """Counts and verdict of the current step; nothing before the first."""
        if self.attempt.steps:
            *before, last = self.attempt.steps
            self._update(steps=(*before, last.model_copy(update=counts)))

    def acknowledge(self, intent: str) -> None:
        """Write that an operator's intent was heard. Raises ClusterError; then it is still unheard."""
        heard = self.attempt.model_copy(update={"acknowledged": intent})
        save_head(self._adapters, self.stored, begun(self.stored.head, heard))
        self.attempt = heard

    def note(self, text: str) -> None:
        """Remember a fact about the rollout that is no verdict; written with the next save."""
        if text not in self.attempt.notes:
            self._update(notes=(*self.attempt.notes, text)[-NOTES_KEPT:])

    def _update(self, **changes: object) -> None:
        self.attempt = self.attempt.model_copy(update=changes)


NOTES_KEPT = 20


def leaving_with(leaving: tuple[Backend, ...], added: Backend | None, stays: Backend | None) -> tuple[Backend, ...]:
    """The backends that left the route with one more, and without the one that has traffic again."""
    every = {one.entry: one for one in (*leaving, *((added,) if added is not None else ()))}
    return tuple(one for name, one in every.items() if stays is None or name != stays.entry)
