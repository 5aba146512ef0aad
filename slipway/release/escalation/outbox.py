"""How far the telling of one escalation has come. Pure: each function makes the next entry out of the one before.

An entry is written before the first try and after each one. It holds its receivers, so that any reader can go on
without the stack's settings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from slipway.release.escalation.model import Escalation, Text
from slipway.release.escalation.receivers import AlertmanagerReceiver, Receiver, SlackReceiver
from slipway.release.findings import plain
from slipway.release.manifest.base import FrozenModel
from slipway.release.stored import parse_stored

FORMAT = 1
"""The newest format that this version reads and writes."""
REPEAT = 60.0
"""Seconds between two posts to an Alertmanager, which keeps alerts in memory only."""
LONGEST_PAUSE = 60.0
"""Seconds between two tries after a failure, at most, unless the receiver asks for more."""
LONGEST_ASKED = 3600.0
"""Seconds that a receiver may ask for."""


class Delivery(FrozenModel):
    """To one receiver. `state` says whether it took the escalation; `told_closed` whether it knows of the end."""

    receiver: Receiver
    state: Literal["open", "delivered", "refused"] = "open"
    tries: int = 0
    failed: int = 0
    """Failures since the last success."""
    due: float = 0.0
    """No try before this time, Unix seconds."""
    delivered: float | None = None
    """When it was taken first."""
    why: Text = ""
    """What the last try failed by."""
    told_closed: bool = False


class Closed(FrozenModel):
    """Who ended an escalation, when (Unix seconds), and why."""

    by: Text
    at: float
    reason: Text = ""


class Entry(FrozenModel):
    """One escalation and its deliveries."""

    format: int = FORMAT
    escalation: Escalation
    deliveries: tuple[Delivery, ...]
    closed: Closed | None = None

    @property
    def id(self) -> str:
        """That of the escalation."""
        return self.escalation.id

    @property
    def undelivered(self) -> tuple[Delivery, ...]:
        """Those to whom it is still to be told."""
        return tuple(one for one in self.deliveries if one.state == "open") if self.closed is None else ()

    @property
    def refused(self) -> tuple[Delivery, ...]:
        """Those who will never take it."""
        return tuple(one for one in self.deliveries if one.state == "refused")

    def to_document(self) -> dict[str, Any]:
        """As a store keeps it."""
        return self.model_dump(mode="json", by_alias=True, exclude_defaults=True) | {"format": self.format}


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one try. `again` after a failure that may pass; `after` is how many seconds the receiver asks to wait."""

    result: Literal["delivered", "again", "refused"]
    why: str = ""
    after: float | None = None


def entry_of(escalation: Escalation, receivers: Sequence[Receiver]) -> Entry:
    """Before the first try."""
    return Entry(escalation=escalation, deliveries=tuple(Delivery(receiver=one) for one in receivers))


def parse(document: Mapping[str, Any]) -> Entry:
    """Raises JournalUnreadable for what a newer Slipway wrote, and for what is no such entry."""
    return parse_stored(Entry, document, FORMAT, "an escalation")


def next_try(entry: Entry, index: int) -> float | None:
    """When this delivery is to be tried next, Unix seconds; None when there is nothing left to tell."""
    one = entry.deliveries[index]
    if entry.closed is not None:
        # A try whose answer was lost may have been taken.
        knows = one.state == "delivered" or (one.state == "open" and one.tries > 0)
        return one.due if knows and not isinstance(one.receiver, SlackReceiver) and not one.told_closed else None
    if one.state == "open" or (one.state == "delivered" and isinstance(one.receiver, AlertmanagerReceiver)):
        return one.due
    return None


def due(entry: Entry, now: float) -> tuple[int, ...]:
    """The deliveries to try now."""
    times = [(index, next_try(entry, index)) for index in range(len(entry.deliveries))]
    return tuple(index for index, at in times if at is not None and at <= now)


def next_due(entry: Entry) -> float | None:
    """When anything is to be tried next; None when nothing is left."""
    times = [at for index in range(len(entry.deliveries)) if (at := next_try(entry, index)) is not None]
    return min(times, default=None)


def after_try(entry: Entry, index: int, outcome: Outcome, now: float, *, closing: bool) -> Entry:
    """With the result of one try, which told of the end with `closing`. What was begun before the entry was closed and
    taken after that is told of the end once more."""
    one = entry.deliveries[index]
    changes: dict[str, object] = {"tries": one.tries + 1, "why": plain(outcome.why, 1000)}
    if outcome.result == "again":
        pause = max(_pause(one.failed), min(outcome.after or 0.0, LONGEST_ASKED))
        changes |= {"failed": one.failed + 1, "due": now + pause}
    elif closing:
        changes |= {"told_closed": True}
    elif outcome.result == "refused":
        changes |= {"state": "refused"}
    else:
        first = one.delivered if one.delivered is not None else now
        repeated = now + REPEAT if entry.closed is None else now
        changes |= {"state": "delivered", "failed": 0, "delivered": first, "due": repeated, "told_closed": False}
    told = one.model_copy(update=changes)
    return entry.model_copy(update={"deliveries": (*entry.deliveries[:index], told, *entry.deliveries[index + 1 :])})


def closed(entry: Entry, by: Closed) -> Entry:
    """Ended: the receivers that took it are told so at once, and no other is told any more. The first end stands."""
    if entry.closed is not None:
        return entry
    deliveries = tuple(one.model_copy(update={"due": 0.0, "failed": 0}) for one in entry.deliveries)
    return entry.model_copy(update={"closed": by, "deliveries": deliveries})


def _pause(failed: int) -> float:
    """1, 2, 4 ... seconds."""
    return min(LONGEST_PAUSE, 2.0 ** min(failed, 10))
