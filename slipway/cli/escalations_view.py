"""What `slipway escalations` says of one, for people and for machines. Pure; nothing secret is in an entry."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from slipway.release.escalation.formats import facts, headline
from slipway.release.escalation.outbox import Delivery, Entry
from slipway.release.escalation.receivers import shown
from slipway.release.units import show_moment

WIDTH = 10


def as_json(entry: Entry) -> dict[str, Any]:
    """Plain JSON values; `state` is open, delivered, refused or closed."""
    return {
        **entry.escalation.model_dump(mode="json", by_alias=True),
        "state": state_of(entry),
        "deliveries": [
            {
                "to": shown(one.receiver),
                "kind": one.receiver.kind,
                "state": one.state,
                "tries": one.tries,
                "delivered": one.delivered,
                "why": one.why or None,
                "toldClosed": one.told_closed,
            }
            for one in entry.deliveries
        ],
        "closed": None if entry.closed is None else entry.closed.model_dump(mode="json", by_alias=True),
    }


def as_text(entry: Entry) -> str:
    """A few aligned lines."""
    first = f"{headline(entry.escalation, None)}  {entry.escalation.severity}, {state_of(entry)}"
    return "\n".join([first, *(f"  {name:{WIDTH}}{text}" for name, text in _rows(entry))])


def state_of(entry: Entry) -> str:
    """`refused` as soon as one receiver will never take it: a person has to look."""
    if entry.closed is not None:
        return "closed"
    if entry.refused:
        return "refused"
    return "open" if entry.undelivered else "delivered"


def _rows(entry: Entry) -> Iterator[tuple[str, str]]:
    yield from ((name.lower(), text) for name, text in facts(entry.escalation, entry.closed))
    for number, one in enumerate(entry.deliveries):
        yield ("to" if number == 0 else ""), _delivery(one)


def _delivery(one: Delivery) -> str:
    when = f" {show_moment(one.delivered)}" if one.delivered is not None else ""
    tries = "1 try" if one.tries == 1 else f"{one.tries} tries"
    word = "REFUSED" if one.state == "refused" else one.state
    return f"{shown(one.receiver)}: {word}{when}, {tries}{f'; {one.why}' if one.why else ''}"
